/** Lists of IPv6 addresses, fast: as `ipv4-lines.ts`, with four 32-bit words an address, the highest first. */
import { onlyBlanks } from './ipv4-lines.ts';

const ZERO = 48;
const NINE = 57;
const COLON = 58;
const SLASH = 47;
const GROUPS = 8;
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
