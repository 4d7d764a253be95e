/**
 * Numbers, addresses and fixed words as the bytes of lines. Each function puts them at a place where there is room, a few bytes beyond their
 * end too, and says where the next go; what is beyond the end is overwritten by what comes next.
 */

/** A text that is always the same, in words of eight bytes; the last one may go beyond its end. */
export interface Piece {
  readonly length: number;
  /** As numbers of 64 bits that stay what they are: none of them is NaN, as no byte of UTF-8 is 0xff, and none of JSON 0x7f. */
  readonly words: Float64Array;
}

/** @param words at least so many */
export function pieceOf(text: string, words = 1): Piece {
  const padded = ascii(text.padEnd(Math.max(8 * words, (text.length + 7) & ~7)));
  const view = new DataView(padded.buffer, padded.byteOffset);
  return {
    length: text.length,
    words: Float64Array.from({ length: padded.length / 8 }, (_, word) => view.getFloat64(8 * word, true)),
  };
}

/** A place for lines. */
export type LineBytes = ReturnType<typeof createLineBytes>;

const MILLION = 1_000_000;
const THOUSAND = 1000;
const QUOTE = 0x22;
const COLON = 0x3a;
const HEX_DIGITS = ascii('0123456789abcdef');

/**
 * The place and the tables of digits stay what and where they are: V8 then has their addresses in its code, and need not look before each byte
 * written whether they are still there. That is a third of the time of a line.
 */
export function createLineBytes(length: number) {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);

  const putPiece = (at: number, { words, length }: Piece): number => {
    for (let word = 0; word < words.length; word++) view.setFloat64(at + 8 * word, words[word] as number, true);
    return at + length;
  };

  /** Of a piece that has two. */
  const putTwoWords = (at: number, { words, length }: Piece): number => {
    view.setFloat64(at, words[0] as number, true);
    view.setFloat64(at + 8, words[1] as number, true);
    return at + length;
  };

  const { putNanosecond, putNumber, putLargeNumber, putIpv4 } = inDigits(view);
  const { putIpv6, putHex, putText } = byteByByte(bytes);
  return { bytes, putPiece, putTwoWords, putNanosecond, putNumber, putLargeNumber, putIpv4, putIpv6, putHex, putText };
}

/** What is the same in most lines. */
function inDigits(view: DataView) {
  // Digits that need not be worked out: four bytes in one number, the first digit in the lowest.
  const three = Uint32Array.from({ length: THOUSAND }, (_, value) => wordOf(String(value).padStart(3, '0')));
  const few = Uint32Array.from({ length: THOUSAND }, (_, value) => wordOf(String(value)));
  const fewLength = Uint8Array.from({ length: THOUSAND }, (_, value) => String(value).length);
  const octet = Uint32Array.from({ length: 256 }, (_, value) => wordOf(`${value}.`));

  /** Nine digits; the byte behind them becomes `behind`. @param nanosecond below 10^9 */
  const putNanosecond = (at: number, nanosecond: number, behind: number): void => {
    const millis = (nanosecond / MILLION) | 0;
    const micros = (nanosecond / THOUSAND) | 0;
    view.setUint32(at, three[millis] as number, true);
    view.setUint32(at + 3, three[micros - millis * THOUSAND] as number, true);
    view.setUint32(at + 6, (three[nanosecond - micros * THOUSAND] as number) | (behind << 24), true);
  };

  /** @param value whole, not negative, below a million */
  const putNumber = (at: number, value: number): number => {
    if (value < THOUSAND) {
      view.setUint32(at, few[value] as number, true);
      return at + (fewLength[value] as number);
    }
    const thousands = (value / THOUSAND) | 0;
    const next = at + (fewLength[thousands] as number);
    view.setUint32(at, few[thousands] as number, true);
    view.setUint32(next, three[value - thousands * THOUSAND] as number, true);
    return next + 3;
  };

  /** @param value whole, not negative, below 2^32 */
  const putLargeNumber = (at: number, value: number): number => {
    if (value < MILLION) return putNumber(at, value);
    const thousands = Math.floor(value / THOUSAND);
    const next = putLargeNumber(at, thousands);
    view.setUint32(next, three[value - thousands * THOUSAND] as number, true);
    return next + 3;
  };

  /** Four octets. @param address the first of them in the lowest byte */
  const putIpv4 = (at: number, address: number): number => {
    const first = address & 255;
    const second = (address >>> 8) & 255;
    const third = (address >>> 16) & 255;
    const last = address >>> 24;
    const secondAt = at + (fewLength[first] as number) + 1;
    const thirdAt = secondAt + (fewLength[second] as number) + 1;
    const lastAt = thirdAt + (fewLength[third] as number) + 1;
    view.setUint32(at, octet[first] as number, true);
    view.setUint32(secondAt, octet[second] as number, true);
    view.setUint32(thirdAt, octet[third] as number, true);
    view.setUint32(lastAt, few[last] as number, true);
    return lastAt + (fewLength[last] as number);
  };

  return { putNanosecond, putNumber, putLargeNumber, putIpv4 };
}

/** What is rare, or of any length. */
function byteByByte(bytes: Uint8Array) {
  const putGroup = (at: number, group: number): number => {
    let next = at;
    if (group > 0xfff) bytes[next++] = HEX_DIGITS[group >> 12] as number;
    if (group > 0xff) bytes[next++] = HEX_DIGITS[(group >> 8) & 15] as number;
    if (group > 0xf) bytes[next++] = HEX_DIGITS[(group >> 4) & 15] as number;
    bytes[next++] = HEX_DIGITS[group & 15] as number;
    return next;
  };

  /** As RFC 5952 has it, but for addresses that hold one of IPv4: those are `isMappedIpv4`. @param from of the address in `address` */
  const putIpv6 = (at: number, address: Uint8Array, from: number): number => {
    let zeros = 0;
    let end = 0;
    let run = 0;
    for (let index = 0; index < 8; index++) {
      run = groupAt(address, from, index) === 0 ? run + 1 : 0;
      if (run > 1 && run > zeros) {
        zeros = run;
        end = index + 1;
      }
    }
    const begin = end - zeros;
    let next = at;
    for (let index = 0; index < 8; index++) {
      if (zeros > 0 && index === begin) {
        bytes[next++] = COLON;
        if (end === 8) bytes[next++] = COLON;
        index = end - 1;
        continue;
      }
      if (index > 0) bytes[next++] = COLON;
      next = putGroup(next, groupAt(address, from, index));
    }
    return next;
  };

  /** In quotes, two digits a byte. */
  const putHex = (at: number, from: Uint8Array, begin: number, end: number): number => {
    let next = at;
    bytes[next++] = QUOTE;
    for (let index = begin; index < end; index++) {
      const byte = from[index] as number;
      bytes[next++] = HEX_DIGITS[byte >> 4] as number;
      bytes[next++] = HEX_DIGITS[byte & 15] as number;
    }
    bytes[next] = QUOTE;
    return next + 1;
  };

  /** Of characters that are one byte each, and that JSON takes as they are. */
  const putText = (at: number, text: string): number => {
    for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
    return at + text.length;
  };

  return { putIpv6, putHex, putText };
}

function wordOf(text: string): number {
  let word = 0;
  for (let index = 0; index < text.length; index++) word |= text.charCodeAt(index) << (8 * index);
  return word;
}

export function isMappedIpv4(address: Uint8Array, from: number): boolean {
  for (let index = 0; index < 5; index++) if (groupAt(address, from, index) !== 0) return false;
  return groupAt(address, from, 5) === 0xffff;
}

function groupAt(address: Uint8Array, from: number, index: number): number {
  return ((address[from + 2 * index] as number) << 8) | (address[from + 2 * index + 1] as number);
}

export function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
