/**
 * The last step of a build: runs `pktc compile` on rules as most files have them, and keeps what V8 made of the functions that were called
 * (cli/load-program.cjs).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const RULES = Array.from({ length: 400 }, (_, number) => {
  const [low, high] = [number % 250, Math.floor(number / 250)];
  const addresses = number % 3 === 0 ? `src 2001:db8:${number}::/48` : `src 10.${low}.0.0/16 dst 192.0.${high}.${low}`;
  return `match ${addresses} proto ${number % 2 === 0 ? 'tcp' : 'udp'} dport ${1000 + number} -> ${number % 50 === 0 ? 'log' : 'drop'}`;
});

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'pktc-build-'));
const file = path.join(folder, 'some.rules');
writeFileSync(file, ['match frag later -> drop', ...RULES, ''].join('\n'));
const { program, keepCode } = createRequire(import.meta.url)('../../cli/load-program.cjs').loadProgram(
  path.join(root, 'dist', 'pktc.cjs'),
);
process.once('exit', (code) => {
  rmSync(folder, { recursive: true });
  if (code === 0) keepCode();
});
await program.main(['compile', file, '--emit', 'c']);
