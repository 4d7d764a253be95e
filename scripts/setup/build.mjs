/** TypeScript -> dist/ (rolldown.config.mjs), and what V8 makes of it, only when a source is newer than the last build; for a package, with types of the library. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LOCK_NAME } from './lock.mjs';
import { SetupError, say } from './progress.mjs';

const SOURCES = ['grammar', 'compiler', 'runtime', 'cli', 'library', 'rolldown.config.mjs', 'package-lock.json'];
/** What the command runs. */
const PROGRAM = path.join('dist', 'pktc.cjs');
/** Its time is that of the moment the last good build began. */
const STAMP = path.join('dist', '.built');

/** Folders count too: their time changes when a file is removed. Milliseconds since 1970. */
function newest(entry) {
  const stats = statSync(entry, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const times = readdirSync(entry, { withFileTypes: true })
    .filter((child) => child.isDirectory() || child.name.endsWith('.ts'))
    .map((child) => newest(path.join(entry, child.name)));
  return Math.max(stats.mtimeMs, ...times);
}

/** @param {string} root @returns whether dist/ is missing or older than its sources */
export function buildIsStale(root) {
  const stamp = statSync(path.join(root, STAMP), { throwIfNoEntry: false });
  if (!stamp || !existsSync(path.join(root, PROGRAM))) return true;
  return SOURCES.some((source) => newest(path.join(root, source)) > stamp.mtimeMs);
}

/** @param {string} root @param {{ clean: boolean }} options @throws SetupError */
export function build(root, { clean }) {
  if (!clean && !buildIsStale(root)) return false;
  say('building (rolldown)');
  const dist = path.join(root, 'dist');
  mkdirSync(dist, { recursive: true });
  // Output of sources that are gone must not get into a package.
  if (clean) for (const name of readdirSync(dist)) if (name !== LOCK_NAME) rmSync(path.join(dist, name), { recursive: true });
  const began = new Date();
  const modules = path.join(root, 'node_modules');
  run(root, 'rolldown', [path.join(modules, 'rolldown', 'bin', 'cli.mjs'), '-c', 'rolldown.config.mjs']);
  run(root, 'pktc', [path.join('scripts', 'setup', 'keep-code.mjs')]);
  if (clean) run(root, 'tsc', [path.join(modules, 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.types.json']);
  const stamp = path.join(root, STAMP);
  writeFileSync(stamp, '');
  utimesSync(stamp, began, began);
  return true;
}

/** What it says about sizes is not worth a line; errors are. @throws SetupError */
function run(root, name, parameters) {
  const { status, error } = spawnSync(process.execPath, parameters, {
    cwd: root,
    stdio: ['ignore', name === 'tsc' ? 2 : 'ignore', 2],
  });
  if (error || status !== 0) throw new SetupError('the build failed', `put right what ${name} says, and run the command again`);
}
