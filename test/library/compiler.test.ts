import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compile, createCompiler, RuleError } from '../../library/index.ts';

const RULES = 2000;
const CHANGES = 12;

const rule = (at: number, port: number) => `match src 10.0.${at >> 8}.${at & 255} tcp dport ${port} -> drop`;

describe('a compiler that is kept', () => {
  const cache = mkdtempSync(path.join(tmpdir(), 'pktc-compiler-'));
  beforeAll(() => vi.stubEnv('PKTC_CACHE_DIR', cache));
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true });
  });

  it('says of changed rules what a compilation from scratch says, and grows its trees on', { timeout: 60_000 }, async () => {
    const compiler = createCompiler();
    const rules = Array.from({ length: RULES }, (_, at) => rule(at, 22));
    const text = () => rules.join('\n');
    await compiler.compile({ text: text() });
    for (let change = 0; change < CHANGES; change += 1) {
      rules[7 * change] = rule(7 * change, 1000 + change);
      await compiler.compile({ text: text() });
    }
    rules.splice(100, 1);
    await expect(compiler.compile({ text: `${text()}\nmatch` })).rejects.toThrow(RuleError);
    rules.push(rules[3] ?? '');
    const [kept, fresh] = [await compiler.compile({ text: text() }), await compile({ text: text() })];
    expect(kept.c).toBe(fresh.c);
    expect(kept.warnings).toEqual(fresh.warnings);
    expect(kept.warnings.map(({ code }) => code)).toContain('PKT3007');
    expect(JSON.stringify(kept.artifact.manifest.rules)).toBe(JSON.stringify(fresh.artifact.manifest.rules));
    // Leaves that were grown again are left behind: none of them is there from scratch.
    expect(kept.artifact.data?.length).toBeGreaterThan(fresh.artifact.data?.length ?? Infinity);
  });
});
