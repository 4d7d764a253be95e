/** The command as people start it, but for the shell in front of it (start.test.ts): `cli/launcher.cjs`, which builds what it runs when the sources are newer. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

export const ROOT = path.resolve(import.meta.dirname, '../..');
export const LAUNCHER = path.join(ROOT, 'cli', 'launcher.cjs');

export interface Result {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options extends Pick<SpawnOptions, 'cwd'> {
  /** Started by root as somebody who has no privilege. */
  readonly unprivileged?: boolean;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** The owner of the checkout without any capability: others may be unable to look into it, and a test would prove only that. */
const { uid, gid } = statSync(ROOT);
const WITHOUT_PRIVILEGE = [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--inh-caps=-all',
  '--bounding-set=-all',
];

/** An environment in which nothing asks for colour, and nothing forbids it. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...environment } = process.env;
  return environment;
}

/** Runs one command line to its end. No shell is involved. */
export function pktc(
  parameters: readonly string[],
  { input, env, unprivileged = false, ...options }: Options = {},
): Promise<Result> {
  const starter = unprivileged && process.getuid?.() === 0 ? WITHOUT_PRIVILEGE : [];
  const [file = '', ...before] = [...starter, process.execPath];
  const child = spawn(file, [...before, LAUNCHER, ...parameters], {
    ...options,
    env: { ...plainEnvironment(), ...env },
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A folder that anybody may read, removed when the tests of the file are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-cli-'));
  chmodSync(folder, 0o755);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Anything in a text that a terminal would obey. */
export const RAW_CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
