/** Runs inside the guest: loads each program of `programs/`, runs it on its frames, attaches it, and says what differed. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { attach, attachCgroup } from '/pktc/dist/runtime/attach.js';
import { openLibc } from '/pktc/dist/runtime/ffi/libc.js';
import { loadArtifact } from '/pktc/dist/runtime/load.js';

const answer = { release: release(), programs: [], vlan: null };
execFileSync('ip', ['link', 'add', 'pktc0', 'type', 'veth', 'peer', 'name', 'pktc1']);
execFileSync('ip', ['link', 'set', 'pktc0', 'up']);
execFileSync('ip', ['link', 'set', 'pktc1', 'up']);

for (const file of readdirSync('programs')
  .filter((name) => name.endsWith('.manifest.json'))
  .sort()) {
  const name = file.replace('.manifest.json', '');
  const about = { name, frames: 0, differences: [], attached: null, error: null };
  answer.programs.push(about);
  try {
    const manifest = JSON.parse(readFileSync(`programs/${file}`, 'utf8'));
    const loaded = loadArtifact({
      object: readFileSync(`programs/${name}.bpf.o`),
      manifest,
      data: manifest.data === null ? null : readFileSync(`programs/${name}.data`),
    });
    const expected = JSON.parse(readFileSync(`programs/${name}.frames.json`, 'utf8'));
    let before = loaded.counters();
    for (const { frame, outcomes, rules } of expected) {
      const outcome = outcomeOf(loaded, Buffer.from(frame, 'hex'));
      if (outcome === null) continue;
      about.frames++;
      const after = loaded.counters();
      const moved = after.flatMap((counter, index) => (counter.packets > before[index].packets ? [index] : []));
      before = after;
      if (!outcomes.includes(outcome) || moved.join() !== rules.join()) {
        about.differences.push({ frame, outcome, moved, outcomes, rules });
      }
    }
    const attachment = name.endsWith('-cgroup') ? attachCgroup(loaded, '/sys/fs/cgroup') : attach(loaded, 'pktc0', 'auto');
    about.attached = attachment.mode;
    attachment.close();
    loaded.close();
  } catch (error) {
    about.error = `${error.message} ${error.help ?? ''}`.slice(0, 2000);
  }
  about.differences.length = Math.min(about.differences.length, 3);
}
/** null: the kernel does not take this frame, as at tc one whose IP header is cut. */
function outcomeOf(loaded, frame) {
  try {
    return loaded.testRun(frame).outcome;
  } catch (error) {
    if (error.code === 'PKT6009') return null;
    throw error;
  }
}

/** A tagged frame that arrives, and one that leaves by the VLAN interface, as it and the interface below it see them. */
function vlanCounts() {
  execFileSync('ip', ['link', 'add', 'link', 'pktc0', 'name', 'pktc0.100', 'type', 'vlan', 'id', '100']);
  execFileSync('ip', ['link', 'set', 'pktc0.100', 'up']);
  const artifact = {
    object: readFileSync('programs/vlan-tc.bpf.o'),
    manifest: JSON.parse(readFileSync('programs/vlan-tc.manifest.json', 'utf8')),
  };
  const loaded = ['pktc0', 'pktc0.100'].map((ifname) => {
    const one = loadArtifact(artifact);
    attach(one, ifname, 'auto');
    return one;
  });
  // IPv4 and UDP, 18 bytes of padding behind; to everybody.
  const addresses = [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9];
  const ip = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  const rest = [0x08, 0x00, ...ip, 0, 9, 0, 53, 0, 8, 0, 0, ...new Array(18).fill(0)];
  send('pktc1', [...addresses, 0x81, 0, 0, 100, ...rest]);
  send('pktc0.100', [...addresses, ...rest]);
  execFileSync('ip', ['link', 'show', 'pktc0']);
  return loaded.map((one) => one.counters().map(({ packets }) => Number(packets)));
}

function send(ifname, bytes) {
  const libc = openLibc();
  const fd = libc.socket(17, 3, 0);
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, 17, true);
  address.setInt32(4, libc.if_nametoindex(ifname), true);
  libc.bind(fd, new Uint8Array(address.buffer), 20);
  libc.send(fd, Uint8Array.from(bytes), bytes.length, 0);
  libc.close(fd);
}

try {
  answer.vlan = vlanCounts();
} catch (error) {
  answer.vlan = String(error);
}
process.stdout.write(`\npktc-answer ${JSON.stringify(answer)}\n`);
