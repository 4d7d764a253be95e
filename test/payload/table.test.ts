import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planProgram } from '../../compiler/4-plan/plan-program.ts';
import { emit } from '../../compiler/5-emit/emit.ts';
import { patternTable } from '../../compiler/5-emit/payload-table.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { analyse } from '../../compiler/index.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import { PAYLOAD_SEARCH_BYTES_MAX } from '../../grammar/fields/payload.ts';
import { programOf } from '../differential/program-of.ts';
import { contains, patternOf } from './naive-search.ts';
import { randomBytes, randomNumbers, rulesFor, type Search } from './search-rules.ts';

const PATTERN_END = 0x8000_0000;

function planOf(text: string) {
  const { value, diagnostics } = planProgram(programOf(text), targetFor('xdp'));
  if (value?.patterns == null) throw new Error(`no search: ${diagnostics.map((one) => one.message).join()}`);
  return { plan: value, search: value.patterns };
}

/** Goes through a text with the bytes that the object gets, as struct pktc_patterns describes them; the bits that are found. */
function walk(table: ReturnType<typeof patternTable>, text: Uint8Array): ReadonlySet<number> {
  const view = new DataView(table.bytes.buffer);
  const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const findsAt = Math.ceil((28 + 512 + 2 * table.bounds) / 8) * 8;
  const rows = findsAt + 16 * table.finds;
  const depth = view.getUint32(8, little);
  const found = new Set<number>();
  let state = 0;
  text.subarray(0, depth).forEach((byte, at) => {
    state = view.getUint32(rows + (state % PATTERN_END) + view.getUint16(28 + 2 * byte, little), little);
    if (state < PATTERN_END) return;
    const bound = view.getUint16(540 + 2 * Math.min(at + 1, table.bounds - 1), little);
    let find = view.getUint32(rows + (state - PATTERN_END) + view.getUint32(24, little), little);
    for (let more = 1; more === 1; find++) {
      const word = view.getUint32(findsAt + 16 * find + 8, little);
      more = view.getUint32(findsAt + 16 * find + 12, little);
      for (let bit = 0n; bit < 64n; bit++) {
        const set = (view.getBigUint64(findsAt + 16 * find, little) >> bit) & 1n;
        if (set === 1n && 64 * word + Number(bit) >= bound) found.add(64 * word + Number(bit));
      }
    }
  });
  return found;
}

describe('the table of a program', () => {
  const search: fc.Arbitrary<Search> = fc.record({
    patterns: fc
      .array(fc.tuple(fc.stringMatching(/^[abAB]{1,5}$/), fc.boolean()), { minLength: 1, maxLength: 3 })
      .map((all) => {
        const nocase = all[0]?.[1] ?? false;
        return all.map(([text]) => patternOf(text, nocase));
      }),
    within: fc.option(fc.integer({ min: 5, max: 60 }), { nil: null }),
  });

  it('finds what each search has to find', () => {
    const text = fc.stringMatching(/^[abAB.]{0,80}$/);
    fc.assert(
      fc.property(fc.array(search, { minLength: 1, maxLength: 100 }), text, (searches, payload) => {
        const { search } = planOf(rulesFor(searches));
        const bytes = new Uint8Array(Buffer.from(payload));
        const found = walk(patternTable(search), bytes);
        [...search.searches.values()].forEach(({ patterns, within }, at) => {
          expect(found.has(at + 1)).toBe(contains(bytes, patterns, within));
        });
        expect(found.has(0)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('has equal searches once, whatever the order of their patterns', () => {
    const { search } = planOf(
      [
        'match payload contains { "one", "two" } -> count',
        'match tcp payload contains { "two", "one" } -> drop',
        'match payload within 100 contains { "two", "one" } -> count',
        'match payload contains nocase { "two", "one" } -> count',
      ].join('\n'),
    );
    expect([...search.searches.values()].map(({ within }) => within)).toEqual([
      100,
      PAYLOAD_SEARCH_BYTES_MAX,
      PAYLOAD_SEARCH_BYTES_MAX,
    ]);
  });

  it('looks no further than the farthest rule', () => {
    const { search } = planOf(
      'match payload within 100 contains "one" -> count\nmatch payload within 30 contains "two" -> count',
    );
    const { bytes } = patternTable(search);
    expect(new Uint32Array(bytes.buffer, 8, 1)[0]).toBe(100);
  });
});

describe('the C of a program that searches', () => {
  const codeOf = (text: string) => emit(planOf(text).plan, readTemplates());

  it('depends on the sizes and not on the patterns', () => {
    const one = codeOf('match payload contains "0123" -> drop');
    const other = codeOf('match payload contains "4567" -> drop');
    const code = (c: string) => c.replace(/\/\*[\s\S]*?\*\//g, '');
    expect(code(one.c)).toBe(code(other.c));
    expect(one.data.map(({ variable }) => variable)).toEqual(['pktc_patterns']);
    expect(one.data[0]?.bytes).not.toEqual(other.data[0]?.bytes);
  });

  it('asks last for what takes longest', () => {
    const { c } = codeOf('match payload contains "abc" src 10.0.0.0/8 payload[0:2] = 1 dport 80 -> drop');
    const rule = /\/\* line 1: .*\n\tif \(([\s\S]*?)\)\n\t\treturn/.exec(c)?.[1] ?? '';
    const places = ['pktc_has(', 'f->src4', 'f->dport', 'pktc_raw(', 'pktc_payload_contains('].map((text) =>
      rule.indexOf(text),
    );
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(rule.trimEnd().endsWith('pktc_payload_contains(ctx, f, 1)')).toBe(true);
  });

  it('has nothing of it when no rule searches', () => {
    const plan = planProgram(programOf('match payload starts "abc" -> drop'), targetFor('xdp')).value;
    expect(plan?.patterns).toBeNull();
    const { c, data } = emit(plan!, readTemplates());
    expect(c).not.toMatch(/payload_search|PATTERN|payload_found/);
    expect(data).toEqual([]);
  });
});

describe('limits', () => {
  const errors = (text: string) =>
    analyse({ name: 'x.rules', text }, { hook: null }).diagnostics.filter((one) => one.severity === 'error');
  const patterns = (count: number, length: number) => {
    const random = randomNumbers(3);
    return Array.from({ length: count }, () =>
      patternOf(Buffer.from(randomBytes(random, length, 'abcdefghijklmnop')).toString()),
    );
  };

  it('1,024 searches, PKT4020', () => {
    const rules = (count: number) =>
      rulesFor(Array.from({ length: count }, (_, at) => ({ patterns: [patternOf(`p${at};`)], within: null })));
    expect(errors(rules(1024))).toEqual([]);
    expect(errors(rules(1025))).toMatchObject([{ code: 'PKT4020', help: expect.stringContaining('{ "a", "b" }') }]);
  });

  it('16 MiB of table, PKT4021, said within a second or two', () => {
    expect(errors(rulesFor([{ patterns: patterns(700, 256), within: null }]))).toEqual([]);
    const start = performance.now();
    const large = errors(rulesFor([{ patterns: patterns(1200, 256), within: null }]));
    expect(large).toMatchObject([{ code: 'PKT4021', message: expect.stringContaining('1200 different patterns') }]);
    expect(large[0]?.help).toContain('shorter piece');
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
