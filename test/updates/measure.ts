/**
 * What it takes to change one rule of many while they are at work, and what the kernel holds for them. Prints the table in
 * docs/performance.md; `sudo node --import ./test/kernel/typescript-loader.mjs test/updates/measure.ts [rules ...]`.
 */
import { readFileSync } from 'node:fs';
import { compile } from '../../compiler/index.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { allocate, PROGRAM_INFO } from '../../runtime/ffi/libbpf.ts';
import { stableMemory } from '../../runtime/ffi/libc.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { createRandom } from '../packets/random.ts';

const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1_000, 10_000, 100_000];
const UPDATES = 30;
const READS = 20;
const SEED = 4;

/** Rules of addresses and ports like an access list's; `changed` gives one in the middle another port. */
function rulesText(count: number, changed: boolean): string {
  const random = createRandom(SEED);
  const prefix = () => {
    const length = random.pick([16, 20, 24, 28, 32]);
    const address = (random.int(0, 2 ** 32 - 1) & (length === 0 ? 0 : -1 << (32 - length))) >>> 0;
    return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')}/${length}`;
  };
  const lines = Array.from({ length: count }, (_, index) => {
    const port = random.int(1, 60_000);
    const shown = changed && index === count >> 1 ? port + 1 : port;
    return `r${index}: match src ${prefix()} and dst ${prefix()} and tcp dport ${shown} -> drop\n`;
  });
  return lines.join('');
}

async function timed<T>(work: () => Promise<T> | T): Promise<{ readonly value: T; readonly ms: number }> {
  const began_ms = performance.now();
  const value = await work();
  return { value, ms: performance.now() - began_ms };
}

async function compiled(text: string): Promise<Artifact> {
  const { artifact, diagnostics } = await compile({ name: 'measure.rules', text }, { hook: 'xdp' });
  if (artifact === null) throw new Error(JSON.stringify(diagnostics.find((one) => one.severity === 'error')));
  return artifact;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

/** `memlock` of each of the program's maps, by name. */
function mapBytes({ internals: { libbpf }, programs }: LoadedProgram): ReadonlyMap<string, number> {
  const ids = stableMemory(4 * 64);
  const info = allocate(PROGRAM_INFO);
  info.set('nr_map_ids', 64);
  info.set('map_ids', ids.address);
  libbpf.obj_get_info_by_fd(programs[0]?.fd ?? -1, info.bytes, new Uint32Array([info.bytes.length]));
  const maps = new Map<string, number>();
  for (const id of new Uint32Array(ids.bytes.buffer).subarray(0, info.get('nr_map_ids'))) {
    const fd = libbpf.map_get_fd_by_id(id);
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    const number = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    maps.set(number('map_type') === 2 && number('value_size') === 32 ? 'counters' : `map ${id}`, number('memlock'));
    if (number('map_type') === 12) {
      const inner = stableMemory(4);
      libbpf.map_lookup_elem(fd, stableMemory(4).bytes, inner.bytes);
      const innerFd = libbpf.map_get_fd_by_id(new Uint32Array(inner.bytes.buffer)[0] ?? 0);
      maps.set('data', Number(/^memlock:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${innerFd}`, 'utf8'))?.[1]));
    }
  }
  return maps;
}

async function measure(count: number): Promise<string> {
  const before = await compiled(rulesText(count, false));
  // The object is in the cache now, as it is when rules are changed.
  const change = await timed(() => compiled(rulesText(count, true)));
  const { value: loaded, ms: load_ms } = await timed(() => loadArtifact(before));
  using _ = loaded;
  const replaced_ms: number[] = [];
  const settled_ms: number[] = [];
  for (let update = 0; update < UPDATES; update++) {
    const next = update % 2 === 0 ? change.value : before;
    const { value, ms } = await timed(() => loaded.replace(next));
    if (value.replaced) {
      replaced_ms.push(ms);
      settled_ms.push(ms + (await timed(() => value.settled)).ms);
    } else {
      // Few rules are compiled into the program, and a change is another program.
      replaced_ms.push((await timed(() => loaded.switchTo(next))).ms);
    }
  }
  const read_ms: number[] = [];
  for (let read = 0; read < READS; read++) read_ms.push((await timed(() => loaded.counters())).ms);
  const maps = mapBytes(loaded);
  const perRule = (name: string) => ((maps.get(name) ?? 0) / count).toFixed(0);
  const cells = [
    count.toLocaleString('en'),
    `${((before.data?.length ?? 0) / 2 ** 20).toFixed(2)} MiB`,
    load_ms.toFixed(0),
    change.ms.toFixed(0),
    median(replaced_ms).toFixed(1),
    settled_ms.length === 0 ? '-' : median(settled_ms).toFixed(1),
    median(read_ms).toFixed(1),
    perRule('data'),
    perRule('counters'),
  ];
  return `| ${cells.join(' | ')} |`;
}

const HEAD = [
  'rules',
  'data',
  'load',
  'compile the change',
  'at work after',
  'old rules gone after',
  'read counters',
  'data, B a rule',
  'counters, B a rule',
];
process.stdout.write(`| ${HEAD.join(' | ')} |\n|${HEAD.map(() => '---:|').join('')}\n`);
for (const count of SIZES) process.stdout.write(`${await measure(count)}\n`);
