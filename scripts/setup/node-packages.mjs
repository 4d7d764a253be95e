/** npm packages, only when node_modules is not what package-lock.json says. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SetupError, say } from './progress.mjs';

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return null;
  }
}

/**
 * Optional packages are for other machines, or for the fallbacks of other machines, except this one: the binary without which
 * nothing works. It is missing when somebody copied node_modules from a machine of another kind.
 */
function isNeeded(name, entry) {
  return (!entry.optional && !entry.devOptional) || name === `node_modules/@koromix/koffi-${process.platform}-${process.arch}`;
}

/** npm keeps what it installed in node_modules/.package-lock.json; reading both takes a few milliseconds. @param {string} root */
export function nodePackagesMatch(root) {
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  const installed = readPackages(path.join(root, 'node_modules', '.package-lock.json'));
  if (wanted === null || installed === null) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === '' || !isNeeded(name, entry)) return true;
    return installed[name]?.version === entry.version && existsSync(path.join(root, name, 'package.json'));
  });
}

/** @param {string} root @throws SetupError */
export function installNodePackages(root) {
  if (nodePackagesMatch(root)) return false;
  say('installing npm packages (npm ci)');
  if (npm(root, ['ci'])) return true;
  // npm 11 refuses a lock file without entries for the optional binaries of machines that this is not; `install` takes the very
  // versions that are locked, and writes no lock file.
  say('npm ci did not work: trying npm install --no-save, which keeps to package-lock.json too');
  if (npm(root, ['install', '--no-save'])) return true;
  throw new SetupError(
    'the npm packages could not be installed',
    'read the messages of npm above: no network, or a proxy that it does not know (`npm config set proxy`)?',
  );
}

/** @returns whether it worked */
function npm(root, command) {
  // koffi's install script only looks for the binary that is in the package already, and would compile where it is not.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  // Under npm, its own path is known and need not be on the PATH.
  const self = process.env.npm_execpath;
  const [program, ...rest] = self && /\.c?js$/.test(self) ? [process.execPath, self, ...command] : ['npm', ...command];
  const { status, error } = spawnSync(program, [...rest, ...options], { cwd: root, stdio: ['inherit', 2, 2] });
  if (error) throw new SetupError(`npm could not be started: ${error.message}`, 'install npm, which usually comes with Node');
  return status === 0;
}
