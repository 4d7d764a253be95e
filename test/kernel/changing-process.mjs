/**
 * Attaches, reloads, confirms and stops a detached program without an end, to be killed in the middle of it:
 * `changing-process.mjs attach|reload ROOT IFNAME FOLDER SEED`. It is run as one file.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { attach } from '../../runtime/attach.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { openPinRoot, pinnedNames, pinProgram, stopPinned } from '../../runtime/pinned/pinned-program.ts';
import { confirmPinned, reloadPinned, undoPinned } from '../../runtime/pinned/reload.ts';

const [what, file_system, ifname, folder, seed] = process.argv.slice(2);
const NAME = 'edge';
const LONG_MS = 600_000;
const artifacts = [0, 1, 2].map((set) => ({
  object: new Uint8Array(readFileSync(`${folder}/${set}.o`)),
  data: new Uint8Array(readFileSync(`${folder}/${set}.data`)),
  manifest: JSON.parse(readFileSync(`${folder}/${set}.json`, 'utf8')),
}));
let step = Number(seed);
const notes = { origin: null, sources: null };

const loaded = what === 'attach' ? loadArtifact(artifacts[step % 3]) : null;

async function attaching(root) {
  if (pinnedNames(root).includes(NAME)) await stopPinned(root, NAME);
  const attachment = attach(loaded, ifname, 'auto');
  pinProgram(root, NAME, artifacts[Number(seed) % 3], loaded, { ...notes, confirm_ms: step % 2 === 0 ? LONG_MS : null });
  attachment.close();
  if (step % 4 === 0) await confirmPinned(root, NAME);
  else if (step % 4 === 2) await undoPinned(root, NAME);
}

async function reloading(root) {
  const confirm_ms = step % 4 < 3 ? LONG_MS : null;
  await reloadPinned(root, NAME, artifacts[Math.floor(step / 4) % 3], { ...notes, confirm_ms });
  if (confirm_ms !== null) await (step % 4 === 0 ? undoPinned : confirmPinned)(root, NAME);
}

process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdout.write('begun\n');
const root = openPinRoot({ PKTC_BPFFS: file_system });
for (; ; step++) await (what === 'attach' ? attaching : reloading)(root);
