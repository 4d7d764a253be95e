/**
 * Runs inside the guest: loads each program of `programs/`, runs it on its frames, attaches it, and says what differed; loads those of
 * `trees/`; puts those of `devices/` on a VLAN interface and on a bridge, and says what they saw there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { attach, attachCgroup } from '../../runtime/attach.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { artifactAt, ip, PLAIN, send, TAGGED } from './guest-network.mjs';

const answer = { release: release(), programs: [], refused: [], devices: null };
addPair('pktc0', 'pktc1');

for (const file of readdirSync('programs')
  .filter((name) => name.endsWith('.manifest.json'))
  .sort()) {
  const name = file.replace('.manifest.json', '');
  const about = { name, frames: 0, differences: [], attached: null, error: null };
  answer.programs.push(about);
  try {
    const loaded = loadArtifact(artifactAt(`programs/${name}`));
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
for (const file of readdirSync('trees').filter((name) => name.endsWith('.manifest.json'))) {
  const name = file.replace('.manifest.json', '');
  try {
    loadArtifact(artifactAt(`trees/${name}`), { offline: true }).close();
  } catch (error) {
    answer.refused.push(`${name}: ${error.message}`.slice(0, 500));
  }
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

function addPair(near, far) {
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far);
  for (const name of [near, far]) ip('link', 'set', name, 'up');
}

/**
 * What a program sees on each of the interfaces: the mode it is attached in, then how many packets each rule counted.
 * Attached in the order of the names.
 */
function seenOn(name, ifnames, sent) {
  const all = ifnames.map((ifname) => {
    const loaded = loadArtifact(artifactAt(`devices/${name}`));
    return { ifname, loaded, attachment: attach(loaded, ifname, 'auto') };
  });
  for (const [ifname, frame] of sent) send(ifname, frame);
  // Time for what the interfaces have queued.
  ip('link', 'show');
  const seen = all.map(({ ifname, loaded, attachment }) => {
    const packets = loaded.counters().map((counter) => Number(counter.packets));
    return [ifname, [attachment.mode, ...packets.slice(0, -1)]];
  });
  for (const { loaded, attachment } of all.toReversed()) {
    attachment.close();
    loaded.close();
  }
  return Object.fromEntries(seen);
}

/** Frames that arrive, and at tc one that leaves, as a VLAN interface or a bridge and the interface below it see them. */
function seenOnDevices() {
  ip('link', 'add', 'link', 'pktc0', 'name', 'pktc0.100', 'type', 'vlan', 'id', '100');
  ip('link', 'set', 'pktc0.100', 'up');
  addPair('pktc2', 'pktc3');
  ip('link', 'add', 'pktcbr', 'type', 'bridge', 'forward_delay', '0');
  ip('link', 'set', 'pktc2', 'master', 'pktcbr');
  ip('link', 'set', 'pktcbr', 'up');
  for (let tries = 0; tries < 50 && !ip('-d', 'link', 'show', 'pktc2').includes('state forwarding'); tries++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  const arriving = (ifname) => [
    [ifname, TAGGED],
    [ifname, PLAIN],
  ];
  return {
    tcVlan: seenOn(
      'seen-tc',
      ['pktc0', 'pktc0.100'],
      [
        ['pktc1', TAGGED],
        ['pktc0.100', PLAIN],
      ],
    ),
    tcBridge: seenOn('seen-tc', ['pktc2', 'pktcbr'], arriving('pktc3')),
    xdpVlan: seenOn('seen-xdp', ['pktc0', 'pktc0.100'], arriving('pktc1')),
    xdpBridge: seenOn('seen-xdp', ['pktc2', 'pktcbr'], arriving('pktc3')),
  };
}

try {
  answer.devices = seenOnDevices();
} catch (error) {
  answer.devices = String(error.stack);
}
process.stdout.write(`\npktc-answer ${JSON.stringify(answer)}\n`);
