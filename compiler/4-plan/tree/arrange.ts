/**
 * Which partitions a set has. Pairs of lengths are proposed by partitions.ts; each partition is a read or two more for every packet, so
 * each pair is left out once to see, and stays out when the trees are the better for it.
 */
import type { BoxSet, TreeShape } from './box-set.ts';
import { type Dimensions, dimensionsOf } from './dimensions.ts';
import { type GrownPartition, type GrowOptions, growPartition, newGrowth } from './grow-set.ts';
import type { Growth } from './growth.ts';
import type { Fixed } from './hash-address.ts';
import { choosePairs, divide, type Partition } from './partitions.ts';
import { type Cost, costOf, type Probes, probesOf } from './probes.ts';

export interface GrownSet {
  readonly set: BoxSet;
  readonly dimensions: Dimensions;
  /** What it was divided by. */
  readonly pairs: readonly Fixed[];
  /** Boxes that have changed since that was chosen. */
  readonly changed: number;
  /** Ascending by their lowest entry. */
  readonly parts: readonly GrownPartition[];
  readonly cost: Cost;
}

/** Boxes that may be grown again in the course of trying, and how often boxes of a list may be compared by then. */
const TRIED_MAX = 60_000;
const WORK_MAX = 400_000;

/** Up to so many boxes a single tree is tried, too. */
const SINGLE_TRIED = 4096;

interface Trials {
  readonly growth: Growth;
  readonly dimensions: Dimensions;
  readonly probes: Probes;
  /** What was grown already, by lengths and number of boxes: with the same pairs before it, a pair has the same boxes. */
  readonly known: Map<string, GrownPartition>;
  left: number;
}

export function arrange(set: BoxSet, shape: TreeShape, most: number, growing: GrowOptions): GrownSet {
  const dimensions = dimensionsOf(set, shape);
  const six = set.family === 6;
  const probes = probesOf(dimensions, set.entry, six);
  const trials: Trials = { growth: newGrowth(set, dimensions, growing), dimensions, probes, known: new Map(), left: Infinity };
  let pairs = choosePairs(dimensions, set.count, six, most);
  let best = grow(trials, pairs);
  trials.left = TRIED_MAX;
  for (let at = pairs.length - 1; at >= 0; at--) {
    const fewer = pairs.toSpliced(at, 1);
    const without = grow(trials, fewer, best?.cost.price);
    if (best === null || (without !== null && without.cost.price <= best.cost.price)) [best, pairs] = [without, fewer];
  }
  const single = set.count > SINGLE_TRIED || pairs.length === 0 ? null : grow(trials, [], best?.cost.price);
  if (best === null || (single !== null && single.cost.price <= best.cost.price)) best = single;
  return best ?? { set, dimensions, pairs, changed: 0, parts: [], cost: { reads: 0, price: 0 } };
}

/** A set whose trees are there. */
export function grownOf(
  set: BoxSet,
  dimensions: Dimensions,
  pairs: readonly Fixed[],
  parts: readonly GrownPartition[],
  probes = probesOf(dimensions, set.entry, set.family === 6),
  most = Infinity,
): GrownSet {
  const sorted = inOrder(parts);
  return { set, dimensions, pairs, changed: 0, parts: sorted, cost: costOf(sorted, probes, most) };
}

/** Ascending by the first rule that is in them. */
export function inOrder(parts: readonly GrownPartition[]): readonly GrownPartition[] {
  return parts.toSorted((a, b) => a.root.first - b.root.first);
}

/** null: it would take too long. @param most as `costOf` has it */
function grow(trials: Trials, pairs: readonly Fixed[], most = Infinity): GrownSet | null {
  const { growth, dimensions, probes, known } = trials;
  const { set } = growth;
  const partitions = divide(dimensions, set.count, pairs);
  const names = partitions.map((partition) => nameOf(partition));
  const work = partitions.reduce((sum, { boxes }, at) => sum + (known.has(names[at] ?? '') ? 0 : boxes.length), 0);
  if (work > trials.left || (trials.left < Infinity && growth.work > WORK_MAX)) return null;
  trials.left -= work;
  const parts = partitions.map((partition, at) => {
    const name = names[at] ?? '';
    const grown = known.get(name) ?? growPartition(growth, partition);
    known.set(name, grown);
    return grown;
  });
  return grownOf(set, dimensions, pairs, parts, probes, most);
}

/** Different boxes have different names, or nearly so: a hash of 32 bits beside their number. */
function nameOf({ src, dst, boxes }: Partition): string {
  let hash = 0;
  for (const box of boxes) hash = Math.imul(hash ^ box, 0x9e37_79b1) ^ (hash >>> 15);
  return `${src}/${dst}/${boxes.length}/${hash >>> 0}`;
}
