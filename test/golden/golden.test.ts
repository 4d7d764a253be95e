/** A few whole programs as C, so that a change of the generated text is seen and read. `PKTC_BLESS=1` writes them anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CASES, compileGolden, goldenFiles } from './compile-golden.ts';

const MOST_GOLDENS = 15;

describe('generated C', () => {
  const files = goldenFiles();

  it('has few goldens', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThanOrEqual(MOST_GOLDENS);
  });

  // It compiles, too, or this throws.
  it.each(files)('%s', async (file) => {
    const { emission, artifact } = await compileGolden(file);
    const golden = path.join(CASES, file.replace(/\.rules$/, '.bpf.c'));
    if (process.env.PKTC_BLESS === '1') writeFileSync(golden, emission.c);
    expect(existsSync(golden), `${golden}: run with PKTC_BLESS=1 and read it`).toBe(true);
    expect(emission.c).toBe(readFileSync(golden, 'utf8'));
    expect(artifact.data !== null).toBe(file.startsWith('tree'));
  });
});
