/** Lines that prefixes and single addresses are put into: struct pktc_line of `templates/include/pktc/set_lines.h`. */
import { HIGH } from '../../2-resolve/wide-ranges.ts';
import { mix, upper, type Wide } from './line-hash.ts';

export const LINE_WORDS = 16;

/** PKTC_LINE_PREFIXES, PKTC_LINE_BITS */
const LINE_PREFIXES = 6;
const LINE_BITS = 9;
const CODE_BITS = 2;
/** PKTC_LINE_GROUP: lines side by side that take in what one of them has no room for. */
export const LINE_GROUP = 4;
/** All lines of a group imply the upper bits of an address alike. */
export const LINES_MIN = LINE_GROUP * 2 ** LINE_BITS;
/** A place without a prefix: it has a bit where mixed addresses have none. */
const FREE = 65;
/** In the lowest bits of the network of a single address. */
const HOST = 64 + 6;
const REST_BITS = 6;
const WORD = 2 ** 32;

/** Bits that a mixed address is moved up by. */
const SHIFT = LINE_BITS - CODE_BITS;

/** Where a network looks, and what its prefixes are there. */
export interface Spot extends Wide {
  code: number;
  line: number;
}

export interface LineTable {
  readonly words: Uint32Array;
  /** Bits behind those that are the place of the six bits. */
  readonly restShift: number;
  /** Finds where a network looks by a code. */
  find(high: number, low: number, code: number, spot: Spot): void;
  /** False: the line has no place. */
  place(spot: Spot, length: number): boolean;
  /** Likewise, a single address by its lower half. */
  placeHost(spot: Spot, high: number, low: number): boolean;
  /** Makes a line refer to its group and to the rest, for all addresses of a prefix. */
  refer(spot: Spot, length: number): void;
}

/** @param count of whole groups, `LINES_MIN` at least. @param keys how many bits choose the line, by code */
export function createLineTable(count: number, keys: readonly number[]): LineTable {
  const words = new Uint32Array(count * LINE_WORDS);
  for (let at = 0; at < words.length; at += LINE_WORDS) {
    for (let place = 1; place <= LINE_PREFIXES; place++) words[at + 2 * place + 1 - HIGH] = FREE;
  }
  const masks = Uint32Array.from(keys, upper);
  const lowMasks = Uint32Array.from(keys, (key) => upper(key - 32));
  const counts = new Uint8Array(count);
  const hosts = new Uint8Array(count);
  const restShift = 64 - Math.ceil(Math.log2(count)) - REST_BITS;

  const refer = ({ high, low, line }: Spot, length: number): void => {
    const first = restShift >= 32 ? high >>> (restShift - 32) : (low >>> restShift) | (high << (32 - restShift));
    const bits = 2 ** Math.min(REST_BITS, Math.max(0, 64 - length - restShift));
    for (let bit = first & 63, end = bit + bits; bit < end; bit++) {
      const at = line * LINE_WORDS + ((bit & 63) < 32 ? 1 - HIGH : HIGH);
      words[at] = ((words[at] ?? 0) | (1 << (bit & 31))) >>> 0;
    }
  };
  const write = ({ high, low, code, line }: Spot, place: number, end: number): void => {
    const at = line * LINE_WORDS + 2 * place;
    const above = ((high << SHIFT) | (low >>> (32 - SHIFT))) & (0xffff_ffff >>> CODE_BITS);
    words[at + HIGH] = (above | (code << (32 - CODE_BITS))) >>> 0;
    words[at + 1 - HIGH] = (low << SHIFT) | end;
  };
  return {
    words,
    restShift,
    find: (high, low, code, spot) => {
      const mask = masks[code] ?? 0;
      mix(high, low, mask, lowMasks[code] ?? 0, spot);
      spot.code = code;
      spot.line = Math.floor((((spot.high & mask) >>> 0) * count) / WORD);
    },
    place: (spot, length) => {
      const used = counts[spot.line] ?? 0;
      if (used + (hosts[spot.line] ?? 0) === LINE_PREFIXES) return false;
      counts[spot.line] = used + 1;
      write(spot, used + 1, 64 - length + SHIFT);
      return true;
    },
    placeHost: (spot, high, low) => {
      if (hosts[spot.line] === 1 || counts[spot.line] === LINE_PREFIXES) return false;
      hosts[spot.line] = 1;
      write(spot, LINE_PREFIXES, HOST);
      const at = spot.line * LINE_WORDS + LINE_WORDS - 2;
      words[at + HIGH] = high;
      words[at + 1 - HIGH] = low;
      return true;
    },
    refer,
  };
}
