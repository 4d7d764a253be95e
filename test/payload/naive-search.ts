/** What a search for patterns has to find, said as plainly as can be; only for comparison. */
import type { BytePattern } from '../../compiler/2-resolve/program.ts';

/** Where in `text` the pattern's matches end: the offsets behind their last bytes. */
export function matchEnds(text: Uint8Array, { bytes, nocase }: BytePattern): readonly number[] {
  const fold = (byte: number) => (nocase && byte >= 65 && byte <= 90 ? byte + 32 : byte);
  const ends: number[] = [];
  for (let start = 0; start + bytes.length <= text.length; start++) {
    if (bytes.every((byte, at) => fold(text[start + at] ?? -1) === byte)) ends.push(start + bytes.length);
  }
  return ends;
}

/** Whether one of the patterns lies wholly in the first `within` bytes. */
export function contains(text: Uint8Array, patterns: readonly BytePattern[], within: number): boolean {
  const searched = text.subarray(0, within);
  return patterns.some((pattern) => matchEnds(searched, pattern).length > 0);
}

/** A pattern as a rule file would write it. */
export function patternOf(text: string, nocase = false): BytePattern {
  return { bytes: [...Buffer.from(nocase ? text.toLowerCase() : text, 'latin1')], nocase };
}
