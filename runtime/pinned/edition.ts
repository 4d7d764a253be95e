/** One program in the kernel with its maps, under names in a directory; and its rules, of one generation after the other. */
import { unlinkSync } from 'node:fs';
import path from 'node:path';
import { readBtf } from '../abi/btf.ts';
import { readElf } from '../abi/elf.ts';
import { type Artifact, DATA_LAYOUT, MANIFEST_VERSION, type Manifest } from '../abi/manifest.ts';
import { LITTLE_ENDIAN } from '../byte-order.ts';
import { createDataStore, type DataRoom, storedMapId, unwriteData } from '../data-store.ts';
import type { Libbpf } from '../ffi/libbpf.ts';
import { errnoName, type Libc } from '../ffi/libc.ts';
import { DATA, EVENTS, mapInfoOf } from '../kernel-object.ts';
import {
  assemble,
  closedOnError,
  type InKernel,
  type Parts,
  type ProgramData,
  recalls,
  rememberedIn,
} from '../kernel-program.ts';
import { mapMemory } from '../mapped-memory.ts';
import { ringName } from '../ring-maps.ts';
import { RuntimeError } from '../runtime-error.ts';
import { type DataSlots, recordOfSlots, type SlotsRecord, slotsOfRecord } from '../slots.ts';
import { codeOf } from './directory.ts';
import { GENERATION_PARTS, type GenerationPart, mapName, numbersOf, OBJECT, partName, programName } from './entries.ts';
import { pinBytes, readPinnedBytes } from './pinned-bytes.ts';

export interface Bpf {
  readonly libbpf: Libbpf;
  readonly libc: Libc;
}

/** Rules as the next process has to know them. */
export interface RulesRecord {
  readonly manifest: Manifest;
  /** Slots of counters that a CPU has. */
  readonly stride: number;
  /** null: the rules are compiled in. */
  readonly data: DataRecord | null;
  /** What whoever made it wants to find again; JSON. */
  readonly origin: unknown;
}

export interface DataRecord {
  readonly room: DataRoom;
  readonly slots: SlotsRecord;
  /** What the compiler wrote where the generation is. */
  readonly generation_word: number;
}

/** What belongs to rules and is nothing to the kernel. */
export interface Notes {
  /** JSON: as `RulesRecord` has it. */
  readonly origin: unknown;
  /** What the rules were made of; null: nobody knows. */
  readonly sources: Uint8Array | null;
}

/** The first generation of rules that are compiled in; there is no other. */
const ONLY_GENERATION = 1;

/** @param pinTo gives it the name: 0, or a negative errno. @throws RuntimeError PKT6014 */
export function pin(to: string, pinTo: (to: string) => number): void {
  const result = pinTo(to);
  if (result >= 0) return;
  throw new RuntimeError('PKT6014', `the kernel does not hold \`${path.basename(to)}\` (${errnoName(-result)})`, {
    help: 'run `pktc doctor`',
  });
}

/** A descriptor. @throws RuntimeError PKT6062 */
export function getPinned(libbpf: Libbpf, from: string): number {
  const fd = libbpf.obj_get(from);
  if (fd >= 0) return fd;
  throw new RuntimeError('PKT6062', `what is pinned lacks its \`${path.basename(from)}\` (${errnoName(-fd)})`, {
    help: 'end it with `pktc stop` and run it anew',
  });
}

/** @param folder an empty directory. @throws RuntimeError PKT6008, PKT6014 */
export function pinEdition(folder: string, inKernel: PinnedParts, artifact: Artifact, notes: Notes): void {
  const { libbpf, libc, programs, maps, stride, data } = inKernel;
  pinBytes(libbpf, libc, path.join(folder, OBJECT), artifact.object);
  for (const [index, { fd }] of programs.entries()) pin(path.join(folder, programName(index)), (to) => libbpf.obj_pin(fd, to));
  for (const [map, fd] of maps) pin(path.join(folder, mapName(map)), (to) => libbpf.obj_pin(fd, to));
  const placed = data && { room: data.store.room, slots: data.slots };
  pinRules(inKernel, folder, recordOf(artifact, stride, placed, notes.origin), data?.store.map_fd ?? null, notes.sources);
}

export type PinnedParts = Pick<InKernel, 'libbpf' | 'libc' | 'programs' | 'maps' | 'stride' | 'data'>;

export function recordOf(
  { manifest, data }: Artifact,
  stride: number,
  placed: { readonly room: DataRoom; readonly slots: DataSlots } | null,
  origin: unknown,
): RulesRecord {
  if (placed === null || data === null) return { manifest, stride, data: null, origin };
  const { room, slots } = placed;
  const generation_word = new DataView(data.buffer, data.byteOffset).getUint32(DATA_LAYOUT.generation, LITTLE_ENDIAN);
  return { manifest, stride, data: { room, slots: recordOfSlots(slots), generation_word }, origin };
}

/** Rules of one generation; the data are what makes it known whether they are at work, so they come last. @throws RuntimeError PKT6008, PKT6014 */
export function pinRules(
  { libbpf, libc }: Bpf,
  folder: string,
  record: RulesRecord,
  data_fd: number | null,
  sources: Uint8Array | null,
): void {
  const generation = record.data?.slots.generation ?? ONLY_GENERATION;
  const at = (part: GenerationPart) => path.join(folder, partName(part, generation));
  if (sources !== null) pinBytes(libbpf, libc, at('sources'), sources);
  pinBytes(libbpf, libc, at('rules'), Buffer.from(JSON.stringify(record)));
  if (data_fd !== null) pin(at('data'), (to) => libbpf.obj_pin(data_fd, to));
}

/** Everything of one generation, the data first. */
export function removeRules(folder: string, generation: number): void {
  for (const part of ['data', 'rules', 'sources'] as const) {
    try {
      unlinkSync(path.join(folder, partName(part, generation)));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** Every generation of which something is there; ascending. */
export function generationsOf(folder: string): readonly number[] {
  const all = GENERATION_PARTS.flatMap((part) => numbersOf(folder, part));
  return [...new Set(all)].sort((a, b) => a - b);
}

/** The generation that packets are judged by: that of the data in the array of maps. @throws RuntimeError PKT6062 */
export function generationAtWork({ libbpf, libc }: Bpf, folder: string): number {
  const generations = numbersOf(folder, 'data');
  if (generations.length === 0) return ONLY_GENERATION;
  const outer = getPinned(libbpf, path.join(folder, mapName(DATA)));
  try {
    const id = storedMapId(libbpf, outer);
    const found = generations.find((generation) => pinnedMapId({ libbpf, libc }, folder, generation) === id);
    if (found !== undefined) return found;
  } finally {
    libc.close(outer);
  }
  throw new RuntimeError('PKT6062', 'nothing says which rules are at work', {
    help: 'end it with `pktc stop` and run it anew',
  });
}

/** 0: it has just been taken away. */
function pinnedMapId({ libbpf, libc }: Bpf, folder: string, generation: number): number {
  const fd = libbpf.obj_get(path.join(folder, partName('data', generation)));
  if (fd < 0) return 0;
  try {
    return mapInfoOf(libbpf, fd).get('id');
  } finally {
    libc.close(fd);
  }
}

export interface Edition {
  readonly inKernel: InKernel;
  readonly record: RulesRecord;
  readonly generation: number;
  readonly object: Uint8Array;
}

/** @param generation default: the one at work. @throws RuntimeError PKT6002, PKT6003, PKT6008, PKT6062 */
export function openEdition(bpf: Bpf, folder: string, generation = generationAtWork(bpf, folder)): Edition {
  const { libbpf, libc } = bpf;
  const object = readPinnedBytes(libbpf, libc, path.join(folder, OBJECT));
  const record = readRules(bpf, folder, generation);
  if (object === null || record === null) {
    throw new RuntimeError('PKT6062', 'what is pinned was left by another version of pktc, or by half', {
      help: 'end it with `pktc stop` and run it anew',
    });
  }
  const opened: (() => void)[] = [];
  const get = (what: string) => {
    const fd = getPinned(libbpf, path.join(folder, what));
    opened.push(() => void libc.close(fd));
    return fd;
  };
  const { manifest, stride } = record;
  return closedOnError(opened, () => {
    const indexes = new Map(manifest.programs.map((program, index) => [program.name, index]));
    const fds = new Map<string, number>();
    const map = (wanted: string) => {
      const fd = fds.get(wanted) ?? get(mapName(wanted));
      fds.set(wanted, fd);
      return fd;
    };
    const types = readBtf(readElf(object));
    const program = (wanted: string) => get(programName(indexes.get(wanted) ?? 0));
    const count = manifest.events === null ? 0 : mapInfoOf(libbpf, map(EVENTS)).get('max_entries');
    const rings = Array.from({ length: count }, (_, index) => map(ringName(EVENTS, index)));
    const remembers = recalls(manifest);
    const parts: Parts = {
      libbpf,
      libc,
      types,
      stride,
      rings,
      offline: false,
      remembers,
      notes: [],
      dispatched: null,
      program,
      map,
    };
    const inKernel = assemble(manifest, parts, pinnedData(record, parts, opened), opened);
    return { inKernel, record, generation, object };
  });
}

/** null: there are none of this version. @throws RuntimeError PKT6008 */
export function readRules({ libbpf, libc }: Bpf, folder: string, generation: number): RulesRecord | null {
  const text = readPinnedBytes(libbpf, libc, path.join(folder, partName('rules', generation)));
  if (text === null) return null;
  try {
    const record = JSON.parse(Buffer.from(text).toString('utf8')) as RulesRecord;
    return record.manifest.version === MANIFEST_VERSION ? record : null;
  } catch {
    return null;
  }
}

function pinnedData({ manifest, stride, data }: RulesRecord, parts: Parts, opened: (() => void)[]): ProgramData | null {
  if (data === null) return null;
  const { libbpf, libc, map } = parts;
  const store = createDataStore(libbpf, libc, map(DATA), data.room, rememberedIn(parts));
  opened.push(store.close);
  // Whether a packet is still behind the last change, nobody knows who did not make it.
  return { store, slots: slotsOfRecord(data.slots, manifest.rules, stride), settled: data.slots.generation - 1 };
}

/** The artifact as it was loaded: the loader's slots are taken out of the data again. @throws RuntimeError PKT6008, PKT6062 */
export function artifactOf({ libbpf, libc }: Bpf, folder: string, { record, generation, object }: Edition): Artifact {
  const { manifest, stride } = record;
  if (record.data === null || manifest.data === null) return { object, manifest, data: null };
  const fd = getPinned(libbpf, path.join(folder, partName('data', generation)));
  try {
    const memory = mapMemory(libc, { fd, length_bytes: record.data.room.bytes, offset_bytes: 0, writable: false });
    try {
      const data = new Uint8Array(memory.buffer.slice(0, manifest.data.bytes));
      const { rule_off, rules: rows } = manifest.data;
      const slots = slotsOfRecord(record.data.slots, manifest.rules, stride);
      unwriteData(data, { rule_off, rows, generation: record.data.generation_word }, (slot) => slots.ruleAt(slot));
      return { object, manifest, data };
    } finally {
      memory.close();
    }
  } finally {
    libc.close(fd);
  }
}
