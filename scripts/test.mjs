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

/** One vitest project. @returns counts of tests, and what failed */
function vitest(project, folder) {
  const file = path.join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const ok = step(`tests: ${project}`, [...bin('vitest', 'vitest.mjs'), 'run', '--project', project, ...reporters]);
  try {
    const { numPassedTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
    const skipped = testResults.flatMap((one) => tests(one, ['pending', 'skipped', 'todo']));
    const failures = testResults.flatMap(failuresOf);
    for (const { name } of skipped) process.stdout.write(`    skipped: ${name}\n`);
    return {
      passed: numPassedTests,
      skipped: skipped.length,
      failures: ok || failures.length > 0 ? failures : [`tests: ${project}`],
    };
  } catch {
    return { passed: 0, skipped: 0, failures: [`tests: ${project}`] };
  }
}

/** Those of one file. One that cannot even be loaded has none to count: it is a failure itself. */
function failuresOf(file) {
  const failed = tests(file, ['failed']).map(({ name, messages }) => `${name}\n${messages.join('\n')}`);
  return failed.length > 0 || file.status !== 'failed' ? failed : [`${path.relative(ROOT, file.name)}\n${file.message}`];
}

function tests(file, statuses) {
  return file.assertionResults
    .filter((test) => statuses.includes(test.status))
    .map((test) => ({ name: `${path.relative(ROOT, file.name)}: ${test.fullName}`, messages: test.failureMessages }));
}

/** Compiler and linter count as one test each. */
function lone(title, command) {
  const ok = step(title, command);
  return { passed: ok ? 1 : 0, skipped: 0, failures: ok ? [] : [title] };
}

function runAll(folder) {
  const all = [
    lone('types', [...bin('typescript', 'bin/tsc'), '-p', 'tsconfig.json']),
    lone('lint', [...bin('@biomejs/biome', 'bin/biome'), 'check']),
    vitest('unit', folder),
    vitest('kernel', folder),
    vitest('differential', folder),
    vitest('mutations', folder),
    vitest('kernels', folder),
  ];
  const sum = (member) => all.reduce((total, counts) => total + counts[member], 0);
  return { passed: sum('passed'), skipped: sum('skipped'), failures: all.flatMap((counts) => counts.failures) };
}

const started = performance.now();
const folder = mkdtempSync(path.join(tmpdir(), 'pktc-test-'));
try {
  installSystemPackages({ tests: true, kernels: true });
  prepareCheckout();
  const { passed, skipped, failures } = runAll(folder);
  const refused = REQUIRES_KERNEL && skipped > 0;
  // Once more where one looks first, and where a log that is cut still has them.
  for (const failure of failures) process.stdout.write(`\nfailed: ${failure}\n`);
  process.stdout.write(`\n${passed} passed, ${failures.length} failed, ${skipped} skipped in ${seconds(started)}\n`);
  if (refused) process.stdout.write('PKTC_REQUIRE_KERNEL=1: a skipped test is a failure\n');
  process.exitCode = failures.length > 0 || refused ? 1 : 0;
} catch (error) {
  process.exitCode = report(error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
