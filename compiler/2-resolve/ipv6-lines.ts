/** Lists of IPv6 addresses, fast: as `ipv4-lines.ts`, with four 32-bit words an address, the highest first. */
import { onlyBlanks } from './ipv4-lines.ts';
import type { BigRange, WideRanges } from './program.ts';

const ZERO = 48;
const NINE = 57;
const COLON = 58;
const SLASH = 47;
const GROUPS = 8;
/** Words of a range: the first address and the last one. */
const RANGE_WORDS = 8;
const WORDS = 4;
const LAST = 0xffff_ffff;

/**
 * A function that reads the line from `start` to `end` into `bounds` when it is exactly an IPv6 address of hexadecimal groups, or a
 * prefix without host bits, with blanks or a comment behind it; false: it is something else, or wrong.
 */
export function createScanner6(text: string, bounds: Uint32Array): (start: number, end: number) => boolean {
  const groups = new Uint16Array(GROUPS);
  const cursor: Cursor = { at: 0 };
  return (start, end) => {
    cursor.at = start;
    if (!readAddress(text, cursor, end, groups)) return false;
    const bits = readLength(text, cursor, end);
    if (bits < 0 || !onlyBlanks(text, cursor.at, end)) return false;
    for (let word = 0; word < WORDS; word++) {
      const value = (((groups[2 * word] ?? 0) << 16) | (groups[2 * word + 1] ?? 0)) >>> 0;
      const host = hostMask(bits - 32 * word);
      if ((value & host) !== 0) return false;
      bounds[word] = value;
      bounds[WORDS + word] = (value | host) >>> 0;
    }
    return true;
  };
}

/** Where a line has been read to. */
interface Cursor {
  at: number;
}

/** -1: no digit, or more than four. */
function readGroup(text: string, cursor: Cursor, end: number): number {
  const start = cursor.at;
  let value = 0;
  for (; cursor.at < end; cursor.at++) {
    const digit = hexDigit(text.charCodeAt(cursor.at));
    if (digit < 0) break;
    value = value * 16 + digit;
  }
  return cursor.at === start || cursor.at - start > 4 ? -1 : value;
}

/** Groups as they stand, and how many are ahead of `::`; false: no address. */
function readAddress(text: string, cursor: Cursor, end: number, groups: Uint16Array): boolean {
  let count = 0;
  let gap = -1;
  if (text.charCodeAt(cursor.at) === COLON) {
    if (text.charCodeAt(cursor.at + 1) !== COLON) return false;
    gap = 0;
    cursor.at += 2;
  }
  while (cursor.at < end && hexDigit(text.charCodeAt(cursor.at)) >= 0) {
    const value = readGroup(text, cursor, end);
    if (value < 0 || count === GROUPS) return false;
    groups[count++] = value;
    if (cursor.at >= end || text.charCodeAt(cursor.at) !== COLON) break;
    if (text.charCodeAt(cursor.at + 1) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      cursor.at += 2;
    } else if (cursor.at + 1 < end && hexDigit(text.charCodeAt(cursor.at + 1)) >= 0) {
      cursor.at += 1;
    } else return false;
  }
  if (gap < 0) return count === GROUPS;
  if (count === GROUPS) return false;
  groups.copyWithin(GROUPS - (count - gap), gap, count);
  groups.fill(0, gap, GROUPS - (count - gap));
  return true;
}

/** Bits of the prefix; -1: it has no length, or a wrong one. */
function readLength(text: string, cursor: Cursor, end: number): number {
  if (cursor.at >= end || text.charCodeAt(cursor.at) !== SLASH) return 128;
  const start = ++cursor.at;
  let value = 0;
  for (; cursor.at < end; cursor.at++) {
    const code = text.charCodeAt(cursor.at);
    if (code < ZERO || code > NINE) break;
    value = value * 10 + code - ZERO;
  }
  const zero = cursor.at - start > 1 && text.charCodeAt(start) === ZERO;
  return cursor.at === start || zero || value > 128 ? -1 : value;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const letter = (code | 32) - 87;
  return letter >= 10 && letter <= 15 ? letter : -1;
}

/** Bits of a word behind the first `bits`. */
function hostMask(bits: number): number {
  if (bits <= 0) return LAST;
  return bits >= 32 ? 0 : LAST >>> bits;
}

/** Ranges of 128-bit numbers, kept as words in one block of memory. */
export function createWidePairs() {
  let words = new Uint32Array(1024);
  let length = 0;
  const add = (bounds: Uint32Array): void => {
    if (length === words.length) {
      const larger = new Uint32Array(2 * length);
      larger.set(words);
      words = larger;
    }
    words.set(bounds, length);
    length += RANGE_WORDS;
  };
  return {
    /** The bounds of one range, eight words. */
    add,
    addBig: ([first, last]: BigRange): void => add(Uint32Array.of(...wordsOf(first), ...wordsOf(last))),
    count: () => length / RANGE_WORDS,
    /** Sorted, disjoint, not adjacent. */
    merged: (): WideRanges => withBigInts(mergedWords(words.subarray(0, length))),
  };
}

function wordsOf(address: bigint): readonly number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffff_ffffn));
}

/** The ranges as others read them, with the words for those who can do without BigInts, of which each is an object. */
function withBigInts(words: Uint32Array): WideRanges {
  const halves = new BigUint64Array(words.length / 2);
  const parts = new Uint32Array(halves.buffer);
  for (let at = 0; at < words.length; at += 2) {
    parts[at + HIGH] = words[at] ?? 0;
    parts[at + 1 - HIGH] = words[at + 1] ?? 0;
  }
  /** What the last address of a prefix of 32 bits and more has above the first one, by their number. */
  const spans = Array.from({ length: 33 }, (_, bits) => 2n ** BigInt(96 - bits) - 1n);
  const ranges = new Array<BigRange>(halves.length / WORDS);
  // Each operation makes an object: most ranges are prefixes of up to 64 bits or single addresses, and take fewer.
  for (let range = 0; range < ranges.length; range++) {
    const [at, word] = [WORDS * range, RANGE_WORDS * range];
    const above = (halves[at] ?? 0n) << 64n;
    const prefix = words[word] === words[word + 4] && isPrefix64(words, word);
    const first = prefix ? above : above | (halves[at + 1] ?? 0n);
    if (prefix) ranges[range] = [first, first + (spans[Math.clz32((words[word + 5] ?? 0) ^ (words[word + 1] ?? 0))] ?? 0n)];
    else if (isSingle(words, word)) ranges[range] = [first, first];
    else ranges[range] = [first, ((halves[at + 2] ?? 0n) << 64n) | (halves[at + 3] ?? 0n)];
  }
  return Object.defineProperty(ranges, 'words', { value: words });
}

/** Whether a range that agrees in its first word is a prefix of 32 to 64 bits. */
function isPrefix64(words: Uint32Array, at: number): boolean {
  const differ = (words[at + 1] ?? 0) ^ (words[at + 5] ?? 0);
  if ((differ & (differ + 1)) !== 0 || ((words[at + 1] ?? 0) & differ) !== 0) return false;
  return words[at + 2] === 0 && words[at + 3] === 0 && words[at + 6] === LAST && words[at + 7] === LAST;
}

function isSingle(words: Uint32Array, at: number): boolean {
  for (let word = at; word < at + WORDS; word++) if (words[word] !== words[word + WORDS]) return false;
  return true;
}

function mergedWords(words: Uint32Array): Uint32Array {
  const order = sorted(words);
  const result = new Uint32Array(words.length);
  let tail = -RANGE_WORDS;
  for (let index = 0; index < order.length; index++) {
    const at = (order[index] ?? 0) * RANGE_WORDS;
    if (tail < 0 || !touches(words, at, result, tail + WORDS)) {
      tail += RANGE_WORDS;
      for (let word = 0; word < RANGE_WORDS; word++) result[tail + word] = words[at + word] ?? 0;
    } else if (compared(words, at + WORDS, result, tail + WORDS) > 0) {
      for (let word = WORDS; word < RANGE_WORDS; word++) result[tail + word] = words[at + word] ?? 0;
    }
  }
  return result.slice(0, tail + RANGE_WORDS);
}

/** Whether the address at `at` is at most one behind another. */
function touches(words: Uint32Array, at: number, others: Uint32Array, other: number): boolean {
  const difference = compared(words, at, others, other);
  if (difference <= 0) return true;
  // One more, and what is carried on: nearly always the lowest words tell already.
  let carry = 1;
  for (let word = WORDS - 1; word >= 0; word--) {
    const next = (others[other + word] ?? 0) + carry;
    if (words[at + word] !== next >>> 0) return false;
    carry = next > LAST ? 1 : 0;
  }
  return carry === 0;
}

function compared(a: Uint32Array, at: number, b: Uint32Array, other: number): number {
  for (let word = 0; word < WORDS; word++) {
    const difference = (a[at + word] ?? 0) - (b[other + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Bits of a number of a range; the bits of an address that share 64 with it. */
const NUMBER_BITS = 21;
const NUMBER_MASK = 2 ** NUMBER_BITS - 1;

/** Numbers of the ranges in the order of their first addresses. */
function sorted(words: Uint32Array): Uint32Array {
  const count = words.length / RANGE_WORDS;
  const order = new Uint32Array(count).map((_, index) => index);
  if (isSorted(words)) return order;
  const byFirst = (a: number, b: number) => compared(words, a * RANGE_WORDS, words, b * RANGE_WORDS);
  if (count > NUMBER_MASK) return order.sort(byFirst);
  // By the first 43 bits of the addresses, as 64-bit numbers, which is fast; the few that agree in them, one by one.
  const packed = new Uint32Array(2 * count);
  for (let range = 0; range < count; range++) {
    packed[2 * range + HIGH] = words[range * RANGE_WORDS] ?? 0;
    packed[2 * range + 1 - HIGH] = (((words[range * RANGE_WORDS + 1] ?? 0) & ~NUMBER_MASK) | range) >>> 0;
  }
  new BigUint64Array(packed.buffer).sort();
  for (let at = 0; at < count; at++) order[at] = (packed[2 * at + 1 - HIGH] ?? 0) & NUMBER_MASK;
  for (let from = 0; from < count; ) {
    let to = from + 1;
    while (to < count && alike(packed, from, to)) to++;
    if (to - from > 1) order.subarray(from, to).sort(byFirst);
    from = to;
  }
  return order;
}

/** Whether two packed numbers have the same beginning of an address. */
function alike(packed: Uint32Array, one: number, other: number): boolean {
  if (packed[2 * one + HIGH] !== packed[2 * other + HIGH]) return false;
  return ((packed[2 * one + 1 - HIGH] ?? 0) ^ (packed[2 * other + 1 - HIGH] ?? 0)) >>> NUMBER_BITS === 0;
}

/** Which of two 32-bit words is the more significant half of the 64-bit number that they make on this machine. */
const HIGH = new Uint32Array(new BigUint64Array([1n]).buffer)[0] === 1 ? 1 : 0;

function isSorted(words: Uint32Array): boolean {
  for (let at = RANGE_WORDS; at < words.length; at += RANGE_WORDS) {
    if (compared(words, at - RANGE_WORDS, words, at) > 0) return false;
  }
  return true;
}
