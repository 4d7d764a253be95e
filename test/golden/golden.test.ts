/** A few whole programs as C, so that a change of the generated text is seen and read. `PKTC_BLESS=1` writes them anew. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/index.ts';

const CASES = path.join(import.meta.dirname, 'cases');
const MOST_GOLDENS = 15;

describe('generated C', () => {
  const files = readdirSync(CASES).filter((file) => file.endsWith('.rules'));

  it('has few goldens', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThanOrEqual(MOST_GOLDENS);
  });

  it.each(files)('%s', async (file) => {
    const text = readFileSync(path.join(CASES, file), 'utf8');
    const { emission, artifact } = await compile({ name: file, text }, { hook: null });
    const golden = path.join(CASES, file.replace(/\.rules$/, '.bpf.c'));
    if (process.env.PKTC_BLESS === '1') writeFileSync(golden, emission?.c ?? '');
    expect(existsSync(golden), `${golden}: run with PKTC_BLESS=1 and read it`).toBe(true);
    expect(emission?.c).toBe(readFileSync(golden, 'utf8'));
    expect(artifact, 'it compiles').not.toBeNull();
  });
});
