/**
 * Addresses and numbers as nearly every rule writes them, read digit by digit. What is written in any other way, or wrongly, is not
 * read here: the lexer and the judges of `grammar/values` know what it is and what to say of it.
 */

/** Where a literal ends, and its value; one for many literals. */
export interface LiteralReader {
  /** Reads `80` or `10.0.0.0/8`: the end of it, or -1. `first` and `last` have its values. */
  readonly ip4: (text: string, at: number) => number;
  readonly number: (text: string, at: number) => number;
  /** Reads `2001:db8::/32`; `words` and `length` have its value. */
  readonly ip6: (text: string, at: number) => number;
  first: number;
  last: number;
  /** Whether a prefix length was written. */
  prefixed: boolean;
  /** Of an IPv6 address, 32 bits each, the highest first. */
  readonly words: Uint32Array;
  length: number;
}

/** Nine digits are below 2^31, and more than any port. */
const DIGITS_MAX = 9;

export function createLiteralReader(): LiteralReader {
  const groups = new Uint16Array(8);
  const reader: LiteralReader = {
    number: (text, at) => readNumber(reader, text, at),
    ip4: (text, at) => readIp4(reader, text, at),
    ip6: (text, at) => readIp6(reader, groups, text, at),
    first: 0,
    last: 0,
    prefixed: false,
    words: new Uint32Array(4),
    length: 0,
  };
  return reader;
}

function readNumber(reader: LiteralReader, text: string, from: number): number {
  let at = from;
  let value = 0;
  for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(at) - 48) {
    value = value * 10 + digit;
    at += 1;
    if (at - from > DIGITS_MAX) return -1;
  }
  if (at === from || (at - from > 1 && text.charCodeAt(from) === 48)) return -1;
  reader.first = value;
  reader.last = value;
  return at;
}

function readIp4(reader: LiteralReader, text: string, from: number): number {
  let at = from;
  let address = 0;
  for (let octet = 0; octet < 4; octet += 1) {
    if (octet > 0) {
      if (text.charCodeAt(at) !== 46) return -1;
      at += 1;
    }
    const end = readNumber(reader, text, at);
    if (end < 0 || reader.first > 255) return -1;
    address = address * 256 + reader.first;
    at = end;
  }
  let size = 1;
  reader.prefixed = text.charCodeAt(at) === 47;
  if (reader.prefixed) {
    const end = readNumber(reader, text, at + 1);
    if (end < 0 || reader.first > 32) return -1;
    size = 2 ** (32 - reader.first);
    at = end;
  }
  if (address % size !== 0) return -1;
  reader.first = address;
  reader.last = address + size - 1;
  return at;
}

function hexadecimal(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Groups and at most one `::`; no dotted part. */
function readIp6(reader: LiteralReader, groups: Uint16Array, text: string, from: number): number {
  let at = from;
  let count = 0;
  let gap = -1;
  for (;;) {
    let value = 0;
    let digits = 0;
    for (let digit = hexadecimal(text.charCodeAt(at)); digit >= 0; digit = hexadecimal(text.charCodeAt(at))) {
      value = value * 16 + digit;
      digits += 1;
      at += 1;
      if (digits > 4) return -1;
    }
    if (digits > 0) {
      if (count === 8) return -1;
      groups[count] = value;
      count += 1;
    }
    if (text.charCodeAt(at) !== 58) {
      if (digits === 0 && gap !== count) return -1;
      break;
    }
    const double = text.charCodeAt(at + 1) === 58;
    if (double) {
      if (gap >= 0) return -1;
      gap = count;
    } else if (digits === 0) return -1;
    at += double ? 2 : 1;
  }
  if (gap < 0 ? count !== 8 : count > 7) return -1;
  return withLength(reader, groups, { text, at, count, gap });
}

interface Groups {
  readonly text: string;
  readonly at: number;
  readonly count: number;
  /** Before which group `::` stands; -1: nowhere. */
  readonly gap: number;
}

function withLength(reader: LiteralReader, groups: Uint16Array, { text, at, count, gap }: Groups): number {
  const { words } = reader;
  const behind = gap < 0 ? 0 : count - gap;
  words.fill(0);
  for (let index = 0; index < count; index += 1) {
    const place = gap >= 0 && index >= gap ? 8 - behind + (index - gap) : index;
    words[place >> 1] = (words[place >> 1] ?? 0) + (groups[index] ?? 0) * (place % 2 === 0 ? 65_536 : 1);
  }
  reader.length = 128;
  reader.prefixed = text.charCodeAt(at) === 47;
  if (!reader.prefixed) return at;
  const end = readNumber(reader, text, at + 1);
  if (end < 0 || reader.first > 128) return -1;
  reader.length = reader.first;
  for (let word = 0; word < 4; word += 1) {
    const bits = Math.min(32, Math.max(0, reader.length - 32 * word));
    if ((words[word] ?? 0) % 2 ** (32 - bits) !== 0) return -1;
  }
  return end;
}
