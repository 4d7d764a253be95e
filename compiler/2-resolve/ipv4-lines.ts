/** Lists of IPv4 addresses, fast: what is made for each line of a hundred thousand has to be thrown away again. */
import type { NumberRange } from './program.ts';

const ZERO = 48;
const SLASH = 47;
const DOT = 46;
const SPACE = 32;
const TAB = 9;
const RETURN = 13;
const HASH = 35;
const SEMICOLON = 59;

/** Valid until the scanner is called again. */
interface ScannedRange {
  readonly first: number;
  readonly last: number;
}

/**
 * A function that reads the line from `start` to `end` when it is exactly an IPv4 address or a prefix without host bits, with
 * blanks or a comment behind it; null: it is something else, or wrong.
 */
export function createScanner(text: string): (start: number, end: number) => ScannedRange | null {
  const range = { first: 0, last: 0 };
  let at = 0;

  /** Digits up to `largest`, without a leading zero; -1: none. */
  const number = (end: number, largest: number): number => {
    const start = at;
    let value = 0;
    for (; at < end; at++) {
      const digit = text.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (value > largest) return -1;
    }
    const zero = at - start > 1 && text.charCodeAt(start) === ZERO;
    return at === start || zero ? -1 : value;
  };

  return (start, end) => {
    at = start;
    let address = 0;
    for (let octet = 0; octet < 4; octet++) {
      if (octet > 0 && text.charCodeAt(at++) !== DOT) return null;
      const value = number(end, 255);
      if (value < 0) return null;
      address = address * 256 + value;
    }
    let size = 1;
    if (at < end && text.charCodeAt(at) === SLASH) {
      at += 1;
      const length = number(end, 32);
      if (length < 0) return null;
      size = 2 ** (32 - length);
      if (address % size !== 0) return null;
    }
    if (!onlyBlanks(text, at, end)) return null;
    range.first = address;
    range.last = address + size - 1;
    return range;
  };
}

/** Blanks as far as the end or a comment. */
export function onlyBlanks(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === HASH || code === SEMICOLON) return true;
    if (code !== SPACE && code !== TAB && code !== RETURN) return false;
  }
  return true;
}

/** Ranges of 32-bit numbers, kept as numbers in one block of memory. */
export function createPairs() {
  let words = new Uint32Array(2048);
  let length = 0;
  return {
    add(first: number, last: number): void {
      if (length === words.length) {
        const larger = new Uint32Array(2 * length);
        larger.set(words);
        words = larger;
      }
      // The first of the range in the half that counts more, so that 64-bit numbers are in the order of the ranges.
      words[length + HIGH] = first;
      words[length + 1 - HIGH] = last;
      length += 2;
    },
    count: () => length / 2,
    /** Sorted, disjoint, not adjacent. */
    merged(): readonly NumberRange[] {
      new BigUint64Array(words.buffer, 0, length / 2).sort();
      const ranges: [number, number][] = [];
      let tail: [number, number] | null = null;
      for (let at = 0; at < length; at += 2) {
        const first = words[at + HIGH] ?? 0;
        const last = words[at + 1 - HIGH] ?? 0;
        if (tail !== null && first <= tail[1] + 1) {
          if (last > tail[1]) tail[1] = last;
        } else {
          tail = [first, last];
          ranges.push(tail);
        }
      }
      return ranges;
    },
  };
}

/** Which of two 32-bit words is the more significant half of the 64-bit number that they make on this machine. */
const HIGH = new Uint32Array(new BigUint64Array([1n]).buffer)[0] === 1 ? 1 : 0;
