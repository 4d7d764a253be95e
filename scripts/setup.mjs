/**
 * Makes a checkout ready: system packages, npm packages, build. Does nothing, in some milliseconds, when all is there.
 *   node scripts/setup.mjs [--tests] [--kernels] [--build-only] [--clean]
 */
import './setup/node-version.mjs';
import { existsSync, lchownSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, buildIsStale } from './setup/build.mjs';
import { withLock } from './setup/lock.mjs';
import { installNodePackages, nodePackagesMatch } from './setup/node-packages.mjs';
import { report } from './setup/progress.mjs';
import { installSystemPackages } from './setup/system-packages.mjs';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** What root made in somebody else's checkout belongs to them, or their next build could not write it. */
function giveBack(folder) {
  const owner = statSync(ROOT);
  if (process.getuid?.() !== 0 || owner.uid === 0 || !existsSync(folder)) return;
  const give = (entry) => {
    lchownSync(entry.path, owner.uid, owner.gid);
    if (!entry.isDirectory) return;
    for (const child of readdirSync(entry.path, { withFileTypes: true })) {
      give({ path: path.join(entry.path, child.name), isDirectory: child.isDirectory() });
    }
  };
  give({ path: folder, isDirectory: true });
}

/** npm packages and build. @param {{ clean?: boolean }} options @throws SetupError */
export function prepareCheckout({ clean = false } = {}) {
  if (!clean && nodePackagesMatch(ROOT) && !buildIsStale(ROOT)) return;
  withLock(ROOT, () => {
    if (installNodePackages(ROOT)) giveBack(path.join(ROOT, 'node_modules'));
    if (build(ROOT, { clean })) giveBack(path.join(ROOT, 'dist'));
  });
}

function main(options) {
  const unknown = options.filter((option) => !['--tests', '--kernels', '--build-only', '--clean'].includes(option));
  if (unknown.length > 0) {
    process.stderr.write(
      `error: unknown option \`${unknown[0]}\`\n  = help: node scripts/setup.mjs [--tests] [--kernels] [--build-only] [--clean]\n`,
    );
    return 2;
  }
  try {
    if (!options.includes('--build-only')) {
      installSystemPackages({ tests: options.includes('--tests'), kernels: options.includes('--kernels') });
    }
    prepareCheckout({ clean: options.includes('--clean') });
    return 0;
  } catch (error) {
    return report(error);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2));
