/**
 * What a lookup in a set costs by its size, beside a sorted search and the kernel's LPM_TRIE, in one run:
 *
 *     sudo node --import ./test/kernel/typescript-loader.mjs bench/sets.ts [SIZE...]
 *
 * Each program looks 8,192 different addresses up, 64 a run (bench/sets.bpf.c). The kernel repeats each run and gives the mean
 * (BPF_PROG_TEST_RUN). Programs take turns; printed are the median and the least of the rounds, in nanoseconds a lookup, less what
 * reading the address costs: `many`, the processor may have several lookups under way; `one`, each waits for the one ahead of it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BigRange, WideRanges } from '../compiler/2-resolve/program.ts';
import { createWidePairs } from '../compiler/2-resolve/wide-pairs.ts';
import { wordsOf } from '../compiler/2-resolve/wide-ranges.ts';
import { LINES_RANGES_MIN } from '../compiler/5-emit/long-lists.ts';
import { addDirect, createDirect, PAGE_WORDS } from '../compiler/5-emit/sets/direct.ts';
import { edges32, edges128 } from '../compiler/5-emit/sets/edges.ts';
import { addLines, createLines, lineTablesOf, planLines } from '../compiler/5-emit/sets/lines.ts';
import { createSetTables, type Table, tableOf } from '../compiler/5-emit/sets/tables.ts';
import { findClang } from '../compiler/6-build/find-clang.ts';
import { runClang } from '../compiler/6-build/run-clang.ts';
import { readTemplates } from '../compiler/6-build/templates.ts';
import { writeData } from '../compiler/6-build/write-data.ts';
import { allocate, openLibbpf, TEST_RUN_OPTIONS } from '../runtime/ffi/libbpf.ts';
import { type Pointer, stableMemory } from '../runtime/ffi/libc.ts';
import { createRandom } from '../test/packets/random.ts';
import { type Family, makePrefixes, maskOf, type Prefixes } from './set-prefixes.ts';

const SIZES: readonly number[] = [100, 1_000, 10_000, 100_000, 1_000_000];
/** The kernel takes minutes to free a large trie, and shows its slope well before. */
const TRIE_PREFIXES_MAX = 100_000;
const KEYS = 8192;
const ROUNDS = 21;
const REPEAT = 1500;
const KEYS_A_RUN = 64;

interface Structure {
  readonly name: string;
  readonly macro: string;
  readonly tables: readonly Table[];
  readonly defines: string;
  readonly build_ms: number;
  readonly trie: boolean;
}

interface Loaded {
  readonly structure: Structure;
  readonly object: Pointer;
  readonly load_ms: number;
  readonly floor: number[];
  readonly many: number[];
  readonly one: number[];
}

const libbpf = openLibbpf();
const memory = stableMemory(4096);
const folder = import.meta.dirname;

function rangesOf({ family, count, words, lengths, stride }: Prefixes): WideRanges {
  const pairs = createWidePairs();
  const bounds = new Uint32Array(8);
  for (let index = 0; index < count; index++) {
    bounds.fill(0);
    for (let word = 0; word < stride; word++) {
      const value = words[stride * index + word] ?? 0;
      const at = family === 4 ? 3 : word;
      bounds[at] = value;
      bounds[4 + at] = (value | ~maskOf((lengths[index] ?? 0) - 32 * word)) >>> 0;
    }
    pairs.add(bounds);
  }
  return pairs.merged();
}

interface Keys {
  readonly data: BigUint64Array;
  readonly expected: Uint8Array;
}

/** Addresses of random prefixes; one in ten is moved, out of its prefix as a rule. */
function keysOf(prefixes: Prefixes, ranges: readonly BigRange[], seed: number): Keys {
  const random = createRandom(seed);
  const { family, count, words, lengths, stride } = prefixes;
  const data = new BigUint64Array(2 * KEYS);
  const expected = new Uint8Array(KEYS);
  for (let key = 0; key < KEYS; key++) {
    const index = random.int(0, count - 1);
    let address = 0n;
    for (let word = 0; word < stride; word++) {
      const host = (random.int(0, 0xffff_ffff) & ~maskOf((lengths[index] ?? 0) - 32 * word)) >>> 0;
      address = (address << 32n) | BigInt(((words[stride * index + word] ?? 0) | host) >>> 0);
    }
    if (key % 10 === 9) address ^= BigInt(random.int(0, 0xffff)) << (family === 4 ? 8n : 64n);
    data[2 * key] = address >> 64n;
    data[2 * key + 1] = address & 0xffff_ffff_ffff_ffffn;
    expected[key] = isIn(ranges, address) ? 1 : 0;
  }
  return { data, expected };
}

function isIn(ranges: readonly BigRange[], address: bigint): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.[0] ?? 0n) <= address) low = middle + 1;
    else high = middle;
  }
  return address <= (ranges[low - 1]?.[1] ?? -1n);
}

function timed(make: () => readonly Table[]): { readonly tables: readonly Table[]; readonly build_ms: number } {
  const start = performance.now();
  const tables = make();
  return { tables, build_ms: performance.now() - start };
}

function structuresFor(prefixes: Prefixes, ranges: WideRanges): readonly Structure[] {
  const { family, count } = prefixes;
  const plain = { defines: '', trie: false };
  const numbers = family === 4 ? ranges.map(([first, last]) => [Number(first), Number(last)] as const) : [];
  const trie: Structure = {
    name: 'LPM_TRIE',
    macro: `TRIE${family}`,
    tables: [],
    defines: `#define PREFIXES ${count}\n#define PREFIX_WORDS ${prefixes.stride}\n`,
    build_ms: 0,
    trie: true,
  };
  const search: Structure = {
    ...plain,
    name: 'sorted search',
    macro: `SEARCH${family}`,
    defines: `#define RANGES ${ranges.length}\n`,
    ...timed(() => [sortedRows(family, ranges)]),
  };
  const sets: readonly Structure[] =
    family === 6
      ? [
          {
            ...plain,
            name: 'networks',
            macro: 'SET6',
            ...timed(() => tablesOf((sets) => sets.add128(edges128(ranges)), true)),
          },
          ...(ranges.length >= LINES_RANGES_MIN
            ? [{ ...plain, name: 'lines', macro: 'LINES6', ...timed(() => lineTables(ranges)) }]
            : []),
        ]
      : [
          { ...plain, name: 'blocks', macro: 'SET4', ...timed(() => tablesOf((sets) => sets.add32(edges32(numbers)), false)) },
          { ...plain, name: 'direct', macro: 'DIRECT4', ...timed(() => directTables(edges32(numbers))) },
        ];
  return [...sets, search, ...(count <= TRIE_PREFIXES_MAX ? [trie] : [])];
}

function tablesOf(add: (sets: ReturnType<typeof createSetTables>) => void, wide: boolean): readonly Table[] {
  const sets = createSetTables();
  add(sets);
  return [...sets.tables(), ...(wide ? sets.wideTables() : [])];
}

function lineTables(ranges: WideRanges): readonly Table[] {
  const [sets, lines] = [createSetTables(), createLines()];
  const plan = planLines(wordsOf(ranges));
  if (plan === null) throw new Error('such a set has no lines');
  addLines(lines, plan, sets.add128);
  return [...sets.tables(), ...sets.wideTables(), ...lineTablesOf(lines)];
}

function directTables(edges: Uint32Array): readonly Table[] {
  const direct = createDirect();
  addDirect(direct, edges);
  return [
    tableOf('PKTC_DIRECT_GROUPS', 'pktc_direct_groups', direct.groups.view(), 2, direct.groups.length() / 2),
    tableOf('PKTC_DIRECT_PAGES', 'pktc_direct_pages', direct.pages.view(), PAGE_WORDS),
  ];
}

function sortedRows(family: Family, ranges: readonly BigRange[]): Table {
  const [constant, variable] = family === 4 ? ['PKTC_RANGES', 'pktc_ranges'] : ['PKTC_RANGES6', 'pktc_ranges6'];
  const rows =
    family === 4
      ? Uint32Array.from(ranges.flat(), Number)
      : BigUint64Array.from(ranges.flat().flatMap((bound) => [bound >> 64n, BigInt.asUintN(64, bound)]));
  return { constant, length: ranges.length, data: { variable, bytes: new Uint8Array(rows.buffer) } };
}

async function load(clang: string, structure: Structure, keys: Keys, prefixes: Prefixes): Promise<Loaded> {
  const templates = readTemplates();
  const sorted = { path: 'pktc/sorted_search.h', text: readFileSync(path.join(folder, 'sorted_search.h'), 'utf8') };
  const sizes = structure.tables.map(({ constant, length }) => `#define ${constant} ${length}\n`).join('');
  const c = `#define ${structure.macro}\n${structure.defines}${sizes}${readFileSync(path.join(folder, 'sets.bpf.c'), 'utf8')}`;
  const built = await runClang(clang, c, { ...templates, headers: [...templates.headers, sorted] });
  if (!built.ok) throw new Error(JSON.stringify(built));
  const data = [
    ...structure.tables.map((table) => table.data),
    { variable: 'keys', bytes: new Uint8Array(keys.data.buffer) },
    { variable: 'expected', bytes: keys.expected },
  ];
  const bytes = writeData(built.object, data);
  const start = performance.now();
  const object = bytes && libbpf.object_open_mem(bytes, bytes.length, null);
  if (!object || libbpf.object_load(object) < 0) throw new Error(`${structure.name} does not load`);
  const load_ms = performance.now() - start;
  if (structure.trie) fillTrie(object, prefixes);
  const loaded = { structure, object, load_ms, floor: [], many: [], one: [] };
  let wrong = 0;
  for (let at = 0; at < KEYS; at += KEYS_A_RUN) wrong += run(loaded, 'check', 1).value;
  if (wrong > 0) throw new Error(`${structure.name} is wrong about ${wrong} of ${KEYS} addresses`);
  return loaded;
}

/** Keys are the length in bits and the address as in a packet (struct bpf_lpm_trie_key). */
function fillTrie(object: Pointer, { words, lengths, stride, count }: Prefixes): void {
  const map = libbpf.object_find_map_by_name(object, 'prefixes');
  const fd = map === null ? -1 : libbpf.map_fd(map);
  const key = new Uint8Array(4 + 4 * stride);
  const view = new DataView(key.buffer);
  const value = Uint8Array.of(1);
  for (let index = 0; index < count; index++) {
    new Uint32Array(key.buffer, 0, 1)[0] = lengths[index] ?? 0;
    for (let word = 0; word < stride; word++) view.setUint32(4 + 4 * word, words[stride * index + word] ?? 0);
    const result = libbpf.map_update_elem(fd, key, value, 0n);
    if (result < 0) throw new Error(`a prefix does not go into the trie: errno ${-result}`);
  }
}

function run({ object }: Loaded, name: string, repeat: number): { readonly duration_ns: number; readonly value: number } {
  const program = libbpf.object_find_program_by_name(object, name);
  const options = allocate(TEST_RUN_OPTIONS);
  options.set('data_in', memory.address);
  options.set('data_size_in', 64);
  options.set('repeat', repeat);
  const result = libbpf.prog_test_run_opts(program === null ? -1 : libbpf.program_fd(program), options.bytes);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN: errno ${-result}`);
  return { duration_ns: options.get('duration'), value: options.get('retval') };
}

function round(loaded: Loaded): void {
  const [floor, many, one] = ['measure_floor', 'measure_many', 'measure_one'].map(
    (name) => run(loaded, name, REPEAT).duration_ns / KEYS_A_RUN,
  );
  loaded.floor.push(floor ?? 0);
  loaded.many.push((many ?? 0) - (floor ?? 0));
  loaded.one.push((one ?? 0) - (floor ?? 0));
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return `${sorted[sorted.length >> 1]?.toFixed(1)} (${sorted[0]?.toFixed(1)})`;
}

async function measure(clang: string, family: Family, size: number): Promise<void> {
  const prefixes = makePrefixes(family, size, createRandom(42 + size));
  const ranges = rangesOf(prefixes);
  const keys = keysOf(prefixes, ranges, 7);
  const loaded: Loaded[] = [];
  for (const structure of structuresFor(prefixes, ranges)) loaded.push(await load(clang, structure, keys, prefixes));
  for (let turn = 0; turn < ROUNDS; turn++) for (const one of loaded) round(one);
  for (const { structure, many, one, floor, load_ms, object } of loaded) {
    const bytes = structure.tables.reduce((sum, { data }) => sum + data.bytes.length, 0);
    const memory_mib = structure.trie ? '' : (bytes / 2 ** 20).toFixed(2);
    const times = structure.trie ? ['', ''] : [structure.build_ms.toFixed(0), load_ms.toFixed(0)];
    const columns = [`IPv${family}`, size.toLocaleString('en'), ranges.length.toLocaleString('en'), structure.name];
    console.log(`| ${[...columns, spread(many), spread(one), spread(floor), memory_mib, ...times].join(' | ')} |`);
    libbpf.object_close(object);
  }
}

const found = await findClang();
if (!found.found) throw new Error('no clang');
const chosen = process.argv.slice(2).map(Number);
console.log('| family | prefixes | ranges | structure | many, median (least) | one | floor | MiB | build ms | load ms |');
console.log('|---|---:|---:|---|---:|---:|---:|---:|---:|---:|');
for (const family of [4, 6] as const) {
  for (const size of chosen.length > 0 ? chosen : SIZES) await measure(found.path, family, size);
}
