import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, suggest } from '../../compiler/diagnostics/suggest.ts';
import { FIELDS } from '../../grammar/fields/index.ts';

const NAMES = FIELDS.map((field) => field.name);

describe('editDistance', () => {
  it('counts swapped neighbours once', () => {
    expect(editDistance('prto', 'proto', 9)).toBe(1);
    expect(editDistance('dropt', 'dport', 9)).toBe(2);
    expect(editDistance('ab', 'ba', 9)).toBe(1);
    expect(editDistance('kitten', 'sitting', 9)).toBe(3);
    expect(editDistance('', 'abc', 9)).toBe(3);
    expect(editDistance('abcdef', 'uvwxyz', 2)).toBe(3);
  });

  it('is symmetric, and zero only for the same word', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b, 20)).toBe(editDistance(b, a, 20));
        expect(editDistance(a, b, 20) === 0).toBe(a === b);
        expect(editDistance(a, b, 1)).toBe(Math.min(2, editDistance(a, b, 20)));
      }),
    );
  });
});

describe('suggest', () => {
  it('finds what was meant', () => {
    const typed = {
      prto: 'proto',
      dprot: 'dport',
      falgs: 'flags',
      PROTO: 'proto',
      'icmp.tpye': 'icmp.type',
      scr: 'src',
      ttll: 'ttl',
    };
    for (const [word, meant] of Object.entries(typed)) expect(suggest(word, NAMES), word).toBe(meant);
  });

  it('keeps silent when nothing is near', () => {
    for (const word of ['banana', 'x', 'http', '', 'a'.repeat(1000)]) expect(suggest(word, NAMES), word).toBeNull();
  });
});
