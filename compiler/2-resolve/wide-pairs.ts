/** Ranges of IPv6 addresses while they are collected, as words (`wide-ranges.ts`): sorted and merged without an object for each. */
import type { BigRange, WideRanges } from './program.ts';
import { ADDRESS_WORDS, HIGH, RANGE_WORDS, wideRanges, wordsOf } from './wide-ranges.ts';

const LAST = 0xffff_ffff;
const FIRST_ROOM = 1024;

/** Kept in one block of memory. */
export function createWidePairs() {
  let words = new Uint32Array(FIRST_ROOM);
  let length = 0;
  const need = (more: number): void => {
    if (length + more <= words.length) return;
    const larger = new Uint32Array(Math.max(2 * words.length, length + more));
    larger.set(words);
    words = larger;
  };
  return {
    /** The bounds of one range, eight words. */
    add(bounds: Uint32Array): void {
      if (length === words.length) need(RANGE_WORDS);
      copyRange(bounds, 0, words, length);
      length += RANGE_WORDS;
    },
    addAll(ranges: WideRanges): void {
      const more = wordsOf(ranges);
      need(more.length);
      words.set(more, length);
      length += more.length;
    },
    addBig(range: BigRange): void {
      this.addAll([range]);
    },
    count: () => length / RANGE_WORDS,
    /** Sorted, disjoint, not adjacent. */
    merged: (): WideRanges => wideRanges(mergedIn(sorted(words.subarray(0, length)))),
  };
}

/** Merges sorted ranges where they lie: they are canonical then. */
export function mergedIn(words: Uint32Array): Uint32Array {
  if (words.length === 0) return words;
  let tail = 0;
  for (let at = RANGE_WORDS; at < words.length; at += RANGE_WORDS) {
    if (!touches(words, at, tail + ADDRESS_WORDS)) {
      tail += RANGE_WORDS;
      if (tail !== at) copyRange(words, at, words, tail);
    } else if (compared(words, at + ADDRESS_WORDS, tail + ADDRESS_WORDS) > 0) {
      words.copyWithin(tail + ADDRESS_WORDS, at + ADDRESS_WORDS, at + RANGE_WORDS);
    }
  }
  const used = tail + RANGE_WORDS;
  return used < words.length / 2 ? words.slice(0, used) : words.subarray(0, used);
}

/** Whether the address at `at` is at most one behind another. */
function touches(words: Uint32Array, at: number, other: number): boolean {
  const difference = compared(words, at, other);
  if (difference <= 0) return true;
  // One more, and what is carried on: nearly always the lowest words tell already.
  let carry = 1;
  for (let word = ADDRESS_WORDS - 1; word >= 0; word--) {
    const next = (words[other + word] ?? 0) + carry;
    if (words[at + word] !== next >>> 0) return false;
    carry = next > LAST ? 1 : 0;
  }
  return carry === 0;
}

function compared(words: Uint32Array, at: number, other: number): number {
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    const difference = (words[at + word] ?? 0) - (words[other + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The ranges in the order of their first addresses, a copy. */
function sorted(words: Uint32Array): Uint32Array {
  if (isSorted(words)) return words.slice();
  const order = orderOf(words);
  const result = new Uint32Array(words.length);
  for (let index = 0; index < order.length; index++)
    copyRange(words, (order[index] ?? 0) * RANGE_WORDS, result, index * RANGE_WORDS);
  return result;
}

/** Word by word: with a loop here, the processor would wait for one range of the memory at a time and not for several. */
function copyRange(words: Uint32Array, from: number, into: Uint32Array, to: number): void {
  into[to] = words[from] ?? 0;
  into[to + 1] = words[from + 1] ?? 0;
  into[to + 2] = words[from + 2] ?? 0;
  into[to + 3] = words[from + 3] ?? 0;
  into[to + 4] = words[from + 4] ?? 0;
  into[to + 5] = words[from + 5] ?? 0;
  into[to + 6] = words[from + 6] ?? 0;
  into[to + 7] = words[from + 7] ?? 0;
}

function isSorted(words: Uint32Array): boolean {
  for (let at = RANGE_WORDS; at < words.length; at += RANGE_WORDS) {
    if (compared(words, at - RANGE_WORDS, at) > 0) return false;
  }
  return true;
}

/** Bits of a number of a range; the bits of an address that share 64 with it. */
const NUMBER_BITS = 21;
const NUMBER_MASK = 2 ** NUMBER_BITS - 1;

/** Numbers of the ranges in the order of their first addresses. */
function orderOf(words: Uint32Array): Uint32Array {
  const count = words.length / RANGE_WORDS;
  const order = new Uint32Array(count);
  const byFirst = (a: number, b: number) => compared(words, a * RANGE_WORDS, b * RANGE_WORDS);
  if (count > NUMBER_MASK) return order.map((_, index) => index).sort(byFirst);
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
