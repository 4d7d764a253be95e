/** One tree: a node divides its boxes among its children until few are left, or dividing them gains nothing. */

import { type Cut, chooseCut, inWindow, project, type Window, windowOf } from './choose-cut.ts';
import { countUp } from './counting.ts';
import { type Cell, copyCell, covers, DEPTH_MAX, type Growth, hides, hullOf } from './growth.ts';
import { addLeaf, addNodes, LEAF, LONG_LEAF, NODE_WORDS, SHORT_LEAF, setNode } from './tree-store.ts';

/** Part of what is saved that one node may use. */
const SAVED_USED = 1 / 8;
/** Lists up to this are searched for boxes that others hide, each pair. */
const HIDDEN_MAX = 64;
/** Cuts that repeat next to nothing are always allowed. */
const REPEAT_LEAST = 1.02;

/**
 * Sets `node` for the boxes `pool[from..to)` and the packets in `cells[depth]`.
 * @param allowed records to a box that the tree below may have
 */
export function growNode(growth: Growth, node: number, from: number, to: number, depth: number, allowed: number): void {
  if (from === to) return;
  const { pool } = growth;
  const cell = growth.cells[depth] as Cell;
  const hull = growth.hulls[depth] as Cell;
  hullOf(growth, from, to, cell, hull);
  const end = growth.set.mode === 'first' ? dropHidden(growth, from, behindLast(growth, from, to, hull), hull) : to;
  const count = end - from;
  const used = Math.max(0, growth.saved * SAVED_USED);
  const repeat = Math.max(REPEAT_LEAST, allowed * ((to - from) / count) + used / count);
  const isLeaf = count <= growth.leaf || depth >= DEPTH_MAX - 1 || growth.work > growth.workMax;
  const cut = isLeaf ? null : chooseCut(growth, from, end, depth, repeat);
  if (cut === null || cut.kind === 'none') {
    growth.saved += allowed * (to - from) - count;
    setLeaf(growth, node, from, end, depth);
    return;
  }
  growth.saved -= used;
  const first = growth.set.entry[pool[from] as number] as number;
  if (cut.kind === 'cut') growCut(growth, node, from, end, depth, cut, first, repeat / cut.repeat);
  else growTwo(growth, node, from, end, depth, cut, first, repeat / cut.repeat);
}

/** What lies behind a box that takes every packet can never be reached. */
function behindLast(growth: Growth, from: number, to: number, hull: Cell): number {
  for (let index = from; index < to; index++) {
    const box = growth.pool[index] as number;
    if (growth.set.checked[box] === 0 && covers(growth, box, hull)) return index + 1;
  }
  return to;
}

/** Takes out boxes that lie behind a single other one as far as the hull goes. The list is the node's own. */
function dropHidden(growth: Growth, from: number, to: number, hull: Cell): number {
  if (to - from <= growth.leaf || to - from > HIDDEN_MAX) return to;
  const { pool } = growth;
  let end = from;
  for (let index = from; index < to; index++) {
    const box = pool[index] as number;
    let hidden = false;
    for (let other = from; other < end && !hidden; other++) {
      const before = pool[other] as number;
      hidden = growth.set.checked[before] === 0 && hides(growth, before, box, hull);
    }
    if (!hidden) pool[end++] = box;
  }
  return end;
}

/**
 * A leaf names one dimension in which its boxes lie in a small part of what gets to it, so that packets outside of that part need not
 * read its records.
 */
function setLeaf(growth: Growth, node: number, from: number, to: number, depth: number): void {
  const { store } = growth;
  const count = to - from;
  const record = addLeaf(store, growth.pool, from, to);
  const range = narrowest(growth, depth);
  const { bounds } = growth.hulls[depth] as Cell;
  const length = count > SHORT_LEAF ? LONG_LEAF : count;
  const first = growth.set.entry[growth.pool[from] as number] as number;
  if (range < 0) setNode(store, node, 0, LEAF, 63, length, 31, record, first);
  else {
    const lowHigh = bounds[4 * range] as number;
    const low = bounds[4 * range + 1] as number;
    const topHigh = bounds[4 * range + 2] as number;
    const top = bounds[4 * range + 3] as number;
    // Eight units or more where the values are wider than a word, one value each where they are not.
    const different = lowHigh ^ topHigh;
    const base = growth.ranges[range]?.maxHigh === 0 ? 0 : widthOf(different, low ^ top);
    const begins = inWindow64(lowHigh, low, base);
    const down = 32 - Math.clz32((inWindow64(topHigh, top, base) - begins) >>> 0);
    if (down >= 32) setNode(store, node, 0, LEAF, 63, length, 31, record, first);
    else setNode(store, node, begins, LEAF | (growth.ranges[range]?.at ?? 0), base, length, down, record, first);
  }
  growth.longest = Math.max(growth.longest, count);
  growth.depth = Math.max(growth.depth, depth + 1);
}

/** Bits that differ, but three of them: at least four units of two to the power of the result lie between. */
function widthOf(high: number, low: number): number {
  const bits = high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(low);
  return Math.min(63, Math.max(0, bits - 3));
}

function inWindow64(high: number, low: number, base: number): number {
  return base <= 32 ? inWindow(high, low, base) : high >>> (base - 32);
}

/** The dimension whose hull is the smallest part of its cell; -1: each is all of it. */
function narrowest(growth: Growth, depth: number): number {
  const cell = (growth.cells[depth] as Cell).bounds;
  const hull = (growth.hulls[depth] as Cell).bounds;
  let best = -1;
  let least = 1;
  for (let range = 0; range < growth.ranges.length; range++) {
    const part = extent(hull, range) / extent(cell, range);
    if (part < least) {
      least = part;
      best = range;
    }
  }
  return best;
}

function extent(bounds: Uint32Array, range: number): number {
  const high = (bounds[4 * range + 2] as number) - (bounds[4 * range] as number);
  return high * 2 ** 32 + (bounds[4 * range + 3] as number) - (bounds[4 * range + 1] as number) + 1;
}

function reserve(growth: Growth, need: number): void {
  if (need <= growth.pool.length) return;
  const more = new Uint32Array(2 * need);
  more.set(growth.pool);
  growth.pool = more;
}

/** Children: the upper part and the lower one, or the flag clear and the flag set. */
function growTwo(
  growth: Growth,
  node: number,
  from: number,
  to: number,
  depth: number,
  cut: Cut,
  first: number,
  allowed: number,
): void {
  const { store } = growth;
  const child = addNodes(store, 2);
  const lists = growth.top;
  reserve(growth, lists + to - from);
  if (cut.kind === 'flag') {
    setNode(store, node, 0, growth.dimensions.bits?.at ?? 0, cut.shift, 31, 31, child, first);
    for (const value of [0, 1]) {
      const cell = growth.cells[depth + 1] as Cell;
      growth.top = pickFlag(growth, from, to, lists, cut.shift, value);
      copyCell(growth.hulls[depth] as Cell, cell);
      cell.mask |= 1 << cut.shift;
      cell.value |= value << cut.shift;
      growNode(growth, child + value, lists, growth.top, depth + 1, allowed);
    }
    growth.top = lists;
    return;
  }
  const hull = growth.hulls[depth] as Cell;
  const window = windowOf(hull.bounds, cut.range);
  const at = growth.ranges[cut.range]?.at ?? 0;
  // The bit above the window, which a shift by one more lets in: the same for all of the hull.
  const above = cut.shift === 0 || window.base === 32 ? 0 : ((hull.bounds[4 * cut.range] as number) >>> window.base) & 1;
  const threshold = ((cut.threshold >>> cut.shift) | (above << 31)) >>> 0;
  setNode(store, node, threshold, at, window.base + cut.shift, 0, 31, child, first);
  for (const lower of [0, 1]) {
    project(growth, cut.range, from, to, hull.bounds, window);
    let end = lists;
    for (let index = from; index < to; index++) {
      const fits =
        lower === 1
          ? (growth.firsts[index - from] as number) < cut.threshold
          : (growth.lasts[index - from] as number) >= cut.threshold;
      if (fits) growth.pool[end++] = growth.pool[index] as number;
    }
    const cell = growth.cells[depth + 1] as Cell;
    copyCell(hull, cell);
    if (lower === 1) setLast(cell, hull, cut.range, window, cut.threshold - 1);
    else setFirst(cell, hull, cut.range, window, cut.threshold);
    growth.top = end;
    growNode(growth, child + lower, lists, end, depth + 1, allowed);
  }
  growth.top = lists;
}

/** The boxes of which the flag may be `value`, at `lists`; where they end. */
function pickFlag(growth: Growth, from: number, to: number, lists: number, flag: number, value: number): number {
  const { bits } = growth.dimensions;
  let end = lists;
  for (let index = from; index < to; index++) {
    const box = growth.pool[index] as number;
    const mask = ((bits?.mask[box] ?? 0) >>> flag) & 1;
    if (mask === 0 || (((bits?.value[box] ?? 0) >>> flag) & 1) === value) growth.pool[end++] = box;
  }
  return end;
}

/** A child for each run of `2 ** shift` units. Neighbours with the same boxes, all of which cover them, are the same node twice. */
function growCut(
  growth: Growth,
  node: number,
  from: number,
  to: number,
  depth: number,
  cut: Cut,
  first: number,
  allowed: number,
): void {
  const { store, firsts, lasts } = growth;
  const hull = growth.hulls[depth] as Cell;
  const { range, shift } = cut;
  const window = windowOf(hull.bounds, range);
  const origin = window.low >>> shift;
  const cells = (window.top >>> shift) - origin + 1;
  const bits = 32 - Math.clz32(cells - 1);
  const child = addNodes(store, 1 << bits);
  setNode(store, node, origin, growth.ranges[range]?.at ?? 0, window.base + shift, 32 - bits, 32 - bits, child, first);
  project(growth, range, from, to, hull.bounds, window);
  const offsets = new Uint32Array(cells + 1);
  for (let index = 0; index < to - from; index++) {
    const begin = ((firsts[index] as number) >>> shift) - origin;
    const end = ((lasts[index] as number) >>> shift) - origin;
    for (let cell = begin; cell <= end; cell++) countUp(offsets, cell + 1);
  }
  for (let cell = 0; cell < cells; cell++) offsets[cell + 1] = (offsets[cell + 1] as number) + (offsets[cell] as number);
  const lists = growth.top;
  growth.top = lists + (offsets[cells] as number);
  reserve(growth, growth.top);
  const fresh = growth.fresh[depth] as Uint8Array;
  fill(growth, from, to, lists, shift, origin, offsets, fresh, window);
  for (let part = 0; part < cells; part++) {
    const begin = part === 0 ? lists : lists + (offsets[part - 1] as number);
    const end = lists + (offsets[part] as number);
    if (part > 0 && fresh[part] === 0) {
      store.nodes.copyWithin(NODE_WORDS * (child + part), NODE_WORDS * (child + part - 1), NODE_WORDS * (child + part));
      growth.saved += allowed * (end - begin);
      continue;
    }
    if (begin === end) continue;
    const cell = growth.cells[depth + 1] as Cell;
    copyCell(hull, cell);
    if (part > 0) setFirst(cell, hull, range, window, ((origin + part) << shift) >>> 0);
    if (part < cells - 1) setLast(cell, hull, range, window, (((origin + part + 1) << shift) >>> 0) - 1);
    growNode(growth, child + part, begin, end, depth + 1, allowed);
  }
  growth.top = lists;
}

/** Lists of the children one behind the other at `lists`; afterwards `offsets` says where each ends. */
function fill(
  growth: Growth,
  from: number,
  to: number,
  lists: number,
  shift: number,
  origin: number,
  offsets: Uint32Array,
  fresh: Uint8Array,
  window: Window,
): void {
  const { pool, firsts, lasts } = growth;
  const units = 2 ** shift;
  fresh.fill(0, 0, offsets.length + 1);
  for (let index = 0; index < to - from; index++) {
    const first = firsts[index] as number;
    const last = lasts[index] as number;
    const begin = (first >>> shift) - origin;
    const end = (last >>> shift) - origin;
    fresh[begin] = 1;
    fresh[end + 1] = 1;
    if (first % units !== 0 && first !== window.low) fresh[begin + 1] = 1;
    if (last % units !== units - 1 && last !== window.top) fresh[end] = 1;
    for (let cell = begin; cell <= end; cell++) {
      pool[lists + countUp(offsets, cell)] = pool[from + index] as number;
    }
  }
}

function setFirst(cell: Cell, hull: Cell, range: number, window: Window, value: number): void {
  const { bounds } = cell;
  if (window.base === 0) bounds[4 * range + 1] = value;
  else {
    bounds[4 * range] = highOf(hull, range, window.base, value);
    bounds[4 * range + 1] = window.base === 32 ? 0 : value << window.base;
  }
}

function setLast(cell: Cell, hull: Cell, range: number, window: Window, value: number): void {
  const { bounds } = cell;
  if (window.base === 0) bounds[4 * range + 3] = value;
  else {
    bounds[4 * range + 2] = highOf(hull, range, window.base, value);
    bounds[4 * range + 3] = window.base === 32 ? 0xffff_ffff : (value << window.base) | (2 ** window.base - 1);
  }
}

/** Most significant word of a value of the window; above the window all values of the hull are the same. */
function highOf(hull: Cell, range: number, base: number, value: number): number {
  if (base === 32) return value;
  return ((hull.bounds[4 * range] as number) & (0xffff_ffff << base)) | (value >>> (32 - base));
}
