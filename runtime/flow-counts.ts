/**
 * Packets of flows that a program remembers, which it counts with their flow and not with their rule
 * (templates/include/pktc/flow_cache.h): what each CPU's lines have, in mapped memory. Numbers of moves go round at 2^32, as the program's do.
 */
import type { BtfType } from './abi/btf.ts';
import { damaged } from './abi/elf.ts';
import { type StructLayout, structLayout, wordOf } from './abi/struct-layout.ts';
import { LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';
import { mapMemory } from './mapped-memory.ts';

export interface FlowCount {
  readonly packets: number;
  /** Frame lengths. */
  readonly bytes: number;
}

export interface FlowCounts {
  /** By CPU, how many times lines gave what they had to a counter; while one of them does, this waits for it. */
  moved(): Uint32Array;
  /** Slots whose counters got something in between; null: there were more moves than a CPU writes down. */
  slotsOf(since: Uint32Array, until: Uint32Array): ReadonlySet<number> | null;
  /**
   * What lines have that counters had not, by slot.
   * @param since when counters were read
   * @returns `whole`: false when there were more moves since than a CPU writes down, and what they moved is missing
   */
  read(since: Uint32Array): { readonly counts: ReadonlyMap<number, FlowCount>; readonly whole: boolean };
  /** Each call of the result gives, by slot, how many packets more or less lines have than at the call before, or now. */
  watch(): () => ReadonlyMap<number, number>;
  /** Takes away what lines have for slots that nobody counts in any more. */
  drop(slots: ReadonlySet<number>): void;
  close(): void;
}

/** Lines are read so many at a time, so that no flow moves meanwhile. */
const GROUP_LINES = 512;
/** More than a CPU can have in the middle of a move, but for one that the machine has stopped. */
const SPINS = 100_000;
/** Of a group of lines, while flows move. */
const READINGS = 1000;
/** PKTC_FLOW_ANY */
const ANY_LINE = 0xffff_ffff;
/** 32-bit halves of a 64-bit word. */
const [LOW, HIGH] = LITTLE_ENDIAN ? ([0, 1] as const) : ([1, 0] as const);
/** PKTC_FLOW_PACKET: packets are above 40 bits of bytes. */
const HIGH_BYTES_BITS = 8;

/** Of a word that counts. */
function packetsOf(high: number): number {
  return high >>> HIGH_BYTES_BITS;
}

function bytesOf(high: number, low: number): number {
  return (high & ((1 << HIGH_BYTES_BITS) - 1)) * 2 ** 32 + low;
}

/** pktc_decision_rule() */
function slotOf(decided: number): number {
  return (decided >>> 3) & 0xfffff;
}

/**
 * @param fd of the map; it stays the caller's
 * @param types of the program's BTF
 * @throws RuntimeError PKT6003, PKT6008
 */
export function mapFlowCounts(libc: Libc, fd: number, types: readonly BtfType[], cpus: number): FlowCounts {
  const lines = mapLines(libc, fd, types, cpus);
  return {
    moved: () => Uint32Array.from(lines.cpus, lines.settled),
    slotsOf(since, until) {
      const slots = new Set<number>();
      for (const cpu of lines.cpus) {
        const moves = lines.movesBetween(cpu, since[cpu] ?? 0, until[cpu] ?? 0);
        if (moves === null) return null;
        for (const { slot, packets } of moves) if (packets > 0) slots.add(slot);
      }
      return slots;
    },
    read: (since) => readLines(lines, since),
    watch: () => watchLines(lines),
    drop: (slots) => dropLines(lines, slots),
    close: lines.close,
  };
}

/** Lines of all CPUs, and what moves between them. */
interface Lines {
  readonly cpus: readonly number[];
  /** Of each CPU. */
  readonly groups: readonly LineGroup[];
  /** 32-bit halves of what lines consist of. */
  readonly words: Uint32Array;
  /** Where the first line of a group is. */
  firstWord(cpu: number, group: LineGroup): number;
  /** How many moves of a CPU are done, when none is being made. */
  settled(cpu: number): number;
  /** Reads until nothing has moved meanwhile. Returns how many moves there had been. */
  stably(cpu: number, read: () => void): number;
  /** null: there were more than a CPU writes down. */
  movesBetween(cpu: number, since: number, until: number): readonly Move[] | null;
  close(): void;
}

function mapLines(libc: Libc, fd: number, types: readonly BtfType[], cpus: number): Lines {
  const layout = structLayout(types, 'pktc_flow_lines');
  const at = { begun: wordOf(layout, 'begun', 4), moved: wordOf(layout, 'moved', 4) };
  const moves = movesOf(layout, structLayout(types, 'pktc_flow_move'));
  const groups = [
    ...groupsOf(layout, 'ipv6', structLayout(types, 'pktc_flow_line6')),
    ...groupsOf(layout, 'ipv4', structLayout(types, 'pktc_flow_line4')),
  ];
  const page = libc.getpagesize();
  const length_bytes = Math.ceil((cpus * layout.size) / page) * page;
  const memory = mapMemory(libc, { fd, length_bytes, offset_bytes: 0, writable: true });
  const words = new Uint32Array(memory.buffer);
  const row = (cpu: number) => (cpu * layout.size) / 4;
  const begun = (cpu: number) => Atomics.load(words, row(cpu) + at.begun);
  const settled = (cpu: number) => {
    let moved = Atomics.load(words, row(cpu) + at.moved);
    for (let spin = 0; spin < SPINS && begun(cpu) !== moved; spin++) moved = Atomics.load(words, row(cpu) + at.moved);
    return moved;
  };
  return {
    cpus: Array.from({ length: cpus }, (_, cpu) => cpu),
    groups,
    words,
    firstWord: (cpu, group) => row(cpu) + group.at,
    settled,
    stably(cpu, read) {
      for (let reading = 1; ; reading++) {
        const moved = settled(cpu);
        read();
        if (begun(cpu) === moved || reading === READINGS) return moved;
      }
    },
    movesBetween(cpu, since, until) {
      const length = (until - since) >>> 0;
      if (length > moves.length) return null;
      const found = Array.from({ length }, (_, index): Move => {
        const word = row(cpu) + moves.at + (((since + index) >>> 0) % moves.length) * moves.words;
        const [high, low] = [words[word + moves.count + HIGH] ?? 0, words[word + moves.count + LOW] ?? 0];
        const [line, slot] = [words[word + moves.line] ?? 0, words[word + moves.slot] ?? 0];
        return { index, line, slot, packets: packetsOf(high), bytes: bytesOf(high, low) };
      });
      // Those that began since may have been written over the first of them.
      return (begun(cpu) - since) >>> 0 > moves.length ? null : found;
    },
    close: memory.close,
  };
}

function readLines(lines: Lines, since: Uint32Array): ReturnType<FlowCounts['read']> {
  let whole = true;
  const counts = new Map<number, { packets: number; bytes: number }>();
  const add = (slot: number, packets: number, bytes: number) => {
    const count = counts.get(slot) ?? { packets: 0, bytes: 0 };
    counts.set(slot, { packets: count.packets + packets, bytes: count.bytes + bytes });
  };
  const { words } = lines;
  for (const cpu of lines.cpus) {
    const first = since[cpu] ?? 0;
    const movedBefore = lines.groups.map((group) => {
      let found: number[] = [];
      const moved = lines.stably(cpu, () => {
        found = [];
        for (let line = 0, word = lines.firstWord(cpu, group); line < group.lines; line++, word += group.words) {
          const high = words[word + group.high] ?? 0;
          if (high !== 0) found.push(slotOf(words[word + group.decided] ?? 0), high, words[word + group.low] ?? 0);
        }
      });
      for (let index = 0; index < found.length; index += 3) {
        const high = found[index + 1] ?? 0;
        add(found[index] ?? 0, packetsOf(high), bytesOf(high, found[index + 2] ?? 0));
      }
      return (moved - first) >>> 0;
    });
    const moves = lines.movesBetween(cpu, first, lines.settled(cpu));
    if (moves === null) whole = false;
    for (const { index, line, slot, packets, bytes } of moves ?? []) {
      if (line === ANY_LINE) whole = false;
      const group = lines.groups.findIndex((one) => line >= one.first && line < one.first + one.lines);
      // It had left its line when that was read, and came to its counter when that had been.
      if (index < (movedBefore[group] ?? 0)) add(slot, packets, bytes);
    }
  }
  return { counts, whole };
}

function watchLines(lines: Lines): () => ReadonlyMap<number, number> {
  const { words } = lines;
  const total = lines.groups.reduce((sum, group) => sum + group.lines, 0);
  const before = { slots: new Uint32Array(lines.cpus.length * total), packets: new Uint32Array(lines.cpus.length * total) };
  const look = () => {
    const changes = new Map<number, number>();
    const change = (slot: number, packets: number) => changes.set(slot, (changes.get(slot) ?? 0) + packets);
    for (const cpu of lines.cpus) {
      for (const group of lines.groups) {
        let found: number[] = [];
        lines.stably(cpu, () => {
          found = [];
          let place = cpu * total + group.first;
          for (let line = 0, word = lines.firstWord(cpu, group); line < group.lines; line++, place++, word += group.words) {
            const high = words[word + group.high] ?? 0;
            // Most lines have counted nothing.
            if (high === 0 && before.packets[place] === 0) continue;
            const [slot, packets] = [slotOf(words[word + group.decided] ?? 0), packetsOf(high)];
            if (packets !== before.packets[place] || slot !== before.slots[place]) found.push(place, slot, packets);
          }
        });
        for (let index = 0; index < found.length; index += 3) {
          const [place, slot, packets] = [found[index] ?? 0, found[index + 1] ?? 0, found[index + 2] ?? 0];
          change(before.slots[place] ?? 0, -(before.packets[place] ?? 0));
          change(slot, packets);
          before.slots[place] = slot;
          before.packets[place] = packets;
        }
      }
    }
    return changes;
  };
  look();
  return look;
}

function dropLines(lines: Lines, slots: ReadonlySet<number>): void {
  const { words } = lines;
  for (const cpu of lines.cpus) {
    for (const group of lines.groups) {
      lines.stably(cpu, () => {
        for (let line = 0, word = lines.firstWord(cpu, group); line < group.lines; line++, word += group.words) {
          if (words[word + group.high] === 0 || !slots.has(slotOf(words[word + group.decided] ?? 0))) continue;
          words[word + group.high] = 0;
          words[word + group.low] = 0;
        }
      });
    }
  }
}

/** What left a line: the how manieth since some time. */
interface Move extends FlowCount {
  readonly index: number;
  readonly line: number;
  readonly slot: number;
}

/** All offsets in 32-bit words. */
function movesOf(layout: StructLayout, move: StructLayout) {
  const { offset, length } = layout.member('moves');
  if (length === null || length === 0) throw damaged('`pktc_flow_lines.moves` is not an array');
  return {
    at: offset / 4,
    length,
    words: move.size / 4,
    line: wordOf(move, 'line', 4),
    slot: wordOf(move, 'slot', 4),
    count: wordOf(move, 'count', 8),
  };
}

interface LineGroup {
  /** Of all of a CPU: those of IPv6 come first. */
  readonly first: number;
  readonly lines: number;
  /** From the beginning of what a CPU has. */
  readonly at: number;
  /** Of a line. */
  readonly words: number;
  /** Within a line: what was decided, and the halves of what it counts, of which the upper one is 0 only where all is. */
  readonly decided: number;
  readonly high: number;
  readonly low: number;
}

/** Groups of the lines of a family. */
function groupsOf(layout: StructLayout, family: 'ipv6' | 'ipv4', line: StructLayout): readonly LineGroup[] {
  const { offset, length } = layout.member(family);
  const at = line.member('at');
  if (length === null || at.size !== 8 || at.length === null) throw damaged(`\`pktc_flow_lines.${family}\` are not lines`);
  const first = family === 'ipv6' ? 0 : (layout.member('ipv6').length ?? 0);
  const words = line.size / 4;
  const [decided, count] = [2 * (at.length - 2), 2 * (at.length - 1)];
  return Array.from({ length: Math.ceil(length / GROUP_LINES) }, (_, group) => ({
    first: first + group * GROUP_LINES,
    lines: Math.min(GROUP_LINES, length - group * GROUP_LINES),
    at: offset / 4 + group * GROUP_LINES * words,
    words,
    decided: decided + LOW,
    high: count + HIGH,
    low: count + LOW,
  }));
}
