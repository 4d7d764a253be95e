/** What the filter answers, by an interpreter of its instructions; that the kernel agrees is in `test/kernel/least-privilege.test.ts`. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { REFUSED, systemCallFilter } from '../../runtime/system-call-filter.ts';

const ALLOWED = 0x7fff_0000;
const EPERM = 0x0005_0001;

interface Call {
  readonly audit: number;
  readonly number: number;
  readonly argument?: number;
}

/** Classic BPF, as much of it as there is (Documentation/networking/filter.rst). */
function answer(program: Uint8Array, { audit, number, argument = 0 }: Call): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = new Map([
    [0, number],
    [4, audit],
    [16, argument],
  ]);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const [code, yes, no] = [view.getUint16(at * 8, true), view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3)];
    const k = view.getUint32(at * 8 + 4, true);
    if (code === 0x20) accumulator = data.get(k) ?? Number.NaN;
    else if (code === 0x15) at += accumulator === k ? yes : no;
    else if (code === 0x35) at += accumulator >= k ? yes : no;
    else if (code === 0x06) return k;
    else throw new Error(`instruction ${at} has code ${code}`);
  }
  throw new Error('the filter runs over its end');
}

const MACHINES = [
  { arch: 'x64', column: 0, audit: 0xc000003e, bpf: 321, socket: 41, seccomp: 317 },
  { arch: 'arm64', column: 1, audit: 0xc00000b7, bpf: 280, socket: 198, seccomp: 277 },
] as const;

describe.each(MACHINES)('the filter for $arch', ({ arch, column, audit, bpf, socket, seccomp }) => {
  const filter = systemCallFilter(arch);
  const ask = (number: number, argument?: number) =>
    answer(filter?.program ?? new Uint8Array(), { audit, number, argument: argument ?? 0 });

  test('refuses exactly what it lists, of all numbers', () => {
    const listed = Object.values(REFUSED).flatMap((numbers) => numbers[column] ?? []);
    expect(new Set(listed).size).toBe(listed.length);
    const refused = Array.from({ length: 600 }, (_, number) => number).filter((number) => ask(number) !== ALLOWED);
    expect(refused).toEqual([...listed, bpf].sort((a, b) => a - b));
    for (const number of refused) expect(ask(number)).toBe(EPERM);
  });

  test('of bpf leaves maps that are open, what is known of descriptors, and detaching', () => {
    const commands = Array.from({ length: 64 }, (_, command) => command).filter((command) => ask(bpf, command) === ALLOWED);
    // enum bpf_cmd: elements of maps and their batches, OBJ_GET_INFO_BY_FD, LINK_DETACH
    expect(commands).toEqual([1, 2, 3, 4, 15, 24, 26, 34]);
  });

  test('of sockets takes those for packets', () => {
    expect([1, 2, 10, 16].map((domain) => ask(socket, domain))).toEqual([ALLOWED, ALLOWED, ALLOWED, ALLOWED]);
    expect(ask(socket, 17)).toBe(EPERM);
  });

  test('refuses calls of another ABI', () => {
    expect(answer(filter?.program ?? new Uint8Array(), { audit: 0x40000003, number: 0 })).toBe(EPERM);
    if (arch === 'x64') expect(ask(0x40000000)).toBe(EPERM);
  });

  test('is one that the kernel takes: no more than 4,096 instructions', () => {
    expect(filter?.instructions).toBeLessThan(4096);
    expect(filter?.seccomp).toBe(seccomp);
  });
});

test('there is none for a machine whose numbers are not known', () => {
  expect(systemCallFilter('riscv64')).toBeNull();
});

/** Of the C library's headers; Debian: linux-libc-dev. */
const HEADERS = [
  { file: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h', column: 0 },
  { file: '/usr/include/asm-generic/unistd.h', column: 1 },
] as const;

describe.each(HEADERS.map((one) => ({ ...one, there: existsSync(one.file) })))('$file', ({ file, column, there }) => {
  test.skipIf(!there)(`has these numbers${there ? '' : ' (not installed)'}`, () => {
    const text = readFileSync(file, 'utf8');
    const numbers = new Map(
      [...text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gm)].map(([, name, number]) => [name, Number(number)]),
    );
    for (const [name, of] of Object.entries(REFUSED)) {
      // A header may be older than the call.
      if (numbers.has(name)) expect(of[column], name).toBe(numbers.get(name));
    }
    expect(numbers.size).toBeGreaterThan(200);
  });
});
