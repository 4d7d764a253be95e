/** Whether a value that is present satisfies a predicate. */
import type { BigRange, BytePattern, NumberRange, Predicate } from '../2-resolve/program.ts';
import type { Extent } from './dissection.ts';
import type { FieldValue } from './read-field.ts';

/** A value of another kind than the predicate compares satisfies it never; `resolve` makes no such predicate. */
export function accepts(predicate: Predicate, value: FieldValue): boolean {
  switch (predicate.kind) {
    case 'present':
      return true;
    // Asked of the packet, for it takes several values: see `holds`.
    case 'member':
      return false;
    case 'in':
      return typeof value === 'number' && within(predicate.ranges, value);
    case 'address':
      return typeof value === 'number' ? within(predicate.v4, value) : typeof value === 'bigint' && within(predicate.v6, value);
    case 'bits':
      return typeof value === 'number' && (BigInt(value) & BigInt(predicate.mask)) === BigInt(predicate.value);
    case 'some':
      return typeof value === 'number' && (BigInt(value) & BigInt(predicate.mask)) !== 0n;
    case 'masked':
      return isAddress(value) && matchesMasked(predicate, value) !== predicate.negated;
    case 'kinds':
      return value instanceof Set && predicate.kinds.some((kind) => value.has(kind)) !== predicate.negated;
    case 'contains':
      return value instanceof Uint8Array && findPattern(predicate, value) !== null;
    case 'interface':
      return typeof value === 'string' && predicate.names.some((name) => matchesName(name, value)) !== predicate.negated;
  }
}

function isAddress(value: FieldValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function matchesMasked({ family, mask, value }: Extract<Predicate, { kind: 'masked' }>, address: number | bigint): boolean {
  return family === (typeof address === 'number' ? 4 : 6) && (BigInt(address) & mask) === value;
}

/** Binary search; the ranges are sorted and disjoint. */
function within(ranges: readonly NumberRange[] | readonly BigRange[], value: number | bigint): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range === undefined || value < range[0]) {
      high = middle;
    } else if (value > range[1]) {
      low = middle + 1;
    } else {
      return true;
    }
  }
  return false;
}

/** The first place of the first pattern that the payload has in its first bytes; null: of none. */
export function findPattern(
  { patterns, within: bound }: Extract<Predicate, { kind: 'contains' }>,
  payload: Uint8Array,
): Extent | null {
  const searched = payload.subarray(0, bound);
  for (const pattern of patterns) {
    const start = indexOf(searched, pattern);
    if (start >= 0) {
      return { start, end: start + pattern.bytes.length };
    }
  }
  return null;
}

function indexOf(searched: Uint8Array, { bytes, nocase }: BytePattern): number {
  const text = nocase ? searched.map(lowerCase) : searched;
  return Buffer.from(text.buffer, text.byteOffset, text.length).indexOf(Uint8Array.from(bytes));
}

/** ASCII only. */
function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** `*` stands for any characters, also none. */
function matchesName(pattern: string, name: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) {
    return name === pattern;
  }
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) {
      return false;
    }
    at = found + part.length;
  }
  return name.startsWith(head) && name.endsWith(tail) && at + tail.length <= name.length;
}
