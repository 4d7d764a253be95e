/** Sets of 16-bit values, a bit each, as `templates/include/pktc/set_bits.h` reads them. */
import type { NumberRange } from '../../2-resolve/program.ts';
import { HIGH } from '../../2-resolve/wide-ranges.ts';
import type { Growing } from './growing.ts';

const WORDS = 2048;

/** Adds a list. @returns its number */
export function addBits(into: Growing<Uint32Array>, ranges: readonly NumberRange[]): number {
  const words = new Uint32Array(WORDS);
  for (const [first, last] of ranges) setBits(words, first, last + 1);
  into.append(words);
  return into.length() / WORDS - 1;
}

/** Sets bits `[from, to)` of 64-bit numbers of this machine, of which the words are halves. */
export function setBits(words: Uint32Array, from: number, to: number): void {
  for (let bit = from; bit < to; ) {
    const next = Math.min(to, (bit | 31) + 1);
    const word = (bit >>> 5) ^ (1 - HIGH);
    words[word] = ((words[word] ?? 0) | ((0xffff_ffff >>> (32 - (next - bit))) << (bit & 31))) >>> 0;
    bit = next;
  }
}
