/** The trees of one set of boxes, one a partition. */

import type { BoxSet } from './box-set.ts';
import { countUp } from './counting.ts';
import type { Dimensions } from './dimensions.ts';
import { growNode } from './grow-tree.ts';
import { CUT_BITS_MAX, DEPTH_MAX, type Growth, newCell, wholeKey } from './growth.ts';
import { bucketOf, type Fixed, hashBox } from './hash-address.ts';
import { type Partition, wordsOf } from './partitions.ts';
import { addNodes, clearNode, newStore, type TreeStore } from './tree-store.ts';

/** Where a partition begins: the bucket of the packet's addresses, one of the first nodes of its tree. */
export interface Root {
  /** Lowest entry in the partition. */
  readonly first: number;
  /** 1: none. */
  readonly buckets: number;
  /** How far the words of source and destination are shifted before they are hashed: 64 leaves nothing. */
  readonly srcShift: number;
  readonly dstShift: number;
}

export interface GrownPartition {
  readonly partition: Partition;
  readonly root: Root;
  readonly store: TreeStore;
  /** Most nodes on the way to a leaf, most records in one. */
  readonly depth: number;
  readonly longest: number;
}

export interface GrowOptions {
  /** Boxes that are not worth dividing. */
  readonly leaf: number;
  /** Records to a box, up to which boxes are repeated for speed. */
  readonly repeat: number;
}

/** A partition may repeat its boxes more often when it has few of the set's: it gets this part of all boxes as records more. */
const EXTRA = 0.3;

export function newGrowth(set: BoxSet, dimensions: Dimensions, { leaf, repeat }: GrowOptions): Growth {
  const { ranges } = dimensions;
  const levels = Array.from({ length: DEPTH_MAX + 1 });
  const growth: Growth = {
    set,
    dimensions,
    ranges,
    store: newStore(0),
    pool: new Uint32Array(4 * set.count + 1024),
    top: 0,
    cells: levels.map(() => newCell(ranges.length)),
    hulls: levels.map(() => newCell(ranges.length)),
    fresh: levels.map(() => new Uint8Array(2 ** CUT_BITS_MAX + 2)),
    firsts: new Uint32Array(set.count),
    lasts: new Uint32Array(set.count),
    starts: new Uint32Array(2 ** CUT_BITS_MAX + 2),
    ends: new Uint32Array(2 ** CUT_BITS_MAX + 2),
    leaf,
    repeat,
    saved: 0,
    work: 0,
    workMax: Infinity,
    depth: 0,
    longest: 0,
  };
  const [cell] = growth.cells;
  if (cell !== undefined) wholeKey(growth, cell);
  return growth;
}

export function growPartition(growth: Growth, partition: Partition): GrownPartition {
  const { src, dst, boxes } = partition;
  const words = wordsOf(growth.dimensions, growth.set.family === 6);
  const shifts = { srcShift: src === 0 ? 64 : words.src.bits - src, dstShift: dst === 0 ? 64 : words.dst.bits - dst };
  const first = growth.set.entry[boxes[0] ?? 0] ?? 0;
  growth.store = newStore(boxes.length);
  growth.saved = 0;
  growth.depth = 0;
  growth.longest = 0;
  growth.top = boxes.length;
  const allowed = allowedFor(growth, partition);
  const buckets = src === 0 && dst === 0 ? 1 : growBuckets(growth, partition, allowed);
  if (buckets === 1) {
    growth.pool.set(boxes);
    growNode(growth, addNodes(growth.store, 1), 0, growth.top, 0, allowed);
  }
  const { store, depth, longest } = growth;
  return { partition, root: { first, buckets, ...shifts }, store, depth, longest };
}

/** Records to a box. */
function allowedFor({ repeat, set }: Growth, { boxes }: Partition): number {
  return repeat === 0 ? 1 : repeat + (EXTRA * set.count + 1024) / boxes.length;
}

/** Grows one bucket of `growth.store` again; what it was is left behind, and never read. */
export function growBucket(growth: Growth, partition: Partition, bucket: number, boxes: readonly number[]): void {
  growth.saved = 0;
  growth.top = boxes.length;
  growth.pool.set(boxes);
  clearNode(growth.store, bucket);
  growNode(growth, bucket, 0, boxes.length, 0, allowedFor(growth, partition));
}

/** A function that says in which of its partition's buckets a box is. */
export function bucketsOf(dimensions: Dimensions, six: boolean, fixed: Fixed, buckets: number): (box: number) => number {
  const { src, dst } = wordsOf(dimensions, six);
  return (box) => bucketOf(hashBox(src, dst, fixed, box), buckets);
}

/** A node for each bucket; how many there are. */
function growBuckets(growth: Growth, { src, dst, boxes }: Partition, allowed: number): number {
  const words = wordsOf(growth.dimensions, growth.set.family === 6);
  const hashes = boxes.map((box) => hashBox(words.src, words.dst, { src, dst }, box));
  const buckets = bucketCount(hashes);
  const ends = new Uint32Array(buckets + 1);
  for (const hash of hashes) countUp(ends, bucketOf(hash, buckets) + 1);
  for (let bucket = 1; bucket < ends.length; bucket++) ends[bucket] = (ends[bucket] as number) + (ends[bucket - 1] as number);
  boxes.forEach((box, at) => {
    growth.pool[countUp(ends, bucketOf(hashes[at] as number, buckets))] = box;
  });
  const node = addNodes(growth.store, buckets);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = bucket === 0 ? 0 : (ends[bucket - 1] as number);
    growNode(growth, node + bucket, from, ends[bucket] as number, 0, allowed);
  }
  return buckets;
}

/** Buckets for each different hash. */
const BUCKETS = 1.25;

function bucketCount(hashes: Uint32Array): number {
  const sorted = hashes.toSorted();
  let different = 1;
  for (let at = 1; at < sorted.length; at++) if (sorted[at] !== sorted[at - 1]) different++;
  return Math.max(2, Math.ceil(BUCKETS * different));
}
