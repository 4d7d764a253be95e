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

/** Boxes that may be grown again to see how trees are without a pair. */
const TRIED_MAX = 24_000;
/**
 * How much may be looked at meanwhile (`Growth.work`): so much for each of these boxes, or this part of the set's; in one trial no more than
 * that, and so much in all together. Trees that won had looked at less (docs/performance.md, Decision tree).
 */
const WORK_EACH = 11;
const WORK_OF_SET = 1 / 2;
const WORK_TRIAL = 16_384;
const WORK_MAX = 131_072;

/** Up to so many boxes a single tree is tried, too. It wins sooner: so much for each box, of a small set up to twice that. */
const SINGLE_TRIED = 4096;
const WORK_SINGLE = 4;
const WORK_OF_SMALL = 4096;

interface Trials {
  readonly growth: Growth;
  readonly dimensions: Dimensions;
  readonly probes: Probes;
  /** What was grown already, by lengths and number of boxes: with the same pairs before it, a pair has the same boxes. */
  readonly known: Map<string, GrownPartition>;
  /** Of `WORK_MAX`. */
  left: number;
}

export function arrange(set: BoxSet, shape: TreeShape, most: number, growing: GrowOptions): GrownSet {
  const dimensions = dimensionsOf(set, shape);
  const six = set.family === 6;
  const probes = probesOf(dimensions, set.entry, six);
  const trials: Trials = { growth: newGrowth(set, dimensions, growing), dimensions, probes, known: new Map(), left: WORK_MAX };
  let pairs = choosePairs(dimensions, set.count, six, most);
  let best = grow(trials, pairs, null);
  for (let at = pairs.length - 1; at >= 0; at--) {
    const fewer = pairs.toSpliced(at, 1);
    const without = grow(trials, fewer, best?.cost.price ?? null);
    if (best === null || (without !== null && without.cost.price <= best.cost.price)) [best, pairs] = [without, fewer];
  }
  const single = set.count > SINGLE_TRIED || pairs.length === 0 ? null : grow(trials, [], best?.cost.price ?? null);
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

/** null: it would take too long. @param most as `costOf` has it; null: there is nothing to compare with, so it takes as long as it takes */
function grow(trials: Trials, pairs: readonly Fixed[], most: number | null): GrownSet | null {
  const { growth, dimensions, probes, known } = trials;
  const { set } = growth;
  const partitions = divide(dimensions, set.count, pairs);
  const names = partitions.map((partition) => nameOf(partition));
  const again = partitions.reduce((sum, { boxes }, at) => sum + (known.has(names[at] ?? '') ? 0 : boxes.length), 0);
  if (most !== null && again > TRIED_MAX) return null;
  growth.work = 0;
  growth.workMax =
    most === null ? Infinity : Math.min(trials.left, pairs.length === 0 ? singleWork(set.count) : workFor(again, set.count));
  const parts: GrownPartition[] = [];
  for (const [at, partition] of partitions.entries()) {
    const name = names[at] ?? '';
    const grown = known.get(name) ?? growPartition(growth, partition);
    if (growth.work > growth.workMax) break;
    known.set(name, grown);
    parts.push(grown);
  }
  if (most !== null) trials.left -= growth.work;
  return parts.length < partitions.length ? null : grownOf(set, dimensions, pairs, parts, probes, most ?? Infinity);
}

function workFor(again: number, boxes: number): number {
  return Math.min(WORK_TRIAL, Math.max(WORK_EACH * again, WORK_OF_SET * boxes));
}

function singleWork(boxes: number): number {
  return Math.max(WORK_SINGLE * boxes, Math.min(WORK_OF_SMALL, 2 * WORK_SINGLE * boxes));
}

/** Different boxes have different names, or nearly so: a hash of 32 bits beside their number. */
function nameOf({ src, dst, boxes }: Partition): string {
  let hash = 0;
  for (const box of boxes) hash = Math.imul(hash ^ box, 0x9e37_79b1) ^ (hash >>> 15);
  return `${src}/${dst}/${boxes.length}/${hash >>> 0}`;
}
