import { describe, expect, it } from 'vitest';
import type { BigRange, Rule, WideRanges } from '../../compiler/2-resolve/program.ts';
import { createWidePairs } from '../../compiler/2-resolve/wide-pairs.ts';
import { complement6, equalRanges, wideRanges, wordsOf } from '../../compiler/2-resolve/wide-ranges.ts';
import { numbersOf } from '../../compiler/3-check/meaning.ts';
import { complement, intersection, merged } from '../../grammar/values/ranges.ts';
import { createRandom } from '../packets/random.ts';

const LAST = 2n ** 128n - 1n;
const random = createRandom(128);

/** Prefixes, single addresses and others, some of which touch. */
function draw(count: number): readonly BigRange[] {
  return Array.from({ length: count }, () => {
    const first = random.pick([random.bigint(128), random.bigint(20), random.bigint(48) << 80n]);
    const last = first + random.pick([0n, 1n, (1n << 80n) - 1n, random.bigint(40)]);
    return [first, last > LAST ? LAST : last];
  });
}

/** Both the array and the words, below and above the length from which ranges are made when they are asked for. */
const LISTS = [0, 1, 7, 1023, 1024, 5000].map((length) => {
  const plain = merged(draw(3 * length + 10)).slice(0, length);
  return { length, plain, wide: () => wideRanges(wordsOf(plain).slice()) };
});

describe.each(LISTS)('$length ranges that are kept as words', ({ length, plain, wide }) => {
  it('are an array of ranges to whoever looks', () => {
    expect([...wide()]).toEqual(plain);
    expect(wide()).toEqual(plain);
    expect(Array.isArray(wide())).toBe(true);
    expect(wide().length).toBe(length);
    expect(wide().slice(-2)).toEqual(plain.slice(-2));
    expect(wide().at(-1)).toEqual(plain.at(-1));
    expect(wide().map(([first]) => first)).toEqual(plain.map(([first]) => first));
    expect([[[0n, 0n]], wide()].flat()).toEqual([[0n, 0n], ...plain]);
    expect(Object.keys(wide())).toEqual(Object.keys(plain));
    expect([wide()[length], wide()[-1], length in wide(), length - 1 in wide()]).toEqual([
      undefined,
      undefined,
      false,
      length > 0,
    ]);
  });

  it('are the same object each time that somebody asks for one', () => {
    const ranges = wide();
    const middle = length >> 1;
    expect(ranges[middle]).toBe(ranges[middle]);
    expect([...ranges][middle]).toBe(ranges[middle]);
  });

  it('are equal to the same ranges without words, and so are their hashes', () => {
    expect(equalRanges(wide(), wide())).toBe(true);
    expect(equalRanges(wide(), plain)).toBe(true);
    expect(equalRanges(plain, wide())).toBe(true);
    const rules = [wide(), plain].map(
      (v6) => ({ condition: { kind: 'address', field: 'src', v4: [], v6 } }) as unknown as Rule,
    );
    const [one, other] = numbersOf(rules, [
      { first: 0, end: 1, table: null, row: 0 },
      { first: 1, end: 2, table: null, row: 0 },
    ]);
    expect(one).toBe(other);
    if (length === 0) return;
    const changed = wordsOf(plain).slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(equalRanges(wide(), wideRanges(changed))).toBe(false);
    expect(equalRanges(plain, wideRanges(changed))).toBe(false);
  });

  it('leave out what the ranges leave out', () => {
    const rest = complement6(wide());
    expect([...rest]).toEqual(complement(plain, 0n, LAST));
    expect(complement6(plain)).toEqual(complement(plain, 0n, LAST));
    expect([...complement6(rest)]).toEqual(plain);
    expect([...intersection(wide() as readonly BigRange[], rest)]).toEqual([]);
  });
});

describe('ranges of IPv6 addresses, kept as words', () => {
  it('leave nothing out from the first address to the last, and all where there are none', () => {
    const ends: WideRanges = wideRanges(
      wordsOf([
        [0n, 5n],
        [2n ** 96n, LAST],
      ]),
    );
    expect([...complement6(ends)]).toEqual([[6n, 2n ** 96n - 1n]]);
    expect([...complement6(wideRanges(wordsOf([[0n, LAST]])))]).toEqual([]);
    expect([...complement6(wideRanges(new Uint32Array(0)))]).toEqual([[0n, LAST]]);
  });

  it('are made of the words when somebody asks for one, where there are many', () => {
    const words = wordsOf(merged(draw(6000))).slice();
    const ranges = wideRanges(words);
    words.fill(0, 0, 8);
    expect(ranges[0]).toEqual([0n, 0n]);
  });

  it('come together as any ranges do, in any order, also with lists that are merged already', () => {
    const drawn = draw(6000);
    for (const order of [drawn, merged(drawn), [...merged(drawn), ...drawn.slice(0, 100)]]) {
      const pairs = createWidePairs();
      for (const range of order.slice(0, 10)) pairs.addBig(range);
      pairs.addAll(order.slice(10));
      expect([...pairs.merged()]).toEqual(merged(drawn));
      const more = createWidePairs();
      more.addAll(pairs.merged());
      more.addAll(wideRanges(wordsOf([[LAST, LAST]])));
      expect([...more.merged()]).toEqual(merged([...drawn, [LAST, LAST]]));
    }
  });
});
