/** Lists of IPv6 addresses, fast: as `ipv4-lines.ts`, with four 32-bit words an address, the highest first. */
import { onlyBlanks } from './ipv4-lines.ts';

const ZERO = 48;
const NINE = 57;
const COLON = 58;
const SLASH = 47;
const GROUPS = 8;
const GROUP_DIGITS = 4;
const WORDS = 4;
const LAST = 0xffff_ffff;
const ADDRESS_BITS = 128;
const ASCII = 128;

/**
 * A function that reads the line from `start` to `end` into `bounds` when it is exactly an IPv6 address of hexadecimal groups, or a
 * prefix without host bits, with blanks or a comment behind it; false: it is something else, or wrong.
 */
export function createScanner6(text: string, bounds: Uint32Array): (start: number, end: number) => boolean {
  const address: Address = { groups: new Uint16Array(GROUPS), digits: hexDigits(), end: 0 };
  return (start, end) => {
    if (!readAddress(text, start, end, address)) return false;
    const { groups } = address;
    const slash = address.end;
    const behind = slash < end && text.charCodeAt(slash) === SLASH ? lengthEnd(text, slash + 1, end) : slash;
    const bits = behind === slash ? ADDRESS_BITS : lengthOf(text, slash + 1, behind);
    if (bits < 0 || !onlyBlanks(text, behind, end)) return false;
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

interface Address {
  readonly groups: Uint16Array;
  /** What a character is worth; -1: it is no digit. A table has no branch that random digits make go wrong. */
  readonly digits: Int8Array;
  /** Where the text of the address ends. */
  end: number;
}

/** By the code of the character. */
function hexDigits(): Int8Array {
  const digits = new Int8Array(ASCII).fill(-1);
  for (let digit = 0; digit < 16; digit++) {
    const character = digit.toString(16);
    digits[character.charCodeAt(0)] = digit;
    digits[character.toUpperCase().charCodeAt(0)] = digit;
  }
  return digits;
}

/** False: no address. */
function readAddress(text: string, start: number, end: number, into: Address): boolean {
  const { groups, digits } = into;
  let at = start;
  let count = 0;
  /** How many groups are ahead of `::`; -1: it has not come. */
  let gap = -1;
  let value = 0;
  let first = at;
  if (text.charCodeAt(at) === COLON) {
    if (text.charCodeAt(at + 1) !== COLON) return false;
    gap = 0;
    at += 2;
    first = at;
  }
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    const digit = code < ASCII ? (digits[code] ?? -1) : -1;
    if (digit >= 0) {
      value = (value << 4) | digit;
      continue;
    }
    if (code !== COLON || at === first) break;
    if (at - first > GROUP_DIGITS || count === GROUPS) return false;
    groups[count++] = value;
    value = 0;
    if (text.charCodeAt(at + 1) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      at += 1;
    }
    first = at + 1;
  }
  into.end = at;
  if (at > first) {
    if (at - first > GROUP_DIGITS || count === GROUPS) return false;
    groups[count++] = value;
  } else if (count !== gap) return false;
  if (gap < 0) return count === GROUPS;
  if (count === GROUPS) return false;
  moveBehindGap(groups, gap, count);
  return true;
}

/** Those behind `::` to the end, and zeros in between. */
function moveBehindGap(groups: Uint16Array, gap: number, count: number): void {
  const moved = GROUPS - count;
  for (let group = count - 1; group >= gap; group--) groups[group + moved] = groups[group] ?? 0;
  for (let group = gap; group < gap + moved; group++) groups[group] = 0;
}

/** Where the digits of a length end. */
function lengthEnd(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && text.charCodeAt(at) >= ZERO && text.charCodeAt(at) <= NINE) at++;
  return at;
}

/** Bits of the prefix; -1: it has no length, or a wrong one. */
function lengthOf(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + text.charCodeAt(at) - ZERO;
  const zero = end - start > 1 && text.charCodeAt(start) === ZERO;
  return end === start || zero || value > ADDRESS_BITS ? -1 : value;
}

/** Bits of a word behind the first `bits`. */
function hostMask(bits: number): number {
  if (bits <= 0) return LAST;
  return bits >= 32 ? 0 : LAST >>> bits;
}
