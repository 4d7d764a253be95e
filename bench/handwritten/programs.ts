/** The hand-written programs: compiled, and what their counters say. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { possibleCpus } from '../../runtime/possible-cpus.ts';

export const HANDWRITTEN: readonly string[] = ['host', 'server', 'mixed'];

/** Where Debian and Ubuntu keep <asm/types.h>; elsewhere it is where clang looks anyway. */
const MULTIARCH = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

export function rulesOf(name: string): string {
  return readFileSync(path.join(import.meta.dirname, `${name}.rules`), 'utf8');
}

/** The object of `NAME.bpf.c` beside this file. @throws Error with what clang says */
export function compileHere(name: string, clang: string): Uint8Array {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-handwritten-'));
  try {
    const object = path.join(folder, `${name}.bpf.o`);
    const source = path.join(import.meta.dirname, `${name}.bpf.c`);
    const flags = ['-target', 'bpf', '-mcpu=v3', '-O2', '-g', '-Wall', '-Werror', '-isystem', MULTIARCH];
    execFileSync(clang, [...flags, '-c', source, '-o', object], { stdio: 'pipe' });
    return new Uint8Array(readFileSync(object));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** struct counter */
const COUNTER_BYTES = 16;

/** Sums over the CPUs: of each rule, and last of what no rule decides. */
export function countsOf(map_fd: number, rules: number): readonly Count[] {
  const bpf = openLibbpf();
  const cpus = possibleCpus();
  return Array.from({ length: rules + 1 }, (_, rule) => {
    const values = new Uint8Array(cpus * COUNTER_BYTES);
    const result = bpf.map_lookup_elem(map_fd, new Uint8Array(new Uint32Array([rule]).buffer), values);
    if (result < 0) throw new Error(`no counter ${rule} (error ${-result})`);
    const words = new BigUint64Array(values.buffer);
    let [packets, bytes] = [0, 0];
    for (let cpu = 0; cpu < cpus; cpu++) {
      packets += Number(words[2 * cpu]);
      bytes += Number(words[2 * cpu + 1]);
    }
    return { packets, bytes };
  });
}
