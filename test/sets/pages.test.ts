/** The pages of diagnostics about files show those files: a fence says what it is called (```` ```text drop.txt ````). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FILES } from '../../compiler/diagnostics/catalog/2-files.ts';
import { ROOT } from '../house/source-tree.ts';
import { analyseFiles } from './files-in-memory.ts';

/** Its example would be seventeen files. */
const WITHOUT_EXAMPLE: readonly string[] = ['PKT2053'];
const CODES = Object.keys(FILES).filter((code) => !WITHOUT_EXAMPLE.includes(code));

interface Fence {
  readonly name: string | null;
  readonly text: string;
}

function fencesOf(code: string): readonly Fence[] {
  const page = readFileSync(path.join(ROOT, 'docs/diagnostics', `${code}.md`), 'utf8');
  return [...page.matchAll(/^```(?:rules|text)(?: (\S+))?\n(.*?)^```$/gms)].map(([, name, text]) => ({
    name: name ?? null,
    text: text ?? '',
  }));
}

describe('pages about files', () => {
  it.each(CODES)('%s: the first example triggers it, the others are mended', (code) => {
    const fences = fencesOf(code);
    const files = Object.fromEntries(fences.flatMap(({ name, text }) => (name === null ? [] : [[name, text]])));
    const [wrong, ...mended] = fences
      .filter(({ name }) => name === null)
      .map(({ text }) => analyseFiles({ ...files, 'page.rules': text }, 'page.rules'));
    expect(wrong?.diagnostics.map((one) => one.code)).toContain(code);
    expect(mended.length).toBeGreaterThan(0);
    for (const { diagnostics } of mended) expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});
