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

/** Boxes that a pair of lengths is chosen by; what is left after the first pairs is looked at in less detail. */
const SAMPLE_FIRST = 12_288;
const SAMPLE = 4096;
/** Lengths of one address that are tried as the number of bits to hash. */
const LENGTHS_TRIED = 10;
/** Fewer boxes than this are one tree. */
const FEW = 24;
/** A pair must be worth this part of the boxes that are left, or longer buckets are put up with. */
const WORTH_MIN = 0.2;
/** A bucket of two to the power of it is worth nothing: large sets are strict first. */
const DOUBLINGS: readonly number[] = [4, 8, 16];

export function wordsOf(dimensions: Dimensions, six: boolean): { readonly src: Words; readonly dst: Words } {
  const words = (at: number): Words => {
    const dimension = dimensions.ranges.find((range) => range.at === at);
    const none = new Uint32Array(0);
    return { high: dimension?.firstHigh ?? none, low: dimension?.first ?? none, bits: six ? 64 : 32 };
  };
  return { src: words(0), dst: words(2) };
}

/**
 * Takes, again and again, the pair of lengths whose buckets are short for the most boxes that are left. Which of them a set is better off
 * without is found out by growing trees (arrange.ts).
 */
export function choosePairs(dimensions: Dimensions, count: number, six: boolean, most: number): readonly Fixed[] {
  const chosen: Fixed[] = [];
  let left = Uint32Array.from({ length: count }, (_, box) => box);
  while (chosen.length < Math.min(most, PARTITIONS_MAX) - 1 && left.length >= FEW) {
    const sample = sampleOf(left, chosen.length === 0 ? SAMPLE_FIRST : SAMPLE);
    const fixed = acceptablePair(dimensions, sample, six, left.length / sample.length);
    if (fixed === null) break;
    chosen.push(fixed);
    left = left.filter((box) => !isIn(dimensions, fixed, box));
  }
  return chosen;
}

function sampleOf(boxes: Uint32Array, size: number): Uint32Array {
  if (boxes.length <= size) return boxes;
  return Uint32Array.from({ length: size }, (_, at) => boxes[Math.floor((at * boxes.length) / size)] ?? 0);
}

function acceptablePair(dimensions: Dimensions, sample: Uint32Array, six: boolean, scale: number): Fixed | null {
  for (const doublings of DOUBLINGS) {
    const best = bestPair(dimensions, sample, six, scale, doublings);
    if (best !== null && best.worth >= WORTH_MIN * sample.length) return best.fixed;
  }
  return null;
}

function isIn({ srcFixed, dstFixed }: Dimensions, { src, dst }: Fixed, box: number): boolean {
  return (srcFixed[box] ?? 0) >= src && (dstFixed[box] ?? 0) >= dst;
}

const REST: Fixed = { src: 0, dst: 0 };

/** The pair that a box is found by when these are chosen. */
export function partitionOf(dimensions: Dimensions, chosen: readonly Fixed[], box: number): Fixed {
  return chosen.find((fixed) => isIn(dimensions, fixed, box)) ?? REST;
}

/** Each box in the first of the pairs that it settles, the others in a tree without buckets. */
export function divide(dimensions: Dimensions, count: number, chosen: readonly Fixed[]): readonly Partition[] {
  const all = [...chosen, REST];
  const where = new Uint8Array(count);
  const sizes = new Uint32Array(all.length);
  for (let box = 0; box < count; box++) {
    let at = 0;
    while (!isIn(dimensions, all[at] as Fixed, box)) at++;
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

function bestPair(dimensions: Dimensions, sample: Uint32Array, six: boolean, scale: number, doublings: number) {
  const { src, dst } = wordsOf(dimensions, six);
  const table = new Uint32Array(4 * 2 ** Math.ceil(Math.log2(sample.length)));
  let best: { fixed: Fixed; worth: number } | null = null;
  for (const one of lengths(dimensions.srcFixed, sample)) {
    for (const two of lengths(dimensions.dstFixed, sample)) {
      if (one === 0 && two === 0) continue;
      const fixed = { src: one, dst: two };
      const eligible = sample.filter((box) => isIn(dimensions, fixed, box));
      if (best !== null && eligible.length <= best.worth) continue;
      const worth = worthOf(eligible, (box) => hashBox(src, dst, fixed, box), table, scale, doublings);
      if (best === null || worth > best.worth) best = { fixed, worth };
    }
  }
  return best;
}

/** A box alone in its bucket is worth 1, and less with each doubling of the bucket; `scale`: boxes to one of the sample. */
function worthOf(
  boxes: Uint32Array,
  hash: (box: number) => number,
  table: Uint32Array,
  scale: number,
  doublings: number,
): number {
  const shift = Math.clz32(table.length) + 1;
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
