/**
 * Numbers, addresses and fixed words as the bytes of a line. Each function puts them at a place where there is room, a few bytes beyond their
 * end too, and says where the next go; what is beyond the end is overwritten by what comes next.
 */

/** Bytes, and the same in a way that takes four or eight of them at once anywhere. */
export interface Room {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function roomFor(length: number): Room {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** A text that is always the same, in words of eight bytes; the last one may go beyond its end. */
export interface Piece {
  readonly length: number;
  /** As numbers of 64 bits that stay what they are: none of them is NaN, as no byte of UTF-8 is 0xff, and none of JSON 0x7f. */
  readonly words: Float64Array;
}

export function pieceOf(text: string): Piece {
  const padded = ascii(text.padEnd((text.length + 7) & ~7));
  const view = new DataView(padded.buffer, padded.byteOffset);
  return {
    length: text.length,
    words: Float64Array.from({ length: padded.length / 8 }, (_, word) => view.getFloat64(8 * word, true)),
  };
}

export function putPiece(view: DataView, at: number, { words, length }: Piece): number {
  view.setFloat64(at, words[0] as number, true);
  for (let word = 1; word < words.length; word++) view.setFloat64(at + 8 * word, words[word] as number, true);
  return at + length;
}

/** Of a piece that is longer than eight bytes and not longer than sixteen. */
export function putTwoWords(view: DataView, at: number, { words, length }: Piece): number {
  view.setFloat64(at, words[0] as number, true);
  view.setFloat64(at + 8, words[1] as number, true);
  return at + length;
}

/** Digits that need not be worked out: each as four bytes in one number, the first digit in the lowest. */
export interface Digits {
  /** Of the numbers below a thousand: always three. */
  readonly three: Uint32Array;
  /** As many as the number has. */
  readonly few: Uint32Array;
  readonly fewLength: Uint8Array;
  /** Of an octet, with a dot behind it. */
  readonly octet: Uint32Array;
  readonly octetLength: Uint8Array;
}

export function createDigits(): Digits {
  const [three, few, fewLength] = [new Uint32Array(1000), new Uint32Array(1000), new Uint8Array(1000)];
  const [octet, octetLength] = [new Uint32Array(256), new Uint8Array(256)];
  for (let value = 0; value < 1000; value++) {
    const text = String(value);
    three[value] = wordOf(text.padStart(3, '0'));
    few[value] = wordOf(text);
    fewLength[value] = text.length;
    if (value >= 256) continue;
    octet[value] = wordOf(`${text}.`);
    octetLength[value] = text.length + 1;
  }
  return { three, few, fewLength, octet, octetLength };
}

function wordOf(text: string): number {
  let word = 0;
  for (let index = 0; index < text.length; index++) word |= text.charCodeAt(index) << (8 * index);
  return word;
}

const MILLION = 1_000_000;
const THOUSAND = 1000;
const QUOTE = 0x22;
const COLON = 0x3a;
const HEX_DIGITS = ascii('0123456789abcdef');

/** Nine digits; the byte behind them becomes `behind`. @param nanosecond below 10^9 */
export function putNanosecond(view: DataView, at: number, { three }: Digits, nanosecond: number, behind: number): void {
  const millis = (nanosecond / MILLION) | 0;
  const micros = (nanosecond / THOUSAND) | 0;
  view.setUint32(at, three[millis] as number, true);
  view.setUint32(at + 3, three[micros - millis * THOUSAND] as number, true);
  view.setUint32(at + 6, (three[nanosecond - micros * THOUSAND] as number) | (behind << 24), true);
}

/** @param value whole, not negative, below 2^32 */
export function putNumber(view: DataView, at: number, digits: Digits, value: number): number {
  if (value < THOUSAND) {
    view.setUint32(at, digits.few[value] as number, true);
    return at + (digits.fewLength[value] as number);
  }
  const thousands = Math.floor(value / THOUSAND);
  const next = putNumber(view, at, digits, thousands);
  view.setUint32(next, digits.three[value - thousands * THOUSAND] as number, true);
  return next + 3;
}

/** Four octets. @param address the first of them in the lowest byte */
export function putIpv4(view: DataView, at: number, { octet, octetLength }: Digits, address: number): number {
  const [first, second, third, last] = [address & 255, (address >>> 8) & 255, (address >>> 16) & 255, address >>> 24];
  let next = at;
  view.setUint32(next, octet[first] as number, true);
  next += octetLength[first] as number;
  view.setUint32(next, octet[second] as number, true);
  next += octetLength[second] as number;
  view.setUint32(next, octet[third] as number, true);
  next += octetLength[third] as number;
  view.setUint32(next, octet[last] as number, true);
  return next + (octetLength[last] as number) - 1;
}

/** As RFC 5952 has it, but for addresses that hold one of IPv4: those are `isMappedIpv4`. @param from of the address in `address` */
export function putIpv6(bytes: Uint8Array, at: number, address: Uint8Array, from: number): number {
  let [zeros, end, run] = [0, 0, 0];
  for (let index = 0; index < 8; index++) {
    run = groupAt(address, from, index) === 0 ? run + 1 : 0;
    if (run > 1 && run > zeros) [zeros, end] = [run, index + 1];
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
    next = putGroup(bytes, next, groupAt(address, from, index));
  }
  return next;
}

export function isMappedIpv4(address: Uint8Array, from: number): boolean {
  for (let index = 0; index < 5; index++) if (groupAt(address, from, index) !== 0) return false;
  return groupAt(address, from, 5) === 0xffff;
}

function groupAt(address: Uint8Array, from: number, index: number): number {
  return ((address[from + 2 * index] as number) << 8) | (address[from + 2 * index + 1] as number);
}

function putGroup(bytes: Uint8Array, at: number, group: number): number {
  let next = at;
  if (group > 0xfff) bytes[next++] = HEX_DIGITS[group >> 12] as number;
  if (group > 0xff) bytes[next++] = HEX_DIGITS[(group >> 8) & 15] as number;
  if (group > 0xf) bytes[next++] = HEX_DIGITS[(group >> 4) & 15] as number;
  bytes[next++] = HEX_DIGITS[group & 15] as number;
  return next;
}

/** In quotes, two digits a byte. */
export function putHex(out: Uint8Array, at: number, bytes: Uint8Array, from: number, length: number): number {
  let next = at;
  out[next++] = QUOTE;
  for (let index = from; index < from + length; index++) {
    const byte = bytes[index] as number;
    out[next++] = HEX_DIGITS[byte >> 4] as number;
    out[next++] = HEX_DIGITS[byte & 15] as number;
  }
  out[next] = QUOTE;
  return next + 1;
}

/** Of characters that are one byte each, and that JSON takes as they are. */
export function putText(bytes: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

export function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
