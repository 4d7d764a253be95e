/**
 * What trees cost, found by walking them: packets made from boxes go down the partitions as they do in the kernel
 * (templates/include/pktc/tree.h), and nodes and records are counted.
 */
import { inWindow } from './choose-cut.ts';
import type { BitsDimension, Dimension, Dimensions } from './dimensions.ts';
import type { GrownPartition } from './grow-set.ts';
import { below } from './growth.ts';
import { bucketOf, hashAddresses } from './hash-address.ts';
import { HEADER, LEAF, LONG_LEAF, NO_ENTRY, NODE_WORDS } from './tree-store.ts';

/** Keys, 16 words each, their most and least significant halves. */
export interface Probes {
  readonly dimensions: Dimensions;
  readonly entry: Uint32Array;
  readonly six: boolean;
  readonly count: number;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

export interface Cost {
  /** Nodes and records that a packet reads. */
  readonly reads: number;
  /** The same by what they take: what is compared when trees are chosen. */
  readonly price: number;
}

const WORDS = 16;
/** Packets: one for two boxes, but no fewer and no more than so many. */
const PROBES = { least: 256, most: 1024 } as const;
/** A record beside the first one of its leaf, in node reads: it lies in a line that is there already, or nearly. */
const NEXT_RECORD = 0.5;
/** A leaf that is too long for the plain loop. */
const LONG = 40;
/** What a line of the data costs in node reads when it is in none of the processor's caches, and boxes from where on it is not. */
const COLD = 3;
const COLD_BOXES = 8192;
/** Nodes to a line of 64 bytes; records are of 32 or 64. */
const LINE_NODES = 4;

/** A packet of each sampled box; every fourth one has its destination and the rest from another box. */
export function probesOf(dimensions: Dimensions, entry: Uint32Array, six: boolean): Probes {
  const count = Math.min(PROBES.most, Math.max(PROBES.least, entry.length >>> 1));
  const high = new Uint32Array(WORDS * count);
  const low = new Uint32Array(WORDS * count);
  let state = 1;
  // A linear congruential generator (Numerical Recipes, 2nd ed., 7.1): the same packets every time.
  const between = (first: number, last: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return first + Math.floor((state / 2 ** 32) * (last - first + 1));
  };
  for (let probe = 0; probe < count; probe++) {
    const box = Math.floor(((probe + 0.5) * entry.length) / count);
    const other = probe % 4 === 3 ? between(0, entry.length - 1) : box;
    for (const { at, first, last, firstHigh, lastHigh } of dimensions.ranges) {
      const from = at < 2 ? box : other;
      high[WORDS * probe + at] = between(firstHigh[from] as number, lastHigh[from] as number);
      low[WORDS * probe + at] = between(first[from] as number, last[from] as number);
    }
    if (dimensions.bits !== null)
      low[WORDS * probe + dimensions.bits.at] = bitsOf(dimensions, dimensions.bits, other, WORDS * probe, low);
  }
  return { dimensions, entry, six, count, high, low };
}

/** What the box wants, and of the rest what the values drawn at `key` say. */
function bitsOf({ ranges }: Dimensions, bits: BitsDimension, box: number, key: number, low: Uint32Array): number {
  const mask = bits.mask[box] ?? 0;
  let value = bits.value[box] ?? 0;
  for (const { bit, range } of bits.implied) {
    const at = ranges[range]?.at;
    if (at !== undefined && (mask & bit) === 0 && (low[key + at] as number) > 0) value |= bit;
  }
  return value;
}

/**
 * @param parts ascending by their lowest entry
 * @param most a price that is not asked for more exactly when it is above this: infinite then
 */
export function costOf(parts: readonly GrownPartition[], probes: Probes, most = Infinity): Cost {
  const sum: Sum = { reads: 0, price: 0, lines: 0 };
  const touched = parts.map(({ store }) => ({
    nodes: new Uint8Array(store.nodeCount / LINE_NODES + 1),
    records: new Uint8Array(store.recordCount + 1),
  }));
  for (let probe = 0; probe < probes.count; probe++) {
    let best = NO_ENTRY;
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at] as GrownPartition;
      if (part.root.first < best) best = walk(part, probes, WORDS * probe, best, sum, touched[at] as Touched);
    }
    if (sum.price > most * probes.count) return { reads: Infinity, price: Infinity };
  }
  // Packets of the sample that meet in a line are packets that meet in a cache.
  sum.price += COLD * Math.min(1, probes.entry.length / COLD_BOXES) * sum.lines;
  return { reads: sum.reads / probes.count, price: sum.price / probes.count };
}

interface Sum {
  reads: number;
  price: number;
  /** That any packet has touched. */
  lines: number;
}

/** Lines of one partition's nodes and records: 1 where a packet has been. */
interface Touched {
  readonly nodes: Uint8Array;
  readonly records: Uint8Array;
}

function touch(lines: Uint8Array, line: number, sum: Sum): void {
  if (lines[line] !== 0) return;
  lines[line] = 1;
  sum.lines++;
}

/** The lowest entry that matches, or `best`. */
function walk(part: GrownPartition, probes: Probes, key: number, best: number, sum: Sum, touched: Touched): number {
  const { high, low } = probes;
  const { nodes, nodeBytes } = part.store;
  let node = bucketAt(part, probes, key);
  for (;;) {
    sum.reads++;
    sum.price++;
    touch(touched.nodes, (node / LINE_NODES) | 0, sum);
    const word = NODE_WORDS * node;
    if ((nodes[word + 3] as number) >= best) return best;
    const at = nodeBytes[4 * word + 4] as number;
    const shift = nodeBytes[4 * word + 5] as number;
    const up = nodeBytes[4 * word + 6] as number;
    const down = nodeBytes[4 * word + 7] as number;
    const place = key + (at & (WORDS - 1));
    const value = (wordAt(high[place] as number, low[place] as number, shift) - (nodes[word] as number)) >>> 0;
    const next = nodes[word + 2] as number;
    if ((at & LEAF) === 0) node = next + ((value << up) >>> down);
    else if (value >>> down !== 0 || up === 0) return best;
    else return lookThrough(part, probes, key, best, next, up, sum, touched.records);
  }
}

function lookThrough(
  part: GrownPartition,
  probes: Probes,
  key: number,
  best: number,
  first: number,
  length: number,
  sum: Sum,
  touched: Uint8Array,
): number {
  const { boxes, longLeaves } = part.store;
  const long = length === LONG_LEAF;
  const count = long ? (longLeaves.get(first) ?? 0) : length;
  const start = boxes[first] === HEADER ? first + 1 : first;
  if (long) sum.price += LONG;
  for (let record = start; record < start + count; record++) {
    const box = boxes[record] as number;
    sum.reads++;
    touch(touched, probes.six ? record : record >>> 1, sum);
    sum.price += record === start || probes.six ? 1 : NEXT_RECORD;
    const entry = probes.entry[box] as number;
    if (entry >= best) return best;
    if (isInside(probes, key, box)) return entry;
  }
  return best;
}

function isInside({ dimensions, high, low }: Probes, key: number, box: number): boolean {
  const { ranges } = dimensions;
  for (let range = 0; range < ranges.length; range++) {
    const { at, first, last, firstHigh, lastHigh } = ranges[range] as Dimension;
    const h = high[key + at] as number;
    const l = low[key + at] as number;
    if (!below(firstHigh[box] as number, first[box] as number, h, l)) return false;
    if (!below(h, l, lastHigh[box] as number, last[box] as number)) return false;
  }
  const { bits } = dimensions;
  return bits === null || ((low[key + bits.at] as number) & (bits.mask[box] ?? 0)) === bits.value[box];
}

function wordAt(high: number, low: number, shift: number): number {
  if (shift <= 32) return inWindow(high, low, shift);
  return shift >= 64 ? 0 : high >>> (shift - 32);
}

function bucketAt({ root }: GrownPartition, { high, low }: Probes, key: number): number {
  const { srcShift, dstShift, buckets } = root;
  if (buckets === 1) return 0;
  const srcHigh = high[key] ?? 0;
  const src = low[key] ?? 0;
  const dstHigh = high[key + 2] ?? 0;
  const dst = low[key + 2] ?? 0;
  const hash = hashAddresses(
    srcShift >= 32 ? 0 : srcHigh >>> srcShift,
    wordAt(srcHigh, src, srcShift),
    dstShift >= 32 ? 0 : dstHigh >>> dstShift,
    wordAt(dstHigh, dst, dstShift),
  );
  return bucketOf(hash, buckets);
}
