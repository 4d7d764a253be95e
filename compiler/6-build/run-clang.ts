import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Templates } from '../5-emit/skeleton.ts';
import { CLANG_MEMORY_BYTES_MAX, confineClang } from './confine-clang.ts';

/** Names inside the folder that clang works in; relative, so that no path of this machine gets into the object. */
export const SOURCE_NAME = 'rules.bpf.c';
const OBJECT_NAME = 'rules.bpf.o';

/** `-g` stays: libbpf reads the maps out of the BTF, and the verifier names lines of it. */
export const CLANG_FLAGS: readonly string[] = [
  '-target',
  'bpf',
  '-mcpu=v3',
  '-O2',
  '-g',
  '-std=gnu11',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-nostdinc',
  '-fno-ident',
  '-fno-asynchronous-unwind-tables',
  '-fdebug-compilation-dir',
  '.',
  '-Iinclude',
];

const TIMEOUT_MS = 120_000;
const OUTPUT_BYTES_MAX = 4 << 20;

export type ClangRun =
  | { readonly ok: true; readonly object: Uint8Array }
  /** clang said no: the C is wrong. */
  | { readonly ok: false; readonly reason: 'refused'; readonly output: string }
  /** clang did not get to say anything: it crashed, took too long or too much memory, or the disk is full. */
  | { readonly ok: false; readonly reason: 'failed'; readonly message: string };

/**
 * Compiles in a folder of its own (0700), which is removed whatever happens. clang has fixed arguments, an environment of ours, and
 * limits of time and memory. Never throws. A dozen small files are written in less time than it takes to hand each to another thread.
 */
export async function runClang(
  clang: string,
  c: string,
  templates: Templates,
  start: StartProcess = startProcess,
): Promise<ClangRun> {
  let folder: string | null = null;
  try {
    folder = mkdtempSync(path.join(tmpdir(), 'pktc-build-'));
    mkdirSync(path.join(folder, 'include', 'pktc'), { recursive: true });
    writeFileSync(path.join(folder, SOURCE_NAME), c);
    for (const { path: place, text } of includedBy(c, templates)) writeFileSync(path.join(folder, 'include', place), text);
    const failure = failureOf(await start(confineClang(clang, [...CLANG_FLAGS, '-c', SOURCE_NAME, '-o', OBJECT_NAME], folder)));
    if (failure !== null) return failure;
    return { ok: true, object: new Uint8Array(readFileSync(path.join(folder, OBJECT_NAME))) };
  } catch (error) {
    return { ok: false, reason: 'failed', message: (error as Error).message };
  } finally {
    if (folder !== null) remove(folder);
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // It is in the system's folder for temporary files.
  }
}

/** The headers that the program includes, and those that they do: a third of all. */
export function includedBy(c: string, { headers }: Templates): Templates['headers'] {
  const included = new Set<string>();
  const waiting = [c];
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    for (const [, place = ''] of text.matchAll(/^\s*#\s*include <([^>]+)>/gm)) {
      if (included.has(place)) continue;
      included.add(place);
      const header = headers.find((one) => one.path === place);
      if (header !== undefined) waiting.push(header.text);
    }
  }
  return headers.filter(({ path: place }) => included.has(place));
}

/** What came of a process: its exit code and standard error, or why there are none. */
export interface ProcessEnd {
  /** null: it was killed or never began. */
  readonly code: number | null;
  /** It took longer than it may. */
  readonly late: boolean;
  /** What killed it; absent: nothing did. */
  readonly signal?: string;
  readonly stderr: string;
  readonly message: string;
}

export interface ProcessStart {
  /** An absolute path. */
  readonly program: string;
  readonly argv: readonly string[];
  /** Where it works. */
  readonly folder: string;
  /** All of it: nothing of the caller's is added. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts a program and waits for its end. */
export type StartProcess = (start: ProcessStart) => Promise<ProcessEnd>;

export const startProcess: StartProcess = ({ program, argv, folder, environment }) =>
  new Promise((settle) => {
    const limits = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: OUTPUT_BYTES_MAX } as const;
    const options = { cwd: folder, env: { ...environment }, ...limits };
    execFile(program, argv, options, (error, _stdout, stderr) => {
      if (error === null) settle({ code: 0, late: false, stderr, message: '' });
      else {
        const code = typeof error.code === 'number' ? error.code : null;
        const signal = error.signal ?? undefined;
        settle({ code, late: error.killed === true, ...(signal && { signal }), stderr, message: error.message });
      }
    });
  });

/** What LLVM, the C++ library and the loader write when they get no more. */
const OUT_OF_MEMORY = /out of memory|std::bad_alloc|Cannot allocate memory|failed to map segment|memory exhausted/i;
/** The driver calls its own crash an error, too. */
const NOT_ABOUT_THE_C = /No space left|error: (clang frontend command failed|unable to execute command)/;

/** null: it compiled. */
function failureOf({ code, late, signal, stderr, message }: ProcessEnd): Extract<ClangRun, { ok: false }> | null {
  if (code === 0) return null;
  if (late) return { ok: false, reason: 'failed', message: `it took longer than ${TIMEOUT_MS / 1000} s` };
  if (OUT_OF_MEMORY.test(stderr)) {
    const limit = `${CLANG_MEMORY_BYTES_MAX / 2 ** 30} GiB`;
    return { ok: false, reason: 'failed', message: `it ran out of memory, of which it may have ${limit}` };
  }
  if (code !== null && /\berror: /.test(stderr) && !NOT_ABOUT_THE_C.test(stderr)) {
    return { ok: false, reason: 'refused', output: stderr };
  }
  const killed = signal === undefined ? message : `it was killed (${signal})`;
  return { ok: false, reason: 'failed', message: stderr.trim().split('\n')[0] || killed };
}
