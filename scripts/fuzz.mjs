/**
 * `npm run fuzz -- --for 30m [--seed 7]`: random rule files and random packets, interpreter against kernel, at every hook, until the
 * time is over or they differ. What differs is made small and printed; the seed repeats it.
 */
import './setup/node-version.mjs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installSystemPackages } from './setup/system-packages.mjs';
import { prepareCheckout, ROOT } from './setup.mjs';

const USAGE = 'usage: npm run fuzz -- [--for 30m] [--seed N]     (s, m or h)';
const SECONDS = { s: 1, m: 60, h: 3600 };

/** @returns what was asked, or null */
function read(parameters) {
  const asked = { seconds: 600, seed: Math.floor(Math.random() * 2 ** 31) };
  for (let at = 0; at < parameters.length; at += 2) {
    const value = parameters[at + 1] ?? '';
    const time = /^(\d+)([smh])$/.exec(value);
    if (parameters[at] === '--for' && time) asked.seconds = Number(time[1]) * SECONDS[time[2]];
    else if (parameters[at] === '--seed' && /^\d+$/.test(value)) asked.seed = Number(value);
    else return null;
  }
  return asked;
}

const asked = read(process.argv.slice(2));
if (asked === null) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  installSystemPackages({ tests: true });
  prepareCheckout();
  const argv = [path.join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'fuzz'];
  const env = {
    ...process.env,
    PKTC_FUZZ_SECONDS: String(asked.seconds),
    PKTC_SEED: String(asked.seed),
    PKTC_REQUIRE_KERNEL: '1',
  };
  const { status } = spawnSync(process.execPath, argv, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  process.exitCode = status ?? 1;
}
