/**
 * Sets of values as edges: the first value of each range, and the first one behind it, in order. A value is in when the number of
 * edges at or below it is odd. Behind the largest value there is no edge.
 */
import type { NumberRange, WideRanges } from '../../2-resolve/program.ts';
import { increment, wordsOf } from '../../2-resolve/wide-ranges.ts';

const LAST32 = 0xffff_ffff;

/** @param ranges of 32-bit values, canonical */
export function edges32(ranges: readonly NumberRange[]): Uint32Array {
  const edges = new Uint32Array(2 * ranges.length);
  let at = 0;
  for (const [first, last] of ranges) {
    edges[at++] = first;
    if (last < LAST32) edges[at++] = last + 1;
  }
  return edges.subarray(0, at);
}

/** Edges of 128 bits: number `i` is `words[4 * i]` (the highest 32 bits) to `words[4 * i + 3]`. */
export interface WideEdges {
  readonly words: Uint32Array;
  readonly count: number;
}

/** @param ranges of IPv6 addresses, canonical */
export function edges128(ranges: WideRanges): WideEdges {
  return edgesIn(wordsOf(ranges).slice());
}

/** Makes edges of the words of canonical ranges, eight each, where they lie. */
export function edgesIn(words: Uint32Array): WideEdges {
  for (let at = 4; at < words.length; at += 8) {
    // Only of the last range there may be nothing behind.
    if (increment(words, at)) return { words: words.subarray(0, at), count: at / 4 };
  }
  return { words, count: words.length / 4 };
}
