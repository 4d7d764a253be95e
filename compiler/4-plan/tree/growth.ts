/** What a tree is grown with: the boxes, the lists that are being divided, and the part of the key that a node is about. */
import type { BoxSet } from './box-set.ts';
import type { BitsDimension, Dimension, Dimensions } from './dimensions.ts';
import type { TreeStore } from './tree-store.ts';

/** Nodes on the way to a leaf, PKTC_TREE_DEPTH of templates/include/pktc/tree.h; behind that a leaf takes what is left. */
export const DEPTH_MAX = 32;
/** Children of a node are at most two to the power of this. */
export const CUT_BITS_MAX = 10;

/**
 * A part of the key, for each dimension the most and the least significant word of its first value, then of its last.
 * The bits that are known in it, and what they are.
 */
export interface Cell {
  readonly bounds: Uint32Array;
  mask: number;
  value: number;
}

export interface Growth {
  readonly set: BoxSet;
  readonly dimensions: Dimensions;
  readonly ranges: readonly Dimension[];
  /** Of the partition that is being grown. */
  store: TreeStore;
  /** Lists of boxes, a stack: those of a node's children are put on top. */
  pool: Uint32Array;
  top: number;
  /** By depth: packets that get to the node, and those of them that one of its boxes may match. */
  readonly cells: readonly Cell[];
  readonly hulls: readonly Cell[];
  /** By depth: where a child's list differs from the one before. */
  readonly fresh: readonly Uint8Array[];
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly leaf: number;
  readonly repeat: number;
  /** Records that parts of the tree were allowed, and did without. */
  saved: number;
  /** Boxes of all lists for which cuts were compared: what time growing takes. */
  work: number;
  /** Behind so many, nodes are no longer divided: nobody wants the tree. */
  workMax: number;
  depth: number;
  longest: number;
}

export function newCell(ranges: number): Cell {
  return { bounds: new Uint32Array(4 * ranges), mask: 0, value: 0 };
}

export function wholeKey(growth: Growth, cell: Cell): void {
  growth.ranges.forEach(({ max, maxHigh }, range) => {
    cell.bounds[4 * range] = 0;
    cell.bounds[4 * range + 1] = 0;
    cell.bounds[4 * range + 2] = maxHigh;
    cell.bounds[4 * range + 3] = max;
  });
  cell.mask = 0;
  cell.value = 0;
}

export function copyCell(from: Cell, to: Cell): void {
  to.bounds.set(from.bounds);
  to.mask = from.mask;
  to.value = from.value;
}

/** The smallest part of `cell` that all of the listed boxes are in: no packet outside of it matches any. */
export function hullOf(growth: Growth, from: number, to: number, cell: Cell, hull: Cell): void {
  for (let range = 0; range < growth.ranges.length; range++) hullIn(growth, range, from, to, cell.bounds, hull.bounds);
  hull.mask = cell.mask;
  hull.value = cell.value;
  const { bits } = growth.dimensions;
  if (bits === null) return;
  commonBits(growth, bits, from, to, cell, hull);
  for (const { bit, range, flags } of bits.implied) {
    const known = range < 0 ? (hull.value & flags) !== 0 : (hull.bounds[4 * range + 1] as number) > 0;
    if (!known || (hull.mask & bit) !== 0) continue;
    hull.mask |= bit;
    hull.value |= bit;
  }
}

/** Bits that all listed boxes want alike. */
function commonBits(growth: Growth, bits: BitsDimension, from: number, to: number, cell: Cell, hull: Cell): void {
  const { pool } = growth;
  const one = pool[from] ?? 0;
  let common = bits.mask[one] ?? 0;
  const value = bits.value[one] ?? 0;
  for (let index = from + 1; index < to && common !== 0; index++) {
    const box = pool[index] ?? 0;
    common &= (bits.mask[box] ?? 0) & ~((bits.value[box] ?? 0) ^ value);
  }
  hull.mask |= common;
  hull.value = (cell.value & cell.mask) | (value & common & ~cell.mask);
}

function hullIn(growth: Growth, range: number, from: number, to: number, cell: Uint32Array, hull: Uint32Array): void {
  const dimension = growth.ranges[range] as Dimension;
  const { first, last, firstHigh, lastHigh } = dimension;
  const { pool } = growth;
  const cellFirstHigh = cell[4 * range] as number;
  const cellFirst = cell[4 * range + 1] as number;
  const cellLastHigh = cell[4 * range + 2] as number;
  const cellLast = cell[4 * range + 3] as number;
  let lowHigh = 0xffff_ffff;
  let low = 0xffff_ffff;
  let topHigh = 0;
  let top = 0;
  for (let index = from; index < to; index++) {
    const box = pool[index] as number;
    const a = firstHigh[box] as number;
    const b = first[box] as number;
    if (a < lowHigh || (a === lowHigh && b < low)) {
      lowHigh = a;
      low = b;
    }
    const c = lastHigh[box] as number;
    const d = last[box] as number;
    if (c > topHigh || (c === topHigh && d > top)) {
      topHigh = c;
      top = d;
    }
    if (below(lowHigh, low, cellFirstHigh, cellFirst) && below(cellLastHigh, cellLast, topHigh, top)) break;
  }
  const from0 = below(lowHigh, low, cellFirstHigh, cellFirst);
  hull[4 * range] = from0 ? cellFirstHigh : lowHigh;
  hull[4 * range + 1] = from0 ? cellFirst : low;
  const to0 = below(cellLastHigh, cellLast, topHigh, top);
  hull[4 * range + 2] = to0 ? cellLastHigh : topHigh;
  hull[4 * range + 3] = to0 ? cellLast : top;
}

/** `a <= b`, in two words. */
export function below(aHigh: number, a: number, bHigh: number, b: number): boolean {
  return aHigh < bHigh || (aHigh === bHigh && a <= b);
}

/** Whether every packet in `cell` is in the box. */
export function covers(growth: Growth, box: number, cell: Cell): boolean {
  const { bits } = growth.dimensions;
  if (bits !== null && ((bits.mask[box] ?? 0) & ~cell.mask) !== 0) return false;
  const { bounds } = cell;
  const { ranges } = growth;
  for (let range = 0; range < ranges.length; range++) {
    const { first, last, firstHigh, lastHigh } = ranges[range] as Dimension;
    if (!below(firstHigh[box] as number, first[box] as number, bounds[4 * range] as number, bounds[4 * range + 1] as number))
      return false;
    if (!below(bounds[4 * range + 2] as number, bounds[4 * range + 3] as number, lastHigh[box] as number, last[box] as number))
      return false;
  }
  return true;
}

/** Whether every packet of `cell` that is in box `behind` is in box `front`, too. */
export function hides(growth: Growth, front: number, behind: number, cell: Cell): boolean {
  const { bounds } = cell;
  const { ranges } = growth;
  for (let range = 0; range < ranges.length; range++) {
    const { first, last, firstHigh, lastHigh } = ranges[range] as Dimension;
    const a = first[front] as number;
    const aHigh = firstHigh[front] as number;
    const b = last[front] as number;
    const bHigh = lastHigh[front] as number;
    if (
      !below(aHigh, a, firstHigh[behind] as number, first[behind] as number) &&
      !below(aHigh, a, bounds[4 * range] as number, bounds[4 * range + 1] as number)
    )
      return false;
    if (
      !below(lastHigh[behind] as number, last[behind] as number, bHigh, b) &&
      !below(bounds[4 * range + 2] as number, bounds[4 * range + 3] as number, bHigh, b)
    )
      return false;
  }
  const { bits } = growth.dimensions;
  if (bits === null) return true;
  const asked = (bits.mask[front] ?? 0) & ~cell.mask;
  return (asked & ~(bits.mask[behind] ?? 0)) === 0 && (((bits.value[front] ?? 0) ^ (bits.value[behind] ?? 0)) & asked) === 0;
}
