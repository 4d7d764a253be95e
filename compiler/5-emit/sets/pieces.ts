/** Sets of IPv6 addresses as prefixes of up to 64 bits, and what lies within /64 networks. */
import { mergedIn } from '../../2-resolve/wide-pairs.ts';
import { RANGE_WORDS } from '../../2-resolve/wide-ranges.ts';
import { type Growing, growing } from './growing.ts';
import { upper } from './line-hash.ts';

/** In the order of their addresses. */
export interface Pieces {
  /** Of each piece the upper 64 bits of its first address, two words. */
  readonly networks: Uint32Array;
  /** Of each piece the bits of its prefix, 0 to 64; `WITHIN`: it is a part of a /64 network. */
  readonly lengths: Uint8Array;
  /** The first and the last address of each of those parts, four words each. */
  readonly within: Uint32Array;
  /** How many of those parts are more than one address. */
  readonly odd: number;
}

export const WITHIN = 65;
/** Added to the length of a piece that something else has taken. */
export const TAKEN = 128;

const LAST = 0xffff_ffff;

interface Parts {
  readonly networks: Growing<Uint32Array>;
  readonly lengths: Growing<Uint8Array>;
  readonly within: Growing<Uint32Array>;
}

/** Linear in the ranges; each has at most 128 pieces, nearly always one. @param ranges canonical, eight words each */
export function piecesOf(ranges: Uint32Array): Pieces {
  const words = () => growing((length) => new Uint32Array(length));
  const parts: Parts = { networks: words(), lengths: growing((length) => new Uint8Array(length)), within: words() };
  for (let at = 0; at < ranges.length; at += RANGE_WORDS) addRange(parts, ranges, at);
  const within = parts.within.view();
  let odd = 0;
  for (let at = 0; at < within.length; at += RANGE_WORDS) odd += isHost(within, at) ? 0 : 1;
  return { networks: parts.networks.view(), lengths: parts.lengths.view(), within, odd };
}

/** Whether a part of a /64 network is one address. */
export function isHost(within: Uint32Array, at: number): boolean {
  return within[at + 2] === within[at + 6] && within[at + 3] === within[at + 7];
}

function addRange(parts: Parts, ranges: Uint32Array, at: number): void {
  const [high, low] = [ranges[at] ?? 0, ranges[at + 1] ?? 0];
  const [lastHigh, lastLow] = [ranges[at + 4] ?? 0, ranges[at + 5] ?? 0];
  const begins = ranges[at + 2] === 0 && ranges[at + 3] === 0;
  const ends = ranges[at + 6] === LAST && ranges[at + 7] === LAST;
  if (begins && ends) addNetworks(parts, high, low, lastHigh, lastLow);
  else if (high === lastHigh && low === lastLow) {
    pushPiece(parts, high, low, WITHIN);
    pushRange(parts.within, ranges, at);
  } else {
    if (!begins) pushPart(parts, high, low, ranges[at + 2] ?? 0, ranges[at + 3] ?? 0, LAST, LAST);
    const [nextLow, behind] = begins ? [low, high] : [(low + 1) >>> 0, low === LAST ? high + 1 : high];
    const [beforeLow, before] = ends ? [lastLow, lastHigh] : [(lastLow - 1) >>> 0, lastLow === 0 ? lastHigh - 1 : lastHigh];
    addNetworks(parts, behind, nextLow, before, beforeLow);
    if (!ends) pushPart(parts, lastHigh, lastLow, 0, 0, ranges[at + 6] ?? 0, ranges[at + 7] ?? 0);
  }
}

/** A part of a /64 network, by the lower halves of its first and its last address. */
function pushPart(
  parts: Parts,
  high: number,
  low: number,
  firstHigh: number,
  firstLow: number,
  lastHigh: number,
  lastLow: number,
): void {
  pushPiece(parts, high, low, WITHIN);
  parts.within.append(Uint32Array.of(high, low, firstHigh, firstLow, high, low, lastHigh, lastLow));
}

/** Word by word: an object for each range would be dear. */
function pushRange(into: Growing<Uint32Array>, words: Uint32Array, at: number): void {
  for (let word = at; word < at + RANGE_WORDS; word++) into.push(words[word] ?? 0);
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

/** Ranges of the pieces that nothing has taken: canonical, eight words each. */
export function restOf({ networks, lengths, within }: Pieces): Uint32Array {
  const ranges: Growing<Uint32Array> = growing((length) => new Uint32Array(length));
  const range = Uint32Array.of(0, 0, 0, 0, LAST, LAST, LAST, LAST);
  let part = 0;
  for (let piece = 0; piece < lengths.length; piece++) {
    const length = lengths[piece] ?? 0;
    const from = part;
    if ((length & ~TAKEN) === WITHIN) part += RANGE_WORDS;
    if (length >= TAKEN) continue;
    if (length === WITHIN) pushRange(ranges, within, from);
    else {
      const [high, low] = [networks[2 * piece] ?? 0, networks[2 * piece + 1] ?? 0];
      range[0] = high;
      range[1] = low;
      range[4] = high | ~upper(length);
      range[5] = low | ~upper(length - 32);
      pushRange(ranges, range, 0);
    }
  }
  return mergedIn(ranges.view());
}
