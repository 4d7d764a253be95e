/**
 * Rules of known shapes, in columns: a hundred thousand of them are a few arrays. Places are kept from the start of a statement, so that
 * text before it can change without touching anything but where it starts.
 */
import { emptyFacts, type FactsOfRows } from './row-facts.ts';
import type { Shape, ShapeTree } from './shape.ts';
import type { Walk } from './walk-shape.ts';

export interface Rows {
  count: number;
  /** Number of its shape, of `shapes`. */
  shape: Int32Array;
  /** Offset of the statement in the file. */
  start: Int32Array;
  /** Where its places begin among `places`, and its values among `values`. */
  placeAt: Int32Array;
  valueAt: Int32Array;
  /** Start and end of each token. */
  places: Uint16Array;
  placeCount: number;
  /** What the literals are worth, as {@link Shape} lays them out. */
  values: Float64Array;
  valueCount: number;
  /** Two words a row of a hash of what it says, for whoever wants to know it once; 0: nobody has. */
  hashes: Int32Array;
  readonly facts: FactsOfRows;
  /** The shapes that the numbers are of. */
  readonly tree: ShapeTree;
}

/** What there may be room for at once; it grows. */
export interface RowsRoom {
  readonly rows: number;
  readonly places: number;
  readonly values: number;
}

/** For so many rules, about. */
export function roomFor(rules: number): RowsRoom {
  const rows = Math.max(16, Math.ceil(rules));
  return { rows, places: 28 * rows, values: 8 * rows };
}

/** As much as these have, and some rules more. */
export function roomLike({ count, placeCount, valueCount }: Rows): RowsRoom {
  const more = roomFor(count / 64 + 64);
  return { rows: count + more.rows, places: placeCount + more.places, values: valueCount + more.values };
}

export function createRows(tree: ShapeTree, { rows: room, places, values }: RowsRoom): Rows {
  return {
    count: 0,
    shape: new Int32Array(room),
    start: new Int32Array(room),
    placeAt: new Int32Array(room),
    valueAt: new Int32Array(room),
    places: new Uint16Array(places),
    placeCount: 0,
    values: new Float64Array(values),
    valueCount: 0,
    hashes: new Int32Array(2 * room),
    facts: new Map(),
    tree,
  };
}

type Column = Int32Array | Uint16Array | Float64Array;

function grown<A extends Column>(column: A, needed: number): A {
  if (needed <= column.length) return column;
  const larger = new (column.constructor as new (length: number) => A)(Math.max(needed, 2 * column.length));
  larger.set(column);
  return larger;
}

function makeRoom(rows: Rows, more: number, places: number, values: number): void {
  const count = rows.count + more;
  if (count > rows.shape.length) {
    rows.shape = grown(rows.shape, count);
    rows.start = grown(rows.start, count);
    rows.placeAt = grown(rows.placeAt, count);
    rows.valueAt = grown(rows.valueAt, count);
  }
  rows.hashes = grown(rows.hashes, 2 * count);
  for (const facts of rows.facts.values()) facts.words = grown(facts.words, rows.shape.length);
  rows.places = grown(rows.places, rows.placeCount + places);
  rows.values = grown(rows.values, rows.valueCount + values);
}

/** Notes the rule that `walk` has gone through. */
export function addRow(rows: Rows, shape: Shape, walk: Walk): void {
  const places = 2 * walk.tokens;
  makeRoom(rows, 1, places, walk.values);
  const { count, placeCount, valueCount } = rows;
  rows.shape[count] = shape.number;
  rows.start[count] = walk.start;
  rows.placeAt[count] = placeCount;
  rows.valueAt[count] = valueCount;
  for (let index = 0; index < places; index += 1) rows.places[placeCount + index] = walk.places[index] ?? 0;
  for (let index = 0; index < walk.values; index += 1) rows.values[valueCount + index] = walk.numbers[index] ?? 0;
  rows.count = count + 1;
  rows.placeCount = placeCount + places;
  rows.valueCount = valueCount + walk.values;
}

/** Appends rows of another text, in which they began `by` characters earlier. All that are ever appended are of one table. */
export function appendRows(rows: Rows, from: Rows, first: number, end: number, by: number): void {
  if (first >= end) return;
  const placeFirst = from.placeAt[first] ?? 0;
  const placeEnd = end < from.count ? (from.placeAt[end] ?? 0) : from.placeCount;
  const valueFirst = from.valueAt[first] ?? 0;
  const valueEnd = end < from.count ? (from.valueAt[end] ?? 0) : from.valueCount;
  makeRoom(rows, end - first, placeEnd - placeFirst, valueEnd - valueFirst);
  const { count } = rows;
  const [placesBy, valuesBy] = [rows.placeCount - placeFirst, rows.valueCount - valueFirst];
  rows.shape.set(from.shape.subarray(first, end), count);
  rows.hashes.set(from.hashes.subarray(2 * first, 2 * end), 2 * count);
  for (const [about, { by, words, numbers }] of from.facts) {
    const facts = rows.facts.get(about) ?? emptyFacts(rows.shape.length, by, numbers);
    rows.facts.set(about, facts);
    facts.words.set(words.subarray(first, end), count);
  }
  for (let row = first; row < end; row += 1) {
    const at = count + row - first;
    rows.start[at] = (from.start[row] ?? 0) + by;
    rows.placeAt[at] = (from.placeAt[row] ?? 0) + placesBy;
    rows.valueAt[at] = (from.valueAt[row] ?? 0) + valuesBy;
  }
  rows.places.set(from.places.subarray(placeFirst, placeEnd), rows.placeCount);
  rows.values.set(from.values.subarray(valueFirst, valueEnd), rows.valueCount);
  rows.count = count + end - first;
  rows.placeCount += placeEnd - placeFirst;
  rows.valueCount += valueEnd - valueFirst;
}
