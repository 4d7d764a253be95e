/** Plants a bug in a copy of the project and asks the tests whether they see it. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Change {
  /** The bug, as somebody would put it who found it. */
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** What a rule file says that can show the bug; those that do not are not tried. */
  readonly shownBy?: RegExp;
}

export interface Mutant extends Change {
  readonly killedBy: Suite;
}

/** Which tests are asked: one project of vitest and some of its files. */
export interface Suite {
  readonly project: 'unit' | 'kernel' | 'mutations';
  readonly files: readonly string[];
}

export interface Copy extends AsyncDisposable {
  readonly folder: string;
}

const ROOT = path.join(import.meta.dirname, '../..');
const COPIED = ['cli', 'compiler', 'docs', 'examples', 'grammar', 'runtime', 'scripts', 'templates', 'test'];
const FILES = ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md'];

/** A copy of the sources with the packages of this checkout. */
export async function copyProject(): Promise<Copy> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pktc-mutant-'));
  for (const name of COPIED) await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  for (const name of FILES) await cp(path.join(ROOT, name), path.join(folder, name));
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** What vitest printed. */
  readonly output: string;
}

/** Runs the tests of a suite in a copy. */
export async function runSuite(copy: Copy, suite: Suite): Promise<Outcome> {
  const report = path.join(copy.folder, 'report.json');
  await rm(report, { force: true });
  const argv = [
    path.join(copy.folder, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--project', suite.project, '--bail', '1', '--reporter=json', `--outputFile=${report}`],
    ...suite.files,
  ];
  const environment = { ...process.env };
  // The variables of the vitest that runs this would make the inner one a worker of it.
  for (const name of Object.keys(environment)) if (name.startsWith('VITEST')) delete environment[name as never];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, argv, { cwd: copy.folder, env: environment, maxBuffer: 64 << 20 }, (_, stdout, stderr) =>
      resolve(`${stdout}\n${stderr}`),
    );
  });
  const text = await readFile(report, 'utf8').catch(() => '{}');
  const { numPassedTests = 0, numFailedTests = 0 } = JSON.parse(text) as Record<string, number>;
  return { passed: numPassedTests, failed: numFailedTests, output };
}

/** @throws when the text to change is not there exactly once: the bug would not be planted. */
export function changed(text: string, { what, file, from, to }: Change): string {
  const places = text.split(from).length - 1;
  if (places !== 1) throw new Error(`${file} has \`${from}\` ${places} times: "${what}" cannot be planted`);
  return text.replace(from, () => to);
}

export async function withMutant<T>(copy: Copy, mutant: Mutant, work: () => Promise<T>): Promise<T> {
  const file = path.join(copy.folder, mutant.file);
  const text = await readFile(file, 'utf8');
  await writeFile(file, changed(text, mutant));
  try {
    return await work();
  } finally {
    await writeFile(file, text);
  }
}
