/**
 * Which boxes share a tree. Boxes that settle the first bits of their addresses are found by hashing those bits: one read leads to the
 * few boxes of a bucket, whatever their number. What is left (any address, or nearly) is one tree more.
 */

import { PARTITIONS_MAX } from './box-set.ts';
import { countUp } from './counting.ts';
import type { Dimensions } from './dimensions.ts';
import { type Fixed, hashBox, type Words } from './hash-address.ts';

export interface Partition extends Fixed {
  /** Ascending. */
  readonly boxes: Uint32Array;
}

const SAMPLE = 16_384;
/** Lengths of one address that are tried as the number of bits to hash. */
const LENGTHS_TRIED = 10;
/** Fewer boxes than this stay in one tree. */
const FEW = 24;
/** A partition is a read more for every packet: it must take this part of all boxes. */
const SHARE_MIN = 0.02;

export function wordsOf(dimensions: Dimensions, six: boolean): { readonly src: Words; readonly dst: Words } {
  const words = (at: number): Words => {
    const dimension = dimensions.ranges.find((range) => range.at === at);
    const none = new Uint32Array(0);
    return { high: dimension?.firstHigh ?? none, low: dimension?.first ?? none, bits: six ? 64 : 32 };
  };
  return { src: words(0), dst: words(2) };
}

export function wholeSet(count: number): readonly Partition[] {
  return [{ src: 0, dst: 0, boxes: Uint32Array.from({ length: count }, (_, box) => box) }];
}

/** Takes, again and again, the pair of lengths whose buckets are short for the most boxes. */
export function choosePartitions(dimensions: Dimensions, count: number, six: boolean, most: number): readonly Partition[] {
  if (count < FEW || most < 2) return wholeSet(count);
  const sampled = Math.min(count, SAMPLE);
  let sample: Uint32Array = Uint32Array.from({ length: sampled }, (_, at) => Math.floor((at * count) / sampled));
  const chosen: Fixed[] = [];
  while (chosen.length < Math.min(most, PARTITIONS_MAX) - 1 && sample.length > Math.max(8, SHARE_MIN * sampled)) {
    const next = bestPair(dimensions, sample, six, count / sampled);
    if (next === null || next.worth < SHARE_MIN * sampled) break;
    chosen.push(next.fixed);
    sample = sample.filter((box) => !isIn(dimensions, next.fixed, box));
  }
  return divide(dimensions, count, chosen);
}

function isIn({ srcFixed, dstFixed }: Dimensions, { src, dst }: Fixed, box: number): boolean {
  return (srcFixed[box] ?? 0) >= src && (dstFixed[box] ?? 0) >= dst;
}

function divide(dimensions: Dimensions, count: number, chosen: readonly Fixed[]): readonly Partition[] {
  const all = [...chosen, { src: 0, dst: 0 }];
  const where = new Uint8Array(count);
  const sizes = new Uint32Array(all.length);
  for (let box = 0; box < count; box++) {
    const at = all.findIndex((fixed) => isIn(dimensions, fixed, box));
    where[box] = at;
    countUp(sizes, at);
  }
  const lists = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let box = 0; box < count; box++) {
    const at = where[box] ?? 0;
    (lists[at] as Uint32Array)[countUp(sizes, at)] = box;
  }
  return all.flatMap((fixed, at) => {
    const boxes = lists[at];
    return boxes === undefined || boxes.length === 0 ? [] : [{ ...fixed, boxes }];
  });
}

function bestPair(dimensions: Dimensions, sample: Uint32Array, six: boolean, scale: number) {
  const { src, dst } = wordsOf(dimensions, six);
  const table = new Uint32Array(4 * 2 ** Math.ceil(Math.log2(sample.length)));
  let best: { fixed: Fixed; worth: number } | null = null;
  for (const one of lengths(dimensions.srcFixed, sample)) {
    for (const two of lengths(dimensions.dstFixed, sample)) {
      if (one === 0 && two === 0) continue;
      const fixed = { src: one, dst: two };
      const eligible = sample.filter((box) => isIn(dimensions, fixed, box));
      if (best !== null && eligible.length <= best.worth) continue;
      const worth = worthOf(eligible, (box) => hashBox(src, dst, fixed, box), table, scale);
      if (best === null || worth > best.worth) best = { fixed, worth };
    }
  }
  return best;
}

/**
 * A box alone in its bucket is worth 1, and less with each doubling of the bucket; `scale`: boxes to one of the sample. A read more for every
 * packet costs more than a longer bucket while all is in the processor's caches, so that small sets had better have fewer partitions.
 */
function worthOf(boxes: Uint32Array, hash: (box: number) => number, table: Uint32Array, scale: number): number {
  const shift = Math.clz32(table.length) + 1;
  const doublings = scale > 1 ? 4 : 8;
  table.fill(0);
  const hashes = boxes.map(hash);
  for (const value of hashes) countUp(table, value >>> shift);
  let worth = 0;
  for (const value of hashes)
    worth += Math.max(0, 1 - Math.log2(1 + scale * ((table[value >>> shift] as number) - 1)) / doublings);
  return worth;
}

/** 0, and lengths that part of the sample has: the most frequent ones. */
function lengths(fixed: Uint8Array, sample: Uint32Array): readonly number[] {
  const counts = new Uint32Array(65);
  for (const box of sample) countUp(counts, fixed[box] ?? 0);
  const present = Array.from(counts.keys()).filter((length) => length > 0 && (counts[length] ?? 0) > 0);
  const frequent = present.toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0)).slice(0, LENGTHS_TRIED);
  return [0, ...frequent];
}
