/** Runs inside the guest: loads each program of `programs/`, runs it on its frames, attaches it, and says what differed. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { attach } from '/pktc/dist/runtime/attach.js';
import { loadArtifact } from '/pktc/dist/runtime/load.js';

const answer = { release: release(), programs: [] };
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
    const artifact = {
      object: readFileSync(`programs/${name}.bpf.o`),
      manifest: JSON.parse(readFileSync(`programs/${file}`, 'utf8')),
    };
    const loaded = loadArtifact(artifact);
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
    const attachment = attach(loaded, 'pktc0', 'auto');
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

process.stdout.write(`\npktc-answer ${JSON.stringify(answer)}\n`);
