/** The trees of one set of boxes, one a partition. */

import type { BoxSet } from './box-set.ts';
import { countUp } from './counting.ts';
import type { Dimensions } from './dimensions.ts';
import { growNode } from './grow-tree.ts';
import { CUT_BITS_MAX, DEPTH_MAX, type Growth, newCell, wholeKey } from './growth.ts';
import { hashBox } from './hash-address.ts';
import { type Partition, wordsOf } from './partitions.ts';
import { addNodes, newStore } from './tree-store.ts';

/** Where a partition begins: the bucket of the packet's addresses among `2 ** bits`, which stand side by side from `node` on. */
export interface Root {
  readonly node: number;
  /** Lowest entry in the partition. */
  readonly first: number;
  readonly bits: number;
  /** How far the words of source and destination are shifted before they are hashed: 64 leaves nothing. */
  readonly srcShift: number;
  readonly dstShift: number;
}

export interface GrownSet {
  readonly growth: Growth;
  readonly roots: readonly Root[];
  readonly partitions: readonly Partition[];
  /** Nodes and records that a packet reads, estimated: each partition's first node, then the way to the leaf of its boxes. */
  readonly cost: number;
}

export interface GrowOptions {
  /** Boxes that are not worth dividing. */
  readonly leaf: number;
  /** Records to a box, from where on boxes are no longer repeated for speed. */
  readonly repeat: number;
}

export function growSet(set: BoxSet, dimensions: Dimensions, partitions: readonly Partition[], options: GrowOptions): GrownSet {
  const growth = newGrowth(set, dimensions, options);
  const roots = partitions.map((partition) => growPartition(growth, partition)).toSorted((a, b) => a.first - b.first);
  const { store, paths, reads } = growth;
  const cost = partitions.length - 1 + (paths + reads) / Math.max(1, growth.listed);
  return { growth, roots, partitions, cost: store.recordCount === 0 ? 0 : cost };
}

function newGrowth(set: BoxSet, dimensions: Dimensions, { leaf, repeat }: GrowOptions): Growth {
  const { ranges } = dimensions;
  const levels = Array.from({ length: DEPTH_MAX + 1 });
  const growth: Growth = {
    set,
    dimensions,
    ranges,
    store: newStore(set.count),
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
    recordsMax: repeat * set.count + 1024,
    depth: 0,
    longest: 0,
    paths: 0,
    reads: 0,
    listed: 0,
  };
  const [cell] = growth.cells;
  if (cell !== undefined) wholeKey(growth, cell);
  return growth;
}

function growPartition(growth: Growth, { src, dst, boxes }: Partition): Root {
  const first = growth.set.entry[boxes[0] ?? 0] ?? 0;
  const words = wordsOf(growth.dimensions, growth.set.family === 6);
  const shifts = { srcShift: src === 0 ? 64 : words.src.bits - src, dstShift: dst === 0 ? 64 : words.dst.bits - dst };
  const start = growth.top;
  growth.top += boxes.length;
  if (src === 0 && dst === 0) {
    const node = addNodes(growth.store, 1);
    growth.pool.set(boxes, start);
    growNode(growth, node, start, growth.top, 0);
    growth.top = start;
    return { node, first, bits: 0, ...shifts };
  }
  const hashes = boxes.map((box) => hashBox(words.src, words.dst, { src, dst }, box));
  const bits = bucketBits(hashes);
  const ends = new Uint32Array(2 ** bits + 1);
  for (const hash of hashes) countUp(ends, (hash >>> (32 - bits)) + 1);
  for (let bucket = 1; bucket < ends.length; bucket++) ends[bucket] = (ends[bucket] as number) + (ends[bucket - 1] as number);
  boxes.forEach((box, at) => {
    growth.pool[start + countUp(ends, (hashes[at] as number) >>> (32 - bits))] = box;
  });
  const node = addNodes(growth.store, 2 ** bits);
  for (let bucket = 0; bucket < 2 ** bits; bucket++) {
    const from = bucket === 0 ? 0 : (ends[bucket - 1] as number);
    growNode(growth, node + bucket, start + from, start + (ends[bucket] as number), 0);
  }
  growth.top = start;
  return { node, first, bits, ...shifts };
}

/** As many buckets as there are different hashes, or more, up to twice as many. */
function bucketBits(hashes: Uint32Array): number {
  const sorted = hashes.toSorted();
  let different = 1;
  for (let at = 1; at < sorted.length; at++) if (sorted[at] !== sorted[at - 1]) different++;
  return Math.max(1, Math.ceil(Math.log2(different)));
}
