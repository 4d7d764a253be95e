/** Boxes of one set while they are being collected: a column for each of their bounds. */
import type { BoxSet } from '../tree/box-set.ts';
import type { Dimensions } from './dimensions.ts';

/** Columns of a set while it grows: room for more boxes than there are. */
export interface Columns {
  readonly family: 4 | 6;
  readonly dimensions: Dimensions;
  count: number;
  entry: Uint32Array;
  src: Uint32Array;
  dst: Uint32Array;
  srcLength: Uint8Array;
  dstLength: Uint8Array;
  scalars: Uint16Array[];
  bitsMask: Uint16Array;
  bitsValue: Uint16Array;
  checked: Uint8Array;
}

export function newColumns(family: 4 | 6, dimensions: Dimensions): Columns {
  return {
    family,
    dimensions,
    count: 0,
    entry: new Uint32Array(),
    src: new Uint32Array(),
    dst: new Uint32Array(),
    srcLength: new Uint8Array(),
    dstLength: new Uint8Array(),
    scalars: dimensions.shape.scalars.map(() => new Uint16Array()),
    bitsMask: new Uint16Array(),
    bitsValue: new Uint16Array(),
    checked: new Uint8Array(),
  };
}

const ROOM_MIN = 256;

export function makeRoom(to: Columns, more: number): void {
  const need = to.count + more;
  if (need > to.entry.length) resize(to, Math.max(ROOM_MIN, need, 2 * to.entry.length));
}

function resize(to: Columns, room: number): void {
  if (room === to.entry.length) return;
  const words = to.family === 4 ? 2 : 4;
  to.entry = resized(to.entry, new Uint32Array(room));
  to.src = resized(to.src, new Uint32Array(words * room));
  to.dst = resized(to.dst, new Uint32Array(words * room));
  if (to.family === 6) {
    to.srcLength = resized(to.srcLength, new Uint8Array(room));
    to.dstLength = resized(to.dstLength, new Uint8Array(room));
  }
  to.scalars = to.scalars.map((column) => resized(column, new Uint16Array(2 * room)));
  if (to.dimensions.shape.bits !== null) {
    to.bitsMask = resized(to.bitsMask, new Uint16Array(room));
    to.bitsValue = resized(to.bitsValue, new Uint16Array(room));
  }
  to.checked = resized(to.checked, new Uint8Array(room));
}

function resized<A extends Uint32Array | Uint16Array | Uint8Array>(column: A, into: A): A {
  into.set(column.length > into.length ? column.subarray(0, into.length) : column);
  return into;
}

/** A box as another one is, behind all others; gives its number. */
export function copyBox(columns: Columns, from: number, entry: number): number {
  makeRoom(columns, 1);
  const to = columns.count++;
  const { family, src, dst, srcLength, dstLength, scalars, bitsMask, bitsValue, checked, dimensions } = columns;
  const words = family === 4 ? 2 : 4;
  for (let word = 0; word < words; word++) {
    src[words * to + word] = src[words * from + word] as number;
    dst[words * to + word] = dst[words * from + word] as number;
  }
  if (family === 6) {
    srcLength[to] = srcLength[from] as number;
    dstLength[to] = dstLength[from] as number;
  }
  for (let scalar = 0; scalar < scalars.length; scalar++) {
    const column = scalars[scalar] as Uint16Array;
    column[2 * to] = column[2 * from] as number;
    column[2 * to + 1] = column[2 * from + 1] as number;
  }
  if (dimensions.shape.bits !== null) {
    bitsMask[to] = bitsMask[from] as number;
    bitsValue[to] = bitsValue[from] as number;
  }
  checked[to] = checked[from] as number;
  columns.entry[to] = entry;
  return to;
}

/** Boxes `[from, end)` of a set, behind all others; the numbers of their rules are larger by `by`. */
export function appendBoxes(to: Columns, set: BoxSet, from: number, end: number, by: number): void {
  const count = end - from;
  if (count === 0) return;
  if (to.count + count > to.entry.length) resize(to, to.count + count + ROOM_MIN);
  const words = to.family === 4 ? 2 : 4;
  const at = to.count;
  to.src.set(set.src.subarray(words * from, words * end), words * at);
  to.dst.set(set.dst.subarray(words * from, words * end), words * at);
  if (to.family === 6) {
    to.srcLength.set(set.srcLength.subarray(from, end), at);
    to.dstLength.set(set.dstLength.subarray(from, end), at);
  }
  for (const [scalar, column] of to.scalars.entries()) {
    column.set((set.scalars[scalar] as Uint16Array).subarray(2 * from, 2 * end), 2 * at);
  }
  if (to.dimensions.shape.bits !== null) {
    to.bitsMask.set(set.bitsMask.subarray(from, end), at);
    to.bitsValue.set(set.bitsValue.subarray(from, end), at);
  }
  to.checked.set(set.checked.subarray(from, end), at);
  for (let box = from; box < end; box++) to.entry[at + box - from] = (set.entry[box] as number) + by;
  to.count += count;
}

/** null: there are no boxes. */
export function boxSet(columns: Columns, each: boolean): BoxSet | null {
  if (columns.count === 0) return null;
  resize(columns, columns.count);
  const { family, count, entry, src, dst, srcLength, dstLength, scalars, bitsMask, bitsValue, checked } = columns;
  const mode = each ? 'each' : 'first';
  return { family, mode, count, entry, src, dst, srcLength, dstLength, scalars, bitsMask, bitsValue, checked };
}
