/**
 * Decision trees as bytes, out of boxes. A set of boxes is divided into partitions, of which each is a tree: boxes that settle enough
 * of their addresses are found by a hash of these first bits, the others by cuts. Several divisions are tried; the one with the fewest
 * reads is taken. Nothing here depends on time or chance: the same boxes give the same bytes.
 */

import { arrange, type GrownSet } from './arrange.ts';
import { type BoxSet, PARTITIONS_MAX, type TreeShape } from './box-set.ts';
import { growAgain } from './grow-again.ts';
import type { GrowOptions } from './grow-set.ts';
import type { Fixed } from './hash-address.ts';
import { bytesOf, writeTrees } from './write-trees.ts';

export interface TreeOptions {
  /** Byte offset of the trees in the data, a multiple of 64. */
  readonly start: number;
  /** Bytes that the trees may take. */
  readonly bytesMax: number;
  /** What the entry of a record says beside the rule's number: by rule. */
  readonly entryBits: Uint32Array;
  /** Most partitions of a set, 1 to 8; 1: a single tree. */
  readonly partitions?: number;
  /** Trees of the boxes as they were before a change; those of now are kept there. */
  readonly memo?: TreesMemo | undefined;
}

/** What growing trees may leave for the next time. Whoever plans again keeps it. */
export interface TreesMemo {
  kept: KeptTrees | null;
}

interface KeptTrees {
  readonly shape: string;
  readonly most: number;
  readonly growing: GrowOptions;
  readonly grown: readonly (GrownSet | null)[];
}

export function createTreesMemo(): TreesMemo {
  return { kept: null };
}

export interface Trees {
  readonly bytes: Uint8Array;
  /** Of each set: the descriptors of its partitions, in units of 16 bytes from the beginning of the data. */
  readonly roots: readonly (readonly number[])[];
  /** Most nodes on the way to a leaf. */
  readonly depth: number;
  /** Most records in one leaf. */
  readonly leaf: number;
  readonly nodes: number;
  readonly records: number;
  /** For people: `src >= /16, dst >= /12`. */
  readonly partitions: string;
  /** Nodes and records that a packet reads, estimated. */
  readonly cost: number;
}

const FAST: GrowOptions = { leaf: 8, repeat: 8 };
const SMALL: GrowOptions = { leaf: 8, repeat: 0 };

export function buildTrees(
  sets: readonly (BoxSet | null)[],
  shape: TreeShape,
  options: TreeOptions,
): Trees | { readonly problem: 'too large' } {
  const { start, bytesMax, entryBits, memo, partitions: most = PARTITIONS_MAX } = options;
  const name = JSON.stringify(shape);
  const before = memo?.kept?.shape === name && memo.kept.most === most ? memo.kept : null;
  // While trees are changed they are not to be found there, in case that it ends early.
  if (memo) memo.kept = null;
  for (const growing of [FAST, SMALL]) {
    const grown = sets.map((set, at) => {
      if (set === null || set.count === 0) return null;
      const old = before?.growing === growing ? before.grown[at] : null;
      return (old && growAgain(old, set, shape, growing)) ?? arrange(set, shape, most, growing);
    });
    if (bytesOf(grown, shape) > bytesMax) continue;
    if (memo) memo.kept = { shape: name, most, growing, grown };
    return { ...writeTrees(grown, shape, start, entryBits), ...measure(grown) };
  }
  return { problem: 'too large' };
}

function measure(grown: readonly (GrownSet | null)[]): Omit<Trees, 'bytes' | 'roots'> {
  const present = grown.filter((one) => one !== null);
  const parts = present.flatMap((one) => one.parts);
  const boxes = present.reduce((sum, { set }) => sum + set.count, 0);
  const largest = present.toSorted((a, b) => b.set.count - a.set.count)[0];
  return {
    depth: Math.max(0, ...parts.map(({ depth }) => depth)),
    leaf: Math.max(0, ...parts.map(({ longest }) => longest)),
    nodes: parts.reduce((sum, { store }) => sum + store.nodeCount, 0),
    records: parts.reduce((sum, { store }) => sum + store.recordCount, 0),
    partitions: largest === undefined ? 'none' : largest.parts.map(({ partition }) => describe(partition)).join('; '),
    cost: present.reduce((sum, one) => sum + (one.cost.reads * one.set.count) / Math.max(1, boxes), 0),
  };
}

function describe({ src, dst }: Fixed): string {
  if (src === 0 && dst === 0) return 'the rest';
  if (src === 0) return `dst >= /${dst}`;
  return dst === 0 ? `src >= /${src}` : `src >= /${src}, dst >= /${dst}`;
}
