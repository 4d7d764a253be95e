/** Trees in the kernel: what the walk finds, in which order, and how much work the verifier has with it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { expect, test } from 'vitest';
import type { TreeShape } from '../../compiler/4-plan/tree/box-set.ts';
import { buildTrees } from '../../compiler/4-plan/tree/build-trees.ts';
import { print } from '../../compiler/5-emit/printer.ts';
import { recordDeclarations } from '../../compiler/5-emit/tree-records.ts';
import { allocate, openLibbpf, TEST_RUN_OPTIONS } from '../../runtime/ffi/libbpf.ts';
import { openLibc, stableMemory } from '../../runtime/ffi/libc.ts';
import { type Box, boxSetOf, keysAround, randomBoxes, randomFrom, scan, TASTES } from '../plan/tree-boxes.ts';
import type { Key } from '../plan/tree-walker.ts';
import { describeKernel } from './environment.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** Behind the head, in a multiple of 64 bytes. */
const START = 384;
const SEEN_MAX = 64;
const NO_ENTRY = 0xf_ffff;
/** Actions, which an entry has above its rule's number. */
const ENTRY_BITS = Uint32Array.from({ length: 2000 }, (_, rule) => ((rule * 373) % 0x800) << 20);
const ROOM = 8 << 20;
const SHAPES: readonly TreeShape[] = [
  { scalars: [], bits: null },
  {
    scalars: [
      { field: 'src.port', slot: 'src_port', bytes: 2, max: 65_535 },
      { field: 'dst.port', slot: 'dst_port', bytes: 2, max: 65_535 },
      { field: 'proto', slot: 'proto', bytes: 1, max: 255 },
    ],
    bits: {
      flags: { field: 'tcp.flags', slot: 'tcp_flags' },
      presence: [
        { field: 'src.port', slot: 'src_port', bit: 0x200, of: 0 },
        { field: 'proto', slot: 'proto', bit: 0x400, of: 2 },
      ],
      bytes: 2,
      max: 0x7ff,
    },
  },
  {
    scalars: Array.from(
      { length: 8 },
      (_, at) => ({ field: `field${at}`, slot: `field_${at}`, bytes: 2, max: 65_535 }) as const,
    ),
    bits: { flags: { field: 'flags', slot: 'flags' }, presence: [], bytes: 2, max: 65_535 },
  },
];

describeKernel('trees in the kernel', () => {
  for (const [number, shape] of SHAPES.entries()) {
    test(`find what a plain scan finds, in order: shape ${number}`, () => {
      using program = load(shape);
      expect(program.instructions, 'instructions that the verifier followed').toBeLessThan(150_000);
      for (const taste of TASTES) {
        for (const family of [4, 6] as const) {
          for (const count of [1, 30, 400]) {
            const random = randomFrom(number * 1000 + count);
            const deciding = randomBoxes(random, count, family, shape, taste);
            const observing = randomBoxes(random, Math.ceil(count / 4), family, shape, taste);
            program.fill(deciding, observing, family);
            for (const key of keysAround(random, [...deciding, ...observing], family, shape, 80)) {
              const salt = random(100);
              expect(program.ask(family, key, salt)).toEqual(expected(deciding, observing, family, key, salt));
            }
          }
        }
      }
    });
  }

  test('thousands of boxes that all match: long leaves', () => {
    const [, shape] = SHAPES;
    if (shape === undefined) throw new Error('no shape');
    using program = load(shape);
    const [any] = randomBoxes(randomFrom(1), 1, 4, shape, 'wildcards');
    if (any === undefined) throw new Error('no box');
    const all = { first: 0n, last: 0xffff_ffffn, length: 0 };
    const wild = {
      ...any,
      src: all,
      dst: all,
      scalars: shape.scalars.map(({ max }) => ({ first: 0, last: max })),
      mask: 0,
      value: 0,
    };
    const boxes = Array.from({ length: 3000 }, (_, entry) => ({ ...wild, entry, checked: true }));
    // Entries of `first` sets with checks that do not hold, until one does.
    const failing = boxes.map((box) => ({ ...box, entry: 3 * box.entry + 1 }));
    const last = { ...wild, entry: 9001, checked: false };
    program.fill([...failing, last], boxes.slice(0, 60), 4);
    const key = new Array<bigint>(16).fill(1n);
    expect(program.ask(4, key, 0)).toEqual(expected([...failing, last], boxes.slice(0, 60), 4, key, 0));
    expect(program.ask(4, key, 0).decided).toBe(9001);
  });
});

interface Answer {
  readonly decided: number;
  readonly seen: readonly number[];
}

function holds({ entry, checked }: { readonly entry: number; readonly checked: boolean }, salt: number): boolean {
  return !checked || (entry * 7 + salt) % 3 === 0;
}

function expected(deciding: readonly Box[], observing: readonly Box[], family: 4 | 6, key: Key, salt: number): Answer {
  const decided = scan(deciding, family, key).find((one) => holds(one, salt))?.entry ?? NO_ENTRY;
  const seen = scan(observing, family, key).filter((one) => one.entry < decided && holds(one, salt));
  const word = (entry: number) => (entry === NO_ENTRY ? entry : entry | (ENTRY_BITS[entry] ?? 0));
  return { decided: word(decided), seen: seen.map(({ entry }) => word(entry)).slice(0, SEEN_MAX) };
}

function load(shape: TreeShape) {
  const directory = mkdtempSync(join(tmpdir(), 'pktc-tree-'));
  try {
    writeFileSync(join(directory, 'records.h'), print(recordDeclarations(shape)).c);
    const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-std=gnu11', '-Wall', '-Wextra', '-Werror'];
    const include = [`-I${join(ROOT, 'templates/include')}`, `-I${directory}`];
    const out = join(directory, 'fixture.o');
    execFileSync('clang', [...flags, ...include, '-c', join(ROOT, 'test/kernel/tree-fixture.bpf.c'), '-o', out], {
      stdio: 'pipe',
    });
    return loaded(new Uint8Array(readFileSync(out)), shape);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function loaded(object: Uint8Array, shape: TreeShape) {
  const libbpf = openLibbpf();
  const libc = openLibc();
  const library = koffi.load('libbpf.so.1');
  const memory = stableMemory(object.length);
  memory.bytes.set(object);
  const opened = libbpf.object_open_mem(memory.bytes, object.length, null);
  if (opened === null) throw new Error('not opened');
  const setLog: (program: unknown, buffer: unknown, size: number) => number = library.func(
    'int bpf_program__set_log_buf(void *, void *, size_t)',
  );
  const setLogLevel: (program: unknown, level: number) => number = library.func(
    'int bpf_program__set_log_level(void *, uint32_t)',
  );
  const innerMap: (map: unknown) => unknown = library.func('void *bpf_map__inner_map(void *)');
  const setValueSize: (map: unknown, bytes: number) => number = library.func('int bpf_map__set_value_size(void *, uint32_t)');
  const createMap: (type: number, name: string, key: number, value: number, entries: number, options: null) => number =
    library.func('int bpf_map_create(uint32_t, const char *, uint32_t, uint32_t, uint32_t, void *)');
  const program = libbpf.object_find_program_by_name(opened, 'answer');
  const log = stableMemory(1 << 20);
  setLog(program, log.address, log.bytes.length);
  setLogLevel(program, 4);
  const maps = libbpf.object_find_map_by_name(opened, 'pktc_data_maps');
  const rodata = libbpf.object_find_map_by_name(opened, '.rodata');
  if (program === null || maps === null || rodata === null) throw new Error('not in the object');
  expect(setValueSize(innerMap(maps), ROOM)).toBe(0);
  const size = new BigUint64Array(1);
  const constants = libbpf.map_initial_value(rodata, size);
  if (constants === null) throw new Error('no constants');
  new Uint32Array(koffi.view(constants, 4))[0] = ROOM;
  const result = libbpf.object_load(opened);
  const text = Buffer.from(log.bytes).toString('latin1');
  if (result !== 0) throw new Error(`not loaded: ${result}\n${text.slice(0, 20_000)}`);
  const instructions = Number(/processed (\d+) insns/.exec(text)?.[1] ?? Infinity);
  const options = allocate(TEST_RUN_OPTIONS);
  const packet = stableMemory(16 + 8 + 128 + 8 + 4 * SEEN_MAX);
  const answer = stableMemory(1024);
  return {
    instructions,
    fill(deciding: readonly Box[], observing: readonly Box[], family: 4 | 6): void {
      const first = family === 4 ? 0 : 2;
      const sets = Array.from({ length: 10 }, (_, set) =>
        set === first
          ? boxSetOf(deciding, family, 'first', shape)
          : set === first + 1
            ? boxSetOf(observing, family, 'each', shape)
            : null,
      );
      const trees = buildTrees(sets, shape, { start: START, bytesMax: ROOM - START, entryBits: ENTRY_BITS });
      if ('problem' in trees) throw new Error(trees.problem);
      const value = stableMemory(ROOM);
      value.bytes.set(trees.bytes, START);
      const words = new Uint32Array(value.bytes.buffer, value.bytes.byteOffset, START / 4);
      words[0] = 0x63746b70;
      trees.roots.forEach((roots, set) => {
        words.set(roots, 16 + 8 * set);
      });
      const map = createMap(2, 'tree_test', 4, ROOM, 1, null);
      expect(map).toBeGreaterThan(0);
      const zero = stableMemory(4);
      const number = stableMemory(4);
      new DataView(number.bytes.buffer, number.bytes.byteOffset).setUint32(0, map, true);
      expect(libbpf.map_update_elem(map, zero.bytes, value.bytes, 0n)).toBe(0);
      expect(libbpf.map_update_elem(libbpf.map_fd(maps), zero.bytes, number.bytes, 0n)).toBe(0);
      libc.close(map);
    },
    ask(family: 4 | 6, key: Key, salt: number): Answer {
      const view = new DataView(packet.bytes.buffer, packet.bytes.byteOffset, packet.bytes.length);
      view.setUint32(16, family === 4 ? 0 : 2, true);
      view.setUint32(20, salt, true);
      for (const [word, value] of key.entries()) view.setBigUint64(24 + 8 * word, value, true);
      options.set('data_in', packet.address);
      options.set('data_size_in', packet.bytes.length);
      options.set('data_out', answer.address);
      options.set('data_size_out', answer.bytes.length);
      expect(libbpf.prog_test_run_opts(libbpf.program_fd(program), options.bytes)).toBe(0);
      expect(options.get('retval')).toBe(2);
      const said = new DataView(answer.bytes.buffer, answer.bytes.byteOffset);
      const count = Math.min(said.getUint32(156, true), SEEN_MAX);
      return {
        decided: said.getUint32(152, true),
        seen: Array.from({ length: count }, (_, at) => said.getUint32(160 + 4 * at, true)),
      };
    },
    [Symbol.dispose](): void {
      libbpf.object_close(opened);
    },
  };
}
