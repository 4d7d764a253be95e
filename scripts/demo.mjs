/** `npm run demo`: sets up what is missing, then `pktc demo`. */
import './setup/node-version.mjs';
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { report, say } from './setup/progress.mjs';
import { installSystemPackages } from './setup/system-packages.mjs';
import { prepareCheckout, ROOT } from './setup.mjs';

const LAUNCHER = path.join(ROOT, 'cli', 'launcher.cjs');

/** Without the system packages the demo still works, in the interpreter, and says what is missing. */
function installWhatCanBe() {
  try {
    installSystemPackages({ tests: false });
  } catch (error) {
    report(error);
  }
}

/** Namespaces and programs in the kernel take root. @returns the command to put in front, or nothing */
function privilege() {
  if (process.getuid?.() === 0) return [];
  const works = (...options) => spawnSync('sudo', options, { stdio: 'inherit' }).status === 0;
  const mayAsk = process.stdin.isTTY && process.stderr.isTTY;
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return ['sudo', '-n'];
  if (!mayAsk || spawnSync('sudo', ['--version'], { stdio: 'ignore' }).status !== 0) return [];
  say(`the kernel lets only root do this, so sudo will run: ${process.execPath} ${LAUNCHER} demo`);
  return works('-v') ? ['sudo'] : [];
}

try {
  installWhatCanBe();
  prepareCheckout();
  const [program, ...before] = [...privilege(), process.execPath];
  const child = spawn(program, [...before, LAUNCHER, 'demo', ...process.argv.slice(2)], { stdio: 'inherit' });
  // The demo ends in its own time, when it has cleaned up.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('close', (code) => {
    process.exitCode = code ?? 1;
  });
} catch (error) {
  process.exitCode = report(error);
}
