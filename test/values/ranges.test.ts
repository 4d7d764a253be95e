import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { complement, intersection, merged, type Range } from '../../grammar/values/ranges.ts';

const TOP = 40;
const range = fc.tuple(fc.nat(TOP), fc.nat(TOP)).map(([a, b]): Range<number> => (a < b ? [a, b] : [b, a]));
const ranges = fc.array(range, { maxLength: 6 });
const has = (list: readonly Range<number>[], value: number): boolean =>
  list.some(([first, last]) => first <= value && value <= last);
const every = Array.from({ length: TOP + 1 }, (_, value) => value);

describe('ranges', () => {
  it('merged holds the same numbers, sorted, disjoint, not adjacent', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const result = merged(list);
        for (const value of every) expect(has(result, value)).toBe(has(list, value));
        for (const [index, [first]] of result.entries()) {
          if (index > 0) expect(first).toBeGreaterThan((result[index - 1]?.[1] ?? 0) + 1);
        }
      }),
    );
  });

  it('complement and intersection are what sets say', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const [left, right] = [merged(a), merged(b)];
        const out = complement(left, 0, TOP);
        const both = intersection(left, right);
        for (const value of every) {
          expect(has(out, value)).toBe(!has(a, value));
          expect(has(both, value)).toBe(has(a, value) && has(b, value));
        }
        expect(merged(out)).toEqual(out);
        expect(merged(both)).toEqual(both);
      }),
    );
  });

  it('reaches both ends of IPv6', () => {
    const top = 2n ** 128n - 1n;
    expect(complement([[0n, top]], 0n, top)).toEqual([]);
    expect(complement<bigint>([], 0n, top)).toEqual([[0n, top]]);
    expect(complement([[1n, top - 1n]], 0n, top)).toEqual([
      [0n, 0n],
      [top, top],
    ]);
    expect(merged([[5n, 6n], [7n, top] as const, [0n, 4n]])).toEqual([[0n, top]]);
  });
});
