/** Rule files as text. */
import path from 'node:path';
import type { Sources } from '../compiler/2-resolve/sources.ts';
import type { SourceFile } from '../grammar/source.ts';
import { Failure } from './failure.ts';
import { readBytes, readStream, shownPath } from './read-file.ts';

/** 100,000 rules are some 10 MB. */
const LARGEST_BYTES = 256 * 2 ** 20;

/** Standard input. On the command line it is `-`, which yargs would lose among the files: `main` puts this in its place. */
export const STDIN = '/dev/stdin';

/** @param file a path, or `STDIN`. @throws Failure */
export async function readRuleSource(file: string): Promise<SourceFile> {
  const name = file === STDIN ? '<stdin>' : file;
  const bytes = file === STDIN ? await readStream(process.stdin, name, LARGEST_BYTES) : await readBytes(file, LARGEST_BYTES);
  return { name, text: decodeUtf8(name, bytes) };
}

/** A rule file with the files that it names. @param roots more directories that those may come from. @throws Failure */
export async function readSources(file: string, roots: readonly string[]): Promise<Sources> {
  const main = await readRuleSource(file);
  const { collectSources } = await import('./collect-sources.ts');
  return collectSources(main, { folder: file === STDIN ? '.' : path.dirname(file), roots });
}

/** A byte order mark is taken off: it is about the file and not a part of the text. @throws Failure with the byte offset */
export function decodeUtf8(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const offset = firstInvalidByte(bytes);
    const shown = (bytes[offset] ?? 0).toString(16).padStart(2, '0');
    throw new Failure(`${shownPath(name)} is not UTF-8: byte ${offset} (0x${shown}) belongs to no character`, {
      code: 'PKT6022',
      help: utf16(bytes) ?? 'save it as UTF-8, or convert it: `iconv -f latin1 -t utf-8`',
    });
  }
}

function utf16(bytes: Uint8Array): string | null {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return mark === 0xfffe || mark === 0xfeff ? 'it is UTF-16: convert it with `iconv -f utf-16 -t utf-8`' : null;
}

/** Bytes of the well-formed character that begins here, 0 when there is none (Unicode 15.0, table 3-7). */
function characterBytes(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < lowest || second > highest) return 0;
  for (let index = 2; index < length; index++) if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

/** Offset of the first byte that belongs to no character; the length when all do. */
export function firstInvalidByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = characterBytes(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}
