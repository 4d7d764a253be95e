/** Sets of IPv6 addresses as prefixes of up to 64 bits, and what lies within /64 networks. */
import type { WideEdges } from './edges.ts';
import { type Growing, growing } from './growing.ts';

/** In the order of their addresses. */
export interface Pieces {
  /** Of each piece the upper 64 bits of its first address, two words. */
  readonly networks: Uint32Array;
  /** Of each piece the bits of its prefix, 0 to 64; `WITHIN`: it is a part of a /64 network. */
  readonly lengths: Uint8Array;
  /** Edges of those parts, two a piece, four words each; there is none behind the last address. */
  readonly within: Uint32Array;
  /** How many of those parts are more than one address. */
  readonly odd: number;
}

export const WITHIN = 65;
/** Added to the length of a piece that something else has taken. */
export const TAKEN = 128;

const LAST = 0xffff_ffff;
/** Of an address. */
const WORDS = 4;

interface Parts {
  readonly networks: Growing<Uint32Array>;
  readonly lengths: Growing<Uint32Array>;
  readonly within: Growing<Uint32Array>;
}

/** Linear in the edges; a range has at most 128 pieces, nearly always one. */
export function piecesOf({ words, count }: WideEdges): Pieces {
  const make = () => growing((length) => new Uint32Array(length));
  const parts: Parts = { networks: make(), lengths: make(), within: make() };
  for (let at = 0; at < 4 * count; at += 8) addRange(parts, words, at, at + 4 < 4 * count);
  const within = parts.within.view();
  let odd = 0;
  for (let at = 0; at < within.length; at += 8) odd += isHost(within, at) ? 0 : 1;
  return { networks: parts.networks.view(), lengths: Uint8Array.from(parts.lengths.view()), within, odd };
}

/** Whether a part of a /64 network is one address, and not the last of all, behind which there is no edge. */
export function isHost(within: Uint32Array, at: number): boolean {
  if (at + 8 > within.length) return false;
  const low = ((within[at + 3] ?? 0) + 1) >>> 0;
  const high = ((within[at + 2] ?? 0) + (low === 0 ? 1 : 0)) >>> 0;
  return within[at + 6] === high && within[at + 7] === low;
}

/** @param ends whether there is an edge behind the range */
function addRange(parts: Parts, words: Uint32Array, at: number, ends: boolean): void {
  const [high, low] = [words[at] ?? 0, words[at + 1] ?? 0];
  const inside = ((words[at + 2] ?? 0) | (words[at + 3] ?? 0)) !== 0;
  const [endHigh, endLow] = ends ? [words[at + 4] ?? 0, words[at + 5] ?? 0] : [0, 0];
  const endInside = ends && ((words[at + 6] ?? 0) | (words[at + 7] ?? 0)) !== 0;
  if (ends && high === endHigh && low === endLow) {
    pushPart(parts, words, at, true);
    return;
  }
  const nextLow = (low + 1) >>> 0;
  const nextHigh = (nextLow === 0 ? high + 1 : high) >>> 0;
  const isLast = high === LAST && low === LAST;
  if (inside) {
    pushPart(parts, words, at, false);
    if (!isLast) parts.within.append(Uint32Array.of(nextHigh, nextLow, 0, 0));
  }
  if (!(inside && isLast)) {
    const lastLow = (endLow - 1) >>> 0;
    const lastHigh = (endLow === 0 ? endHigh - 1 : endHigh) >>> 0;
    addNetworks(parts, inside ? nextHigh : high, inside ? nextLow : low, lastHigh, lastLow);
  }
  if (endInside) {
    pushPiece(parts, endHigh, endLow, WITHIN);
    parts.within.append(Uint32Array.of(endHigh, endLow, 0, 0));
    parts.within.append(words.subarray(at + 4, at + 8));
  }
}

/** The part of a /64 network from the edge at `at` on, and with `both` to the next edge. */
function pushPart(parts: Parts, words: Uint32Array, at: number, both: boolean): void {
  pushPiece(parts, words[at] ?? 0, words[at + 1] ?? 0, WITHIN);
  parts.within.append(words.subarray(at, both ? at + 8 : at + 4));
}

function pushPiece({ networks, lengths }: Parts, high: number, low: number, length: number): void {
  networks.push(high);
  networks.push(low);
  lengths.push(length);
}

/** The prefixes of the /64 networks from one to another, both included; none when the second is below the first. */
function addNetworks(parts: Parts, fromHigh: number, fromLow: number, lastHigh: number, lastLow: number): void {
  const length = prefixLength(fromHigh, fromLow, lastHigh, lastLow);
  if (length >= 0) {
    pushPiece(parts, fromHigh, fromLow, length);
    return;
  }
  let [high, low] = [fromHigh, fromLow];
  while (high < lastHigh || (high === lastHigh && low <= lastLow)) {
    const bits = Math.min(zerosOf(high, low), roomBits(high, low, lastHigh, lastLow));
    pushPiece(parts, high, low, 64 - bits);
    // The network behind the prefix.
    const sum = bits < 32 ? low + 2 ** bits : low;
    high += (sum > LAST ? 1 : 0) + (bits < 32 ? 0 : 2 ** (bits - 32));
    low = sum >>> 0;
    if (high > LAST) return;
  }
}

/** Bits of the prefix that the networks from one to another are, as most ranges are one; -1: they are none. */
function prefixLength(high: number, low: number, lastHigh: number, lastLow: number): number {
  const [above, below] = [high ^ lastHigh, low ^ lastLow];
  if (above === 0) return (below & (below + 1)) === 0 && (low & below) === 0 ? 32 + Math.clz32(below) : -1;
  return below === -1 && low === 0 && (above & (above + 1)) === 0 && (high & above) === 0 ? Math.clz32(above) : -1;
}

/** Zeros at the end of a 64-bit number. */
function zerosOf(high: number, low: number): number {
  if (low !== 0) return 31 - Math.clz32(low & -low);
  return high === 0 ? 64 : 63 - Math.clz32(high & -high);
}

/** The largest n for which 2^n numbers lie from one to the other. */
function roomBits(high: number, low: number, lastHigh: number, lastLow: number): number {
  const borrow = lastLow < low ? 1 : 0;
  const roomLow = (lastLow - low) >>> 0;
  const roomHigh = lastHigh - high - borrow;
  // There are one more than the difference.
  if (roomLow === LAST) return roomHigh === LAST ? 64 : 63 - Math.clz32(roomHigh + 1);
  return roomHigh > 0 ? 63 - Math.clz32(roomHigh) : 31 - Math.clz32(roomLow + 1);
}

/** Edges of the pieces that nothing has taken. */
export function restOf({ networks, lengths, within }: Pieces): WideEdges {
  const edges = growing((length) => new Uint32Array(length));
  const first = new Uint32Array(WORDS);
  /** What lies behind the pieces so far; an edge if the next one does not begin there. */
  const behind = new Uint32Array(WORDS);
  let ends = false;
  let part = 0;
  for (let piece = 0; piece < lengths.length; piece++) {
    const length = lengths[piece] ?? 0;
    const from = part;
    if ((length & ~TAKEN) === WITHIN) part += 2 * WORDS;
    if (length >= TAKEN) continue;
    if (length === WITHIN) first.set(within.subarray(from, from + WORDS));
    else first.set([networks[2 * piece] ?? 0, networks[2 * piece + 1] ?? 0, 0, 0]);
    if (!ends) edges.append(first);
    else if (!first.every((word, at) => word === behind[at])) {
      edges.append(behind);
      edges.append(first);
    }
    if (length === WITHIN) {
      ends = from + 2 * WORDS <= within.length;
      if (ends) behind.set(within.subarray(from + WORDS, from + 2 * WORDS));
    } else ends = setBehind(first[0] ?? 0, first[1] ?? 0, length, behind);
  }
  if (ends) edges.append(behind);
  const words = edges.view();
  return { words, count: words.length / WORDS };
}

/** The first address behind a prefix; false: there is none. */
function setBehind(high: number, low: number, length: number, into: Uint32Array): boolean {
  const sum = length > 32 ? low + 2 ** (64 - length) : low;
  const above = high + (sum > LAST ? 1 : 0) + (length > 32 ? 0 : 2 ** (32 - length));
  into.set([above, sum, 0, 0]);
  return above <= LAST;
}
