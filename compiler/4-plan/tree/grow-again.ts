/**
 * Trees of boxes that were grown before, and of which few have changed since. The division is kept, and so is every bucket whose boxes
 * are the same; numbers of boxes and of rules are put right in all of them. What comes of it judges packets as trees do that were grown
 * anew, and need not be the same bytes: what a part may repeat depends on the parts before it.
 */
import { type GrownSet, grownOf, inOrder } from './arrange.ts';
import type { BoxSet, TreeShape } from './box-set.ts';
import { type Dimensions, dimensionsAgain } from './dimensions.ts';
import { bucketsOf, type GrownPartition, type GrowOptions, growBucket, growPartition, newGrowth } from './grow-set.ts';
import type { Growth } from './growth.ts';
import { type MatchedBoxes, matchBoxes } from './match-boxes.ts';
import { divide, type Partition, partitionOf } from './partitions.ts';
import { renumber } from './tree-store.ts';

/** Where more than this part of the boxes has changed since the division was chosen, another may be better; of few boxes all may change. */
const CHANGED_MAX = 1 / 16;
const CHANGED_FEW = 64;

/** Of so many boxes, those that may change do not show in what the trees cost. */
const COSTED_AGAIN = 8192;

/**
 * @param before its trees are changed, and of no use afterwards
 * @returns null: so much has changed that they are better grown anew
 */
export function growAgain(before: GrownSet, set: BoxSet, shape: TreeShape, growing: GrowOptions): GrownSet | null {
  if (before.set.family !== set.family || before.set.mode !== set.mode) return null;
  const matched = matchBoxes(before.set, set, Math.max(CHANGED_FEW, set.count * CHANGED_MAX) - before.changed);
  if (matched === null) return null;
  const dimensions = dimensionsAgain(set, shape, before.dimensions, matched.ahead, matched.behind);
  const growth = newGrowth(set, dimensions, growing);
  const change: Change = { before, matched, entries: entriesOf(before.set, set, matched) };
  const parts = divide(dimensions, set.count, before.pairs).map((partition) => {
    const old = before.parts.find((one) => one.partition.src === partition.src && one.partition.dst === partition.dst);
    return (old && growPartitionAgain(growth, partition, old, change)) ?? growPartition(growth, partition);
  });
  const changed = before.changed + matched.gone.length + matched.come.length;
  if (set.count < COSTED_AGAIN) return { ...grownOf(set, dimensions, before.pairs, parts), changed };
  return { set, dimensions, pairs: before.pairs, parts: inOrder(parts), cost: before.cost, changed };
}

interface Change {
  readonly before: GrownSet;
  readonly matched: MatchedBoxes;
  /** Entries now, by the entry before. */
  readonly entries: Uint32Array;
}

/** Of entries that are gone anything: no bucket that is kept has one. */
function entriesOf(before: BoxSet, now: BoxSet, { numbers }: MatchedBoxes): Uint32Array {
  const entries = new Uint32Array((before.entry.at(-1) ?? 0) + 1);
  for (let box = 0; box < before.count; box++) {
    const number = numbers[box] as number;
    if (number >= 0) entries[before.entry[box] as number] = now.entry[number] as number;
  }
  return entries;
}

/** null: it is one tree, without buckets, and some of its boxes have changed. */
function growPartitionAgain(
  growth: Growth,
  partition: Partition,
  old: GrownPartition,
  { before, matched, entries }: Change,
): GrownPartition | null {
  const { buckets } = old.root;
  const { pairs } = before;
  const isHere = (dimensions: Dimensions, box: number) => {
    const fixed = partitionOf(dimensions, pairs, box);
    return fixed.src === partition.src && fixed.dst === partition.dst;
  };
  const gone = matched.gone.filter((box) => isHere(before.dimensions, box));
  const come = matched.come.filter((box) => isHere(growth.dimensions, box));
  if (buckets === 1 && gone.length + come.length > 0) return null;
  renumber(old.store, matched.numbers, entries);
  const first = growth.set.entry[partition.boxes[0] ?? 0] ?? 0;
  const kept = { ...old, partition, root: { ...old.root, first } };
  const lists = new Map<number, number[]>();
  const six = growth.set.family === 6;
  const bucketBefore = bucketsOf(before.dimensions, six, partition, buckets);
  const bucketNow = bucketsOf(growth.dimensions, six, partition, buckets);
  for (const box of gone) lists.set(bucketBefore(box), []);
  for (const box of come) lists.set(bucketNow(box), []);
  if (lists.size === 0) return kept;
  const { boxes } = partition;
  for (let at = 0; at < boxes.length; at++) {
    const box = boxes[at] as number;
    lists.get(bucketNow(box))?.push(box);
  }
  return { ...kept, ...growBuckets(growth, kept, lists) };
}

function growBuckets(growth: Growth, old: GrownPartition, lists: ReadonlyMap<number, readonly number[]>) {
  growth.store = old.store;
  growth.depth = old.depth;
  growth.longest = old.longest;
  for (const [bucket, boxes] of lists) growBucket(growth, old.partition, bucket, boxes);
  return { depth: growth.depth, longest: growth.longest };
}
