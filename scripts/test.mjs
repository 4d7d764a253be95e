/** `npm test`: sets up what is missing, then everything there is to test. PKTC_REQUIRE_KERNEL=1 makes a skipped test a failure. */
import './setup/node-version.mjs';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { report } from './setup/progress.mjs';
import { installSystemPackages } from './setup/system-packages.mjs';
import { prepareCheckout, ROOT } from './setup.mjs';

const REQUIRES_KERNEL = process.env.PKTC_REQUIRE_KERNEL === '1';
const bin = (name, file) => [process.execPath, path.join(ROOT, 'node_modules', name, file)];

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** Runs one step with its output where it belongs. @returns whether it succeeded */
function step(title, [program, ...rest]) {
  process.stdout.write(`\n=== ${title}\n`);
  const started = performance.now();
  const { status, error } = spawnSync(program, rest, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  const ok = !error && status === 0;
  process.stdout.write(`=== ${title}: ${ok ? 'ok' : 'FAILED'} (${seconds(started)})${error ? ` ${error.message}` : ''}\n`);
  return ok;
}

/** One vitest project. @returns counts of tests */
function vitest(project, folder) {
  const file = path.join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const ok = step(`tests: ${project}`, [...bin('vitest', 'vitest.mjs'), 'run', '--project', project, ...reporters]);
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(file, 'utf8'),
    );
    const skipped = numPendingTests + numTodoTests;
    for (const name of skippedTests(testResults)) process.stdout.write(`    skipped: ${name}\n`);
    // A file that cannot even be loaded has no tests to count.
    return { passed: numPassedTests, failed: Math.max(numFailedTests, ok ? 0 : 1), skipped };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function skippedTests(results) {
  return results.flatMap((one) =>
    one.assertionResults
      .filter((test) => ['pending', 'skipped', 'todo'].includes(test.status))
      .map((test) => `${path.relative(ROOT, one.name)}: ${test.fullName}`),
  );
}

/** Compiler and linter count as one test each. */
function asCounts(ok) {
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

function runAll(folder) {
  const all = [
    asCounts(step('types', [...bin('typescript', 'bin/tsc'), '-p', 'tsconfig.json'])),
    asCounts(step('lint', [...bin('@biomejs/biome', 'bin/biome'), 'check'])),
    vitest('unit', folder),
    vitest('kernel', folder),
    vitest('differential', folder),
    vitest('mutations', folder),
    vitest('kernels', folder),
  ];
  const sum = (member) => all.reduce((total, counts) => total + counts[member], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

const started = performance.now();
const folder = mkdtempSync(path.join(tmpdir(), 'pktc-test-'));
try {
  installSystemPackages({ tests: true, kernels: true });
  prepareCheckout();
  const { passed, failed, skipped } = runAll(folder);
  const refused = REQUIRES_KERNEL && skipped > 0;
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds(started)}\n`);
  if (refused) process.stdout.write('PKTC_REQUIRE_KERNEL=1: a skipped test is a failure\n');
  process.exitCode = failed > 0 || refused ? 1 : 0;
} catch (error) {
  process.exitCode = report(error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
