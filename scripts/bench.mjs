/** `npm run bench -- [--quick] [--only PART] [--json] [--write]`: what packets, compiling and changes cost; see bench/main.ts. */
import './setup/node-version.mjs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { report } from './setup/progress.mjs';
import { installSystemPackages } from './setup/system-packages.mjs';
import { prepareCheckout, ROOT } from './setup.mjs';

function main(parameters) {
  try {
    installSystemPackages({ tests: false });
    prepareCheckout();
  } catch (error) {
    return report(error);
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write('error: programs are measured in the kernel, which takes root\n  = help: sudo npm run bench\n');
    return 4;
  }
  const argv = [
    '--import',
    path.join(ROOT, 'test/kernel/typescript-loader.mjs'),
    path.join(ROOT, 'bench/main.ts'),
    ...parameters,
  ];
  const { status } = spawnSync(process.execPath, argv, { cwd: ROOT, stdio: 'inherit' });
  return status ?? 1;
}

process.exitCode = main(process.argv.slice(2));
