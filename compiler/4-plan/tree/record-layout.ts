/**
 * Where the bounds of a box lie in a record: known to the trees' writer and to the C that compares (5-emit/tree-records.ts).
 * It follows from the shape alone. Family 4: `entry`, then first address and span of source and destination. Family 6: four halves of
 * addresses, how far each is shifted before it is compared (twice, since a shift by 64 is none), then `entry`.
 */
import { SCALARS_MAX, type TreeShape } from './box-set.ts';

/** Of `struct pktc_key`: the first scalar; the bits stand behind the last one. */
export const KEY_SCALARS = 4;

/** Set in a record's entry where the entry has a check beside its boxes. */
export const CHECKED = 0x8000_0000;

export interface RecordField {
  /** The scalar's place in the shape; -1: the bits, whose mask and value stand where others have first and span. */
  readonly scalar: number;
  readonly at: number;
  readonly offset: number;
  readonly bytes: 1 | 2;
}

export interface RecordLayout {
  /** A power of two: no record lies in more cache lines than it must. */
  readonly bytes: number;
  readonly entry: number;
  readonly fields: readonly RecordField[];
  /** Behind the last field. */
  readonly used: number;
}

const SMALLEST = { 4: 32, 6: 64 } as const;
const ADDRESSES = { 4: 20, 6: 44 } as const;

export function recordLayout(shape: TreeShape, family: 4 | 6): RecordLayout {
  const scalars = shape.scalars.slice(0, SCALARS_MAX).map(({ bytes }, scalar) => ({ scalar, at: KEY_SCALARS + scalar, bytes }));
  const bits = shape.bits === null ? [] : [{ scalar: -1, at: KEY_SCALARS + shape.scalars.length, bytes: shape.bits.bytes }];
  let offset: number = ADDRESSES[family];
  const fields: RecordField[] = [];
  for (const field of [...scalars, ...bits].toSorted((a, b) => b.bytes - a.bytes)) {
    fields.push({ ...field, offset });
    offset += 2 * field.bytes;
  }
  let bytes: number = SMALLEST[family];
  while (bytes < offset) bytes *= 2;
  return { bytes, entry: family === 4 ? 0 : 40, fields, used: offset };
}

/** Words that the key of a program has: a power of two, so that any number under a mask is one of them. */
export function keyWords({ scalars, bits }: TreeShape): 8 | 16 {
  return KEY_SCALARS + scalars.length + (bits === null ? 0 : 1) <= 8 ? 8 : 16;
}
