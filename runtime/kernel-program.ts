/** One program in the kernel with everything that belongs to it: its maps, its counters, what it logs, and whose slots are whose. */

import { randomInt } from 'node:crypto';
import { type BtfType, readBtf } from './abi/btf.ts';
import { readElf } from './abi/elf.ts';
import type { Artifact, AttachPoint, Manifest, ManifestSet } from './abi/manifest.ts';
import { structLayout } from './abi/struct-layout.ts';
import { type AnswerCounts, answerReader } from './answers.ts';
import { type CounterTable, mapCounters } from './counters.ts';
import {
  createDataStore,
  type DataRoom,
  type DataStore,
  type EarlyData,
  type RuleData,
  roomFor,
  storeEarly,
} from './data-store.ts';
import type { DispatchedProgram, DispatcherOptions } from './dispatched-program.ts';
import { markProgram } from './dispatcher-mark.ts';
import { bootTime, type DynamicSet, openDynamicSet, seedSet } from './dynamic-set.ts';
import { type EventLayout, eventLayout, type RuleNames } from './event-decoder.ts';
import type { RingShape } from './event-ring.ts';
import { type Libbpf, openLibbpf } from './ffi/libbpf.ts';
import { type Libc, openLibc } from './ffi/libc.ts';
import { type Generation, openGeneration } from './generation.ts';
import { createInterfaceMap, type InterfaceMap } from './interface-map.ts';
import {
  ANSWERS,
  CLOCK,
  COUNTERS,
  DATA,
  EVENTS,
  FLOWS,
  findMap,
  findProgram,
  findVariables,
  GENERATION,
  INTERFACES,
  LOGGED,
  loadObject,
  mapInfoOf,
  programIdOf,
  raiseMemoryLimit,
  setMapName,
  TALLIES,
} from './kernel-object.ts';
import { possibleCpus } from './possible-cpus.ts';
import { makeRings, type Rings, ringName, ringsFor } from './ring-maps.ts';
import { type DataSlots, firstSlots, fixedSlots, type Slots } from './slots.ts';
import { openClock } from './test-clock.ts';
import { createTestRun, type TestRun } from './test-run.ts';
import { verifyArtifact } from './verify-artifact.ts';

export interface AttachableProgram {
  readonly at: AttachPoint;
  readonly fd: number;
  readonly id: number;
}

export interface EventSource extends RingShape {
  readonly rings: readonly RingDescriptor[];
  readonly layout: EventLayout;
  readonly names: RuleNames;
  /** As `names.nameAt` has them, by slot. */
  namesBySlot(): readonly (string | null)[];
  /** Called before events come for which there are other names. */
  readonly namesChanged: Set<() => void>;
}

export interface RingDescriptor {
  readonly fd: number;
  /** Of the kernel. */
  readonly id: number;
}

/** What changes when the rules do, all at once. */
export interface CurrentRules {
  readonly manifest: Manifest;
  readonly slots: Slots;
}

/** null: the rules are compiled into the program. */
export interface ProgramData {
  readonly store: DataStore;
  /** Of the rules that are there now. */
  slots: DataSlots;
  /** The last change of the rules that no packet is behind any more. */
  settled: number;
}

export interface InKernel {
  readonly libbpf: Libbpf;
  readonly libc: Libc;
  /** One a place, in the order of the manifest. */
  readonly programs: readonly AttachableProgram[];
  /** Descriptors of its maps, by the name in the object. */
  readonly maps: ReadonlyMap<string, number>;
  /** Slots of counters that a CPU has. */
  readonly stride: number;
  readonly events: EventSource | null;
  readonly counters: CounterTable;
  readonly interfaces: InterfaceMap | null;
  readonly testRun: TestRun;
  /** Sets that the program fills, in the order of the manifest. */
  readonly sets: readonly DynamicSet[];
  readonly data: ProgramData | null;
  /** null: it has its hook for itself. */
  readonly dispatched: DispatchedProgram | null;
  /** Written by whoever changes the rules. */
  rules: CurrentRules;
  /** What the user should know about how it was loaded. */
  readonly notes: readonly string[];
  /** Another program has taken its place: what it still says is of rules that are gone. */
  retired: boolean;
  answers(): AnswerCounts | null;
  /** Empties the sets and sets the clock back: for programs that were loaded `offline`. */
  forget(): void;
  close(): void;
}

export interface LoadOptions {
  /** For test runs alone: interfaces that rules redirect to need not exist. */
  readonly offline?: boolean;
  /** Each packet is asked about (`watchCounters`), which takes less when flows are not remembered ahead of the data. */
  readonly eachPacket?: boolean;
  /** To be called by a dispatcher, and attached nowhere else: for XDP. Absent: it has its hook for itself. */
  readonly dispatcher?: DispatcherOptions;
  /** Of events. Absent: as many as this machine has use for. */
  readonly rings?: Rings;
}

/** Counters for rules that come later, as long as the program stays. */
const SPARE_SLOTS = 64;
/** `struct pktc_counter` has 16 bytes. */
const LINE_SLOTS = 4;

/**
 * @param before the program whose place this one takes: sets that both have go on as they are
 * @throws RuntimeError with a code PKT6xxx; nothing is left behind in the kernel then
 */
export function loadIntoKernel(artifact: Artifact, options: LoadOptions, before: InKernel | null = null): InKernel {
  verifyArtifact(artifact);
  const { manifest } = artifact;
  const elf = readElf(artifact.object);
  const types = readBtf(elf);
  const libc = openLibc();
  const libbpf = openLibbpf();
  const stride = counterStride(manifest);
  const sets = before === null ? new Map<string, number>() : sameSets(manifest, before);
  const rings = manifest.events === null ? null : (options.rings ?? ringsFor(manifest.events));
  raiseMemoryLimit(libc);
  const first = firstData(artifact, { libbpf, libc, stride });
  const opened: (() => void)[] = [];
  if (first?.early) opened.push(first.early.close);
  const { object, dispatched, notes } = closedOnError(opened, () =>
    loadObject(artifact, elf, libbpf, libc, {
      offline: options.offline ?? false,
      stride,
      rings: rings?.count ?? 0,
      room: first?.room ?? null,
      reused: first?.early ? new Map([...sets, [DATA, first.early.outer_fd]]) : sets,
      dispatcher: options.dispatcher ?? null,
    }),
  );
  opened.push(() => libbpf.object_close(object));
  if (dispatched !== null) opened.push(dispatched.close);
  const program = (name: string) => libbpf.program_fd(findProgram(libbpf, object, name));
  const map = (name: string) =>
    libbpf.map_fd(name === GENERATION ? findVariables(libbpf, object) : findMap(libbpf, object, name));
  return closedOnError(opened, () => {
    const ring_fds: number[] = [];
    opened.push(() => {
      for (const fd of ring_fds) libc.close(fd);
    });
    if (rings !== null) makeRings({ libbpf, libc }, map(EVENTS), rings, ring_fds);
    const offline = options.offline ?? false;
    const remembers = recalls(manifest) && options.eachPacket !== true;
    const parts: Parts = { libbpf, libc, types, stride, rings: ring_fds, offline, remembers, notes, dispatched, program, map };
    if (dispatched !== null) {
      const { libxdp, handle, root } = dispatched;
      opened.push(markProgram(libbpf, libc, root, libxdp.program_id(handle)));
    }
    for (const [index] of (manifest.sets ?? []).entries()) {
      const name = setMapName(index);
      if (!sets.has(name)) seedSet(libbpf, libc, map(name), randomInt(2 ** 32));
    }
    return assemble(manifest, parts, first === null ? null : fillData(first, parts, opened), opened);
  });
}

/** What a program in the kernel consists of, by descriptors. */
export interface Parts {
  readonly libbpf: Libbpf;
  readonly libc: Libc;
  readonly types: readonly BtfType[];
  /** Slots of counters that a CPU has. */
  readonly stride: number;
  /** Of events; empty: no rule logs. */
  readonly rings: readonly number[];
  /** What the user should know about how it was loaded. */
  readonly notes: readonly string[];
  /** For test runs alone: time is what they say. */
  readonly offline: boolean;
  /** Whether flows are asked for ahead of the data. */
  readonly remembers: boolean;
  readonly dispatched: DispatchedProgram | null;
  /** By the name of the function. */
  program(name: string): number;
  /** By the name in the object. */
  map(name: string): number;
}

/** Maps of sets that are the same in both: name, key and size. */
function sameSets({ sets = [] }: Manifest, { maps, rules }: InKernel): ReadonlyMap<string, number> {
  const identity = ({ name, key, size }: ManifestSet) => JSON.stringify([name, key, size]);
  const before = new Map((rules.manifest.sets ?? []).map((set, index) => [identity(set), maps.get(setMapName(index))]));
  return new Map(
    sets.flatMap((set, index) => {
      const fd = before.get(identity(set));
      return fd === undefined ? [] : [[setMapName(index), fd] as const];
    }),
  );
}

export function closedOnError<T>(opened: (() => void)[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

/** @param opened takes what has to be closed, in the order in which it was opened */
export function assemble(manifest: Manifest, parts: Parts, data: ProgramData | null, opened: (() => void)[]): InKernel {
  const { libbpf, libc, types, map } = parts;
  const programs = manifest.programs.map(({ name, at }) => {
    const fd = parts.program(name);
    return { at, fd, id: programIdOf(libbpf, fd) };
  });
  const counters = mapCounters(libc, {
    counted: { fd: map(COUNTERS), layout: structLayout(types, 'pktc_counter') },
    logged: manifest.events === null ? null : { fd: map(LOGGED), layout: structLayout(types, 'pktc_logged') },
    tallies: notesPackets(manifest) ? { fd: map(TALLIES), layout: structLayout(types, 'pktc_tally') } : null,
    flows: parts.remembers ? { fd: map(FLOWS), types } : null,
    stride: parts.stride,
    cpus: possibleCpus(),
  });
  opened.push(counters.close);
  const interfaces =
    manifest.interfaces.length === 0 ? null : createInterfaceMap(libbpf, libc, map(INTERFACES), manifest.interfaces);
  const readAnswers = rejects(manifest)
    ? answerReader(libbpf, map(ANSWERS), structLayout(types, 'pktc_answers'), possibleCpus())
    : null;
  const clock = parts.offline && manifest.sets !== undefined ? openClock(libc, map(CLOCK)) : null;
  if (clock !== null) opened.push(clock.close);
  const now_ns = clock?.now_ns ?? bootTime(libc);
  const sets = (manifest.sets ?? []).map((about, index) => {
    const set = openDynamicSet(libbpf, libc, map(setMapName(index)), about, now_ns);
    opened.push(set.close);
    return set;
  });
  const inKernel: InKernel = {
    libbpf,
    libc,
    programs,
    maps: new Map([
      ...mapsOf(manifest).map((name) => [name, map(name)] as const),
      ...parts.rings.map((fd, index) => [ringName(EVENTS, index), fd] as const),
    ]),
    stride: parts.stride,
    events: manifest.events === null ? null : eventSource(parts, () => inKernel),
    counters,
    interfaces,
    testRun: createTestRun(libbpf, programs, interfaces, clock),
    sets,
    data,
    dispatched: parts.dispatched,
    rules: { manifest, slots: data?.slots ?? fixedSlots(manifest.rules) },
    notes: parts.notes,
    retired: false,
    answers: () => readAnswers?.() ?? null,
    forget() {
      clock?.reset();
      for (const set of sets) set.reset();
    },
    close: () => closeAll(opened),
  };
  return inKernel;
}

/** Rules that are data, before their program is loaded. */
interface FirstData {
  readonly room: DataRoom;
  readonly slots: DataSlots;
  readonly rules: RuleData;
  readonly early: EarlyData | null;
}

/** null: the rules are compiled in. @throws RuntimeError PKT6003, PKT6040 */
function firstData(
  { manifest, data }: Artifact,
  { libbpf, libc, stride }: Pick<Parts, 'libbpf' | 'libc' | 'stride'>,
): FirstData | null {
  if (data === null) return null;
  const room = roomFor(data);
  const slots = firstSlots(manifest.rules, stride);
  const rules = ruleData(manifest, data, slots);
  return { room, slots, rules, early: storeEarly(libbpf, libc, DATA, room, rules) };
}

/** The rules are there before the program is attached to anything. */
function fillData({ room, slots, rules, early }: FirstData, parts: Parts, opened: (() => void)[]): ProgramData {
  const { libbpf, libc, map } = parts;
  const store = createDataStore(libbpf, libc, map(DATA), room, rememberedIn(parts));
  opened.push(store.close);
  store.fill(rules, early);
  early?.close();
  return { store, slots, settled: slots.generation };
}

/** null: flows are not asked for ahead of the data. @throws RuntimeError PKT6008 */
export function rememberedIn({ libc, remembers, map }: Parts): Generation | null {
  return remembers ? openGeneration(libc, map(GENERATION)) : null;
}

/** What goes into the map, of an artifact whose rules are data. */
export function ruleData(manifest: Manifest, bytes: Uint8Array, slots: DataSlots): RuleData {
  const { rule_off, rules } = manifest.data ?? { rule_off: 0, rules: 0 };
  return { bytes, rule_off, rows: rules, slots: slots.of, generation: slots.generation };
}

function eventSource({ libbpf, types, rings }: Parts, owner: () => InKernel): EventSource {
  const layout = eventLayout(types);
  const infos = rings.map((fd) => mapInfoOf(libbpf, fd));
  return {
    rings: rings.map((fd, index) => ({ fd, id: infos[index]?.get('id') ?? 0 })),
    ring_bytes: infos[0]?.get('max_entries') ?? 0,
    record_bytes: layout.record_bytes,
    time_at: layout.at.time_ns,
    layout,
    names: {
      ruleAt: (slot) => (owner().retired ? -1 : owner().rules.slots.ruleAt(slot)),
      nameAt: (slot) => owner().rules.slots.nameAt(slot),
    },
    namesBySlot() {
      const { slots } = owner().rules;
      return Array.from({ length: slots.capacity }, (_, slot) => slots.nameAt(slot));
    },
    namesChanged: new Set(),
  };
}

/** Maps that this process reads or writes, but for the rings of events; the program has more. */
export function mapsOf(manifest: Manifest): readonly string[] {
  return [
    COUNTERS,
    ...(notesPackets(manifest) ? [TALLIES] : []),
    ...(manifest.data === null ? [] : [DATA]),
    ...(recalls(manifest) ? [GENERATION, FLOWS] : []),
    ...(manifest.interfaces.length === 0 ? [] : [INTERFACES]),
    ...(rejects(manifest) ? [ANSWERS] : []),
    ...(manifest.events === null ? [] : [LOGGED, EVENTS]),
    ...(manifest.sets ?? []).map((_, index) => setMapName(index)),
  ];
}

function notesPackets({ data }: Manifest): boolean {
  return data?.tallies === true;
}

/** Whether flows can be asked for ahead of the data. */
export function recalls({ data }: Manifest): boolean {
  return data?.recalls === true;
}

function rejects({ rules, default_verdict }: Manifest): boolean {
  return default_verdict === 'reject' || rules.some(({ verdict }) => verdict === 'reject');
}

/** Slots a CPU has: whole cache lines, so that no two CPUs write to one. Rules that are data may be joined by others. */
function counterStride({ rules, data }: Manifest): number {
  const spare = data === null ? 0 : Math.max(SPARE_SLOTS, rules.length >> 4);
  return Math.ceil((rules.length + 1 + spare) / LINE_SLOTS) * LINE_SLOTS;
}

function closeAll(opened: (() => void)[]): void {
  for (const close of opened.splice(0).reverse()) close();
}
