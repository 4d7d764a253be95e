/**
 * How a node divides its boxes: into equal cuts of one dimension, at one value of it, or by a flag. A box that reaches into several
 * parts is repeated in each; what is wanted are short lists for few repeats.
 */
import { countUp } from './counting.ts';
import { CUT_BITS_MAX, type Growth } from './growth.ts';

/** `(__u32)(value >> base)` tells the values of a hull apart as well as 32 bits can. */
export interface Window {
  readonly base: number;
  readonly low: number;
  readonly top: number;
}

export interface Cut {
  kind: 'none' | 'cut' | 'split' | 'flag';
  /** Its place in `ranges`; a flag has none. */
  range: number;
  /** Beyond the window's base; the number of a flag. */
  shift: number;
  /** First value of the upper part, in units of the window. */
  threshold: number;
  /** Boxes of all parts to one of the list. */
  repeat: number;
  score: number;
}

/** Halving the lists is worth repeating every box of a node this often: two to the power of it. */
const REPEAT = 0.6;
/** What children cost, each doubling of their number. */
const CHILDREN = 0.035;
/** A gain of less is not worth a node. */
const GAIN_MIN = 0.02;
/** A list that gains nothing is divided all the same while it is longer than this. */
const TOO_LONG = 20;
/** Ends of boxes that are tried as the value of a split. */
const ENDS_TRIED = 12;

interface Search {
  readonly growth: Growth;
  readonly from: number;
  readonly to: number;
  readonly repeatMax: number;
  readonly best: Cut;
  /** Two to the power of the best score. */
  gain: number;
  /** The least bad, for lists that are too long. */
  readonly spare: Cut;
  /** Of the cells that were added up last: lengths of their lists, and the squares of those. */
  sum: number;
  squares: number;
}

/** @param repeatMax the most that the parts may have together, to one box of the list */
export function chooseCut(growth: Growth, from: number, to: number, depth: number, repeatMax: number): Cut {
  const empty: Cut = { kind: 'none', range: 0, shift: 0, threshold: 0, repeat: 1, score: GAIN_MIN };
  growth.work += to - from;
  const search: Search = {
    growth,
    from,
    to,
    repeatMax,
    best: empty,
    gain: 2 ** GAIN_MIN,
    spare: { ...empty, score: -Infinity },
    sum: 0,
    squares: 0,
  };
  for (let range = 0; range < growth.ranges.length; range++) tryRange(search, range, depth);
  tryFlags(search, depth);
  if (search.best.kind !== 'none' || to - from <= TOO_LONG) return search.best;
  return search.spare;
}

export function windowOf(bounds: Uint32Array, range: number): Window {
  const lowHigh = bounds[4 * range] as number;
  const low = bounds[4 * range + 1] as number;
  const topHigh = bounds[4 * range + 2] as number;
  const top = bounds[4 * range + 3] as number;
  const base = 32 - Math.clz32(lowHigh ^ topHigh);
  return { base, low: inWindow(lowHigh, low, base), top: inWindow(topHigh, top, base) };
}

export function inWindow(high: number, low: number, base: number): number {
  if (base === 0) return low;
  return base === 32 ? high : ((high << (32 - base)) | (low >>> base)) >>> 0;
}

/** First and last values of the listed boxes within the hull, in units of the window. False: each box covers the hull. */
export function project(growth: Growth, range: number, from: number, to: number, hull: Uint32Array, window: Window): boolean {
  const dimension = growth.ranges[range];
  if (dimension === undefined) return false;
  const { first, last, firstHigh, lastHigh } = dimension;
  const { pool, firsts, lasts } = growth;
  const { base, low, top } = window;
  const lowHigh = hull[4 * range] as number;
  const lowLow = hull[4 * range + 1] as number;
  const topHigh = hull[4 * range + 2] as number;
  const topLow = hull[4 * range + 3] as number;
  let divided = false;
  for (let index = from; index < to; index++) {
    const box = pool[index] as number;
    const a = firstHigh[box] as number;
    const b = first[box] as number;
    const begins = a > lowHigh || (a === lowHigh && b > lowLow) ? inWindow(a, b, base) : low;
    const c = lastHigh[box] as number;
    const d = last[box] as number;
    const ends = c < topHigh || (c === topHigh && d < topLow) ? inWindow(c, d, base) : top;
    firsts[index - from] = begins;
    lasts[index - from] = ends;
    if (begins !== low || ends !== top) divided = true;
  }
  return divided;
}

function tryRange(search: Search, range: number, depth: number): void {
  const { growth, from, to } = search;
  const hull = growth.hulls[depth]?.bounds;
  if (hull === undefined) return;
  const window = windowOf(hull, range);
  if (window.low === window.top || !project(growth, range, from, to, hull, window)) return;
  const count = to - from;
  const bits = Math.min(CUT_BITS_MAX, 33 - Math.clz32(2 * count));
  let shift = Math.max(0, 32 - Math.clz32(window.top - window.low) - bits);
  while ((window.top >>> shift) - (window.low >>> shift) >= 1 << bits) shift++;
  const origin = window.low >>> shift;
  let cells = (window.top >>> shift) - origin + 1;
  const { starts, ends, firsts, lasts } = growth;
  starts.fill(0, 0, cells);
  ends.fill(0, 0, cells);
  for (let index = 0; index < count; index++) {
    countUp(starts, ((firsts[index] as number) >>> shift) - origin);
    countUp(ends, ((lasts[index] as number) >>> shift) - origin);
  }
  if (shift > 0 || cells > 64) tryEnds(search, range, count, window);
  tryBoundaries(search, range, count, cells, origin, shift, window);
  addUp(search, cells);
  for (let first = origin; cells > 1; shift++) {
    weigh(search, 'cut', range, shift, 0, count, search.sum, search.squares, CHILDREN * Math.log2(cells));
    cells = pairUp(search, cells, first & 1);
    first >>>= 1;
  }
}

/** How long the lists of the cells are together, and their squares. */
function addUp(search: Search, cells: number): void {
  const { starts, ends } = search.growth;
  let open = 0;
  let sum = 0;
  let squares = 0;
  for (let cell = 0; cell < cells; cell++) {
    open += starts[cell] as number;
    sum += open;
    squares += open * open;
    open -= ends[cell] as number;
  }
  search.sum = sum;
  search.squares = squares;
}

/** Each two cells become one, and are added up; `odd`: the first one is alone. */
function pairUp(search: Search, cells: number, odd: number): number {
  const { starts, ends } = search.growth;
  const half = ((cells - 1 + odd) >>> 1) + 1;
  let open = 0;
  let sum = 0;
  let squares = 0;
  for (let to = 0; to < half; to++) {
    const one = 2 * to - odd;
    const two = one + 1;
    const start = (one >= 0 ? (starts[one] as number) : 0) + (two < cells ? (starts[two] as number) : 0);
    const end = (one >= 0 ? (ends[one] as number) : 0) + (two < cells ? (ends[two] as number) : 0);
    starts[to] = start;
    ends[to] = end;
    open += start;
    sum += open;
    squares += open * open;
    open -= end;
  }
  search.sum = sum;
  search.squares = squares;
  return half;
}

function tryBoundaries(
  search: Search,
  range: number,
  count: number,
  cells: number,
  origin: number,
  shift: number,
  window: Window,
): void {
  const { starts, ends } = search.growth;
  const step = Math.ceil(cells / 64);
  let left = 0;
  let right = count;
  let tried = -count - 1;
  for (let cell = 1; cell < cells; cell++) {
    left += starts[cell - 1] as number;
    right -= ends[cell - 1] as number;
    if (cell % step !== 0 || (left === count && right === count)) continue;
    // Where no box begins or ends, a split is as good as the one before: the difference only grows.
    if (left - right === tried) continue;
    tried = left - right;
    trySplit(search, range, count, left, right, ((origin + cell) << shift) >>> 0, window);
  }
}

function tryEnds(search: Search, range: number, count: number, window: Window): void {
  const { firsts, lasts } = search.growth;
  const step = Math.floor((2 * count) / ENDS_TRIED) | 1;
  for (let at = 0; at < 2 * count; at += step) {
    const index = at >>> 1;
    const threshold = (at & 1) === 0 ? (firsts[index] as number) : (lasts[index] as number) + 1;
    if (threshold <= window.low || threshold > window.top) continue;
    let left = 0;
    let right = 0;
    for (let box = 0; box < count; box++) {
      if ((firsts[box] as number) < threshold) left++;
      if ((lasts[box] as number) >= threshold) right++;
    }
    trySplit(search, range, count, left, right, threshold, window);
  }
}

function trySplit(
  search: Search,
  range: number,
  count: number,
  left: number,
  right: number,
  threshold: number,
  window: Window,
): void {
  // The sign of a difference in 32 bits says which is larger while they are less than 2^31 apart.
  const wide = window.top - window.low >= 0x8000_0000;
  if (wide && (threshold & 1) !== 0) return;
  weigh(search, 'split', range, wide ? 1 : 0, threshold, count, left + right, left * left + right * right, 0);
}

function tryFlags(search: Search, depth: number): void {
  const { growth, from, to } = search;
  const { bits } = growth.dimensions;
  const hull = growth.hulls[depth];
  if (bits === null || hull === undefined) return;
  let asked = 0;
  for (let index = from; index < to; index++) asked |= bits.mask[growth.pool[index] as number] ?? 0;
  asked &= ~hull.mask;
  for (let flag = 0; asked >>> flag !== 0; flag++) {
    if (((asked >>> flag) & 1) === 0) continue;
    let set = 0;
    let clear = 0;
    for (let index = from; index < to; index++) {
      const box = growth.pool[index] as number;
      const masked = (((bits.mask[box] ?? 0) >>> flag) & 1) === 1;
      const value = (((bits.value[box] ?? 0) >>> flag) & 1) === 1;
      if (!masked || value) set++;
      if (!masked || !value) clear++;
    }
    weigh(search, 'flag', 0, flag, 0, to - from, set + clear, set * set + clear * clear, 0);
  }
}

/** `sum` of the lists' lengths, and of their squares: together, how long the list of an average box is. */
function weigh(
  search: Search,
  kind: 'cut' | 'split' | 'flag',
  range: number,
  shift: number,
  threshold: number,
  count: number,
  sum: number,
  squares: number,
  price: number,
): void {
  const repeat = sum / count;
  if (repeat > search.repeatMax) return;
  const length = squares / sum;
  const gain = count / Math.max(length, 1);
  // Logarithms take most of the time, and most candidates need not be asked: log x <= x - 1, and log x >= 1 - 1/x.
  if (gain > search.gain && gain / search.gain - 1 - (1 - 1 / repeat) / REPEAT >= price * Math.LN2) {
    const score = Math.log2(gain) - Math.log2(repeat) / REPEAT - price;
    if (score > search.best.score) {
      take(search.best, kind, range, shift, threshold, repeat, score);
      search.gain = 2 ** score;
    }
  }
  if (count <= TOO_LONG || length >= 0.9 * count) return;
  const spare = -length * (1 + 0.15 * repeat);
  if (spare > search.spare.score) take(search.spare, kind, range, shift, threshold, repeat, spare);
}

function take(
  cut: Cut,
  kind: Cut['kind'],
  range: number,
  shift: number,
  threshold: number,
  repeat: number,
  score: number,
): void {
  cut.kind = kind;
  cut.range = range;
  cut.shift = shift;
  cut.threshold = threshold;
  cut.repeat = repeat;
  cut.score = score;
}
