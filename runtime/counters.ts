/**
 * Counters of a running program: an array in the kernel, a row for each CPU, read from mapped memory in one go, and what each CPU has yet to add
 * to its row: packets that it noted, and packets of flows that it remembers.
 */
import type { BtfType } from './abi/btf.ts';
import { type StructLayout, wordOf } from './abi/struct-layout.ts';
import { LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';
import { type FlowCounts, mapFlowCounts } from './flow-counts.ts';
import { mapMemory } from './mapped-memory.ts';
import type { Slots } from './slots.ts';
import { mapTallies, type Tallies, watchNoted } from './tallies.ts';

/** 64 bits each: at 100 Gbit/s the bytes last for 46 years. */
export interface RuleCounter {
  readonly packets: bigint;
  /** Frame lengths, from the Ethernet header on. */
  readonly bytes: bigint;
  /** Events written for user space. */
  readonly logged: bigint;
  /** Events that found the ring full. */
  readonly lost: bigint;
}

export interface CounterTable {
  /**
   * Sums over the CPUs: one a rule in evaluation order, then the default's. While packets come, the four numbers of a rule may be some
   * packets apart: as many as each CPU notes before it adds them up.
   */
  read(slots: Slots): readonly RuleCounter[];
  /** Each call of the result gives the slots that have counted a packet since the call before, or since now; ascending. */
  watch(): () => readonly number[];
  /** Sets counters to zero that no packet counts in. */
  clear(slots: readonly number[]): void;
  close(): void;
}

/** A map of slots, and what one of them is in the program's BTF. */
export interface SlotMap {
  readonly fd: number;
  readonly layout: StructLayout;
}

export interface CounterMaps {
  /** struct pktc_counter */
  readonly counted: SlotMap;
  /** struct pktc_logged; null: the program logs nothing. */
  readonly logged: SlotMap | null;
  /** struct pktc_tally; null: the program adds each packet at once. */
  readonly tallies: SlotMap | null;
  /** struct pktc_flow_lines; null: the program counts no packets with their flow. */
  readonly flows: { readonly fd: number; readonly types: readonly BtfType[] } | null;
  /** Slots from one CPU's row to the next. */
  readonly stride: number;
  readonly cpus: number;
}

const COUNT_BYTES = 8;
/** 32-bit halves of a 64-bit word. */
const [LOW, HIGH] = LITTLE_ENDIAN ? ([0, 1] as const) : ([1, 0] as const);
/** A change is looked for in pieces of this size. */
const PIECE_BYTES = 32 << 10;

/** The counters are read again when a CPU adds to them what it noted: the second time, all is in them that an earlier reading saw. */
const READINGS = 3;
/** And when more moved from flows than is known. */
const FLOW_READINGS = 10;
/** Of those counters alone that flows gave something to meanwhile. */
const LATER_READINGS = 100;

/** @throws RuntimeError PKT6003, PKT6008 */
export function mapCounters(
  libc: Libc,
  { counted, logged, tallies: noting, flows: remembering, stride, cpus }: CounterMaps,
): CounterTable {
  const rows = { stride, cpus };
  const opened: (() => void)[] = [];
  const close = () => {
    for (const one of opened) one();
  };
  try {
    const counts = mapSlots(libc, counted, rows);
    opened.push(counts.close);
    const events = logged === null ? null : mapSlots(libc, logged, rows);
    if (events !== null) opened.push(events.close);
    const tallies = noting === null ? null : mapTallies(libc, noting, cpus);
    if (tallies !== null) opened.push(tallies.close);
    const flows = remembering === null ? null : mapFlowCounts(libc, remembering.fd, remembering.types, cpus);
    if (flows !== null) opened.push(flows.close);
    const packets = counts.member('packets');
    const bytes = counts.member('bytes');
    const handed = events?.member('events');
    const lost = events?.member('lost');
    const counter = (slot: number): RuleCounter => ({
      packets: packets(slot),
      bytes: bytes(slot),
      logged: handed?.(slot) ?? 0n,
      lost: lost?.(slot) ?? 0n,
    });
    return {
      read: counterReader(counter, tallies, flows),
      watch: () => watchCounters(counts, wordOf(counted.layout, 'packets', COUNT_BYTES), tallies, flows),
      clear(slots) {
        if (slots.length > 0) {
          const gone = new Set(slots);
          flows?.drop(gone);
          tallies?.drop(gone);
        }
        for (const slot of slots) {
          counts.clear(slot);
          events?.clear(slot);
        }
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** @param counter reads the counter of a slot */
function counterReader(
  counter: (slot: number) => RuleCounter,
  tallies: Tallies | null,
  flows: FlowCounts | null,
): CounterTable['read'] {
  const readOnce = (slots: Slots) => {
    const counters = new Array<RuleCounter>(slots.of.length + 1);
    for (let rule = 0; rule < slots.of.length; rule++) counters[rule] = counter(slots.of[rule] ?? 0);
    counters[slots.of.length] = counter(slots.default);
    return counters;
  };
  /** Counters, and what flows have beside them. */
  const readWithFlows = (slots: Slots, remembered: FlowCounts) => {
    let since = remembered.moved();
    const counters = readOnce(slots);
    let moved: ReadonlySet<number> | null = null;
    for (let reading = 1; reading <= LATER_READINGS; reading++) {
      const now = remembered.moved();
      moved = remembered.slotsOf(since, now);
      since = now;
      if (moved === null || moved.size === 0) break;
      for (const slot of moved) {
        const rule = ruleOf(slots, slot);
        if (counters[rule] !== undefined) counters[rule] = counter(slot);
      }
    }
    const { counts, whole } = remembered.read(since);
    for (const [slot, { packets, bytes }] of counts) addTo(counters, ruleOf(slots, slot), packets, bytes);
    return { counters, whole: whole && moved?.size === 0 };
  };
  return (slots) => {
    for (let reading = 1; ; reading++) {
      const added = tallies?.added();
      const { counters, whole } = flows === null ? { counters: readOnce(slots), whole: true } : readWithFlows(slots, flows);
      const noted = added === undefined ? [] : (tallies?.noted(added) ?? null);
      if ((noted === null && reading < READINGS) || (!whole && reading < FLOW_READINGS)) continue;
      for (const packet of noted ?? []) addTo(counters, ruleOf(slots, packet.slot), 1, packet.bytes);
      return counters;
    }
  };
}

/** The place of a slot's counter among those of the rules; -1: of none of them. */
function ruleOf(slots: Slots, slot: number): number {
  return slot === slots.default ? slots.of.length : slots.ruleAt(slot);
}

function addTo(counters: RuleCounter[], rule: number, packets: number, bytes: number): void {
  const counter = counters[rule];
  if (counter === undefined) return;
  counters[rule] = { ...counter, packets: counter.packets + BigInt(packets), bytes: counter.bytes + BigInt(bytes) };
}

interface MappedSlots {
  readonly buffer: ArrayBuffer;
  readonly used_bytes: number;
  /** 32-bit words of a slot, and of a CPU's row. */
  readonly slot_halves: number;
  readonly row_halves: number;
  /** Reads the sum over the CPUs of one member, by slot. */
  member(name: string): (slot: number) => bigint;
  clear(slot: number): void;
  close(): void;
}

function mapSlots(libc: Libc, { fd, layout }: SlotMap, { stride, cpus }: Pick<CounterMaps, 'stride' | 'cpus'>): MappedSlots {
  const page = libc.getpagesize();
  const used_bytes = cpus * stride * layout.size;
  const slot_halves = layout.size / 4;
  const row_halves = stride * slot_halves;
  const memory = mapMemory(libc, { fd, length_bytes: Math.ceil(used_bytes / page) * page, offset_bytes: 0, writable: true });
  const halves = new Uint32Array(memory.buffer);
  /** A sum of four billion packets or fewer needs no arithmetic on BigInt. */
  const sum = (slot: number, member: number) => {
    let low = 0;
    let high = 0;
    for (let cpu = 0, word = slot * slot_halves + member; cpu < cpus; cpu++, word += row_halves) {
      let upper = halves[word + HIGH] ?? 0;
      let lower = halves[word + LOW] ?? 0;
      // The halves are read one after the other, while the program may be adding.
      for (let again = halves[word + HIGH] ?? 0; again !== upper; again = halves[word + HIGH] ?? 0) {
        upper = again;
        lower = halves[word + LOW] ?? 0;
      }
      low += lower;
      high += upper;
    }
    if (high === 0) return low === 0 ? 0n : BigInt(low);
    return (BigInt(high) << 32n) + BigInt(low);
  };
  return {
    buffer: memory.buffer,
    used_bytes,
    slot_halves,
    row_halves,
    member(name) {
      const word = wordOf(layout, name, COUNT_BYTES);
      return (slot) => sum(slot, word);
    },
    clear(slot) {
      for (let cpu = 0; cpu < cpus; cpu++) {
        const word = cpu * row_halves + slot * slot_halves;
        halves.fill(0, word, word + slot_halves);
      }
    },
    close: memory.close,
  };
}

/** @param packets offset of the packets in a slot, in 32-bit words */
function watchCounters(
  { buffer, used_bytes, slot_halves, row_halves }: MappedSlots,
  packets: number,
  tallies: Tallies | null,
  flows: FlowCounts | null,
) {
  const now = Buffer.from(buffer, 0, used_bytes);
  const before = Buffer.from(now);
  const words = (bytes: Buffer) => new Uint32Array(bytes.buffer, bytes.byteOffset, used_bytes / 4);
  const [nowWords, beforeWords] = [words(now), words(before)];
  const noted = tallies === null ? null : watchNoted(tallies);
  const remembered = flows?.watch();
  /** By slot, packets that were not told; below 0, what left a flow's line and is not seen in its counter yet. */
  const untold = new Map<number, number>();
  const add = (slot: number, more: number) => untold.set(slot, (untold.get(slot) ?? 0) + more);
  return () => {
    const told = noted?.();
    for (let piece = 0; piece < used_bytes; piece += PIECE_BYTES) {
      const end = Math.min(piece + PIECE_BYTES, used_bytes);
      if (now.compare(before, piece, end, piece, end) === 0) continue;
      const last = Math.ceil(end / 4 / slot_halves) * slot_halves;
      for (let word = Math.floor(piece / 4 / slot_halves) * slot_halves; word < last; word += slot_halves) {
        const counted = word + packets + LOW;
        const more = ((nowWords[counted] ?? 0) - (beforeWords[counted] ?? 0)) >>> 0;
        const slot = (word % row_halves) / slot_halves;
        if (more !== 0) add(slot, more - (told?.added(Math.floor(word / row_halves), slot) ?? 0));
      }
      before.set(now.subarray(piece, end), piece);
    }
    for (const slot of told?.slots ?? []) add(slot, 1);
    // Behind the counters: what leaves a line meanwhile is missed for once, and not told twice.
    for (const [slot, more] of remembered?.() ?? []) add(slot, more);
    const changed = [...untold].filter(([, more]) => more > 0).map(([slot]) => slot);
    for (const [slot, more] of untold) if (more >= 0) untold.delete(slot);
    return changed.sort((a, b) => a - b);
  };
}
