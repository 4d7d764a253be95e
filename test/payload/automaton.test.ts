import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BytePattern } from '../../compiler/2-resolve/program.ts';
import { type Automaton, buildAutomaton } from '../../compiler/4-plan/pattern-automaton.ts';
import { matchEnds, patternOf } from './naive-search.ts';

const CELLS_MAX = 1 << 22;

/** What the automaton says behind each byte. */
function walk(automaton: Automaton, text: Uint8Array): readonly bigint[] {
  let state = 0;
  return Array.from(text, (byte) => {
    state = automaton.next[state * automaton.classCount + (automaton.classes[byte] ?? 0)] ?? -1;
    return automaton.found[state] ?? -1n;
  });
}

function expected(patterns: readonly BytePattern[], text: Uint8Array): readonly bigint[] {
  const marks = Array.from(text, () => 0n);
  patterns.forEach((pattern, at) => {
    for (const end of matchEnds(text, pattern)) marks[end - 1] = (marks[end - 1] ?? 0n) | (1n << BigInt(at));
  });
  return marks;
}

function automatonOf(patterns: readonly BytePattern[]): Automaton {
  const automaton = buildAutomaton(
    patterns.map((pattern, at) => ({ pattern, marks: 1n << BigInt(at) })),
    CELLS_MAX,
  );
  if (automaton === null) throw new Error('too large');
  return automaton;
}

/** Few letters make many overlaps; upper and lower case ones both, and bytes that are no letters but look it when folded. */
const LETTERS = [...Buffer.from('aAbB@`[{\x00\xff\xc1\xe1', 'latin1')];
const letter = fc.constantFrom(...LETTERS);
const pattern: fc.Arbitrary<BytePattern> = fc
  .record({ bytes: fc.array(letter, { minLength: 1, maxLength: 6 }), nocase: fc.boolean() })
  .map(({ bytes, nocase }) => ({
    bytes: nocase ? bytes.map((byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte)) : bytes,
    nocase,
  }));

describe('the automaton', () => {
  it('finds what a naive search finds, at every place', () => {
    const text = fc.array(letter, { maxLength: 80 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 12 }), text, (patterns, bytes) => {
        expect(walk(automatonOf(patterns), bytes)).toEqual(expected(patterns, bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('finds any bytes', () => {
    const any = fc.record({ bytes: fc.array(fc.nat(255), { minLength: 1, maxLength: 256 }), nocase: fc.constant(false) });
    fc.assert(
      fc.property(
        fc.array(any, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(255), { maxLength: 20 }),
        (patterns, noise) => {
          const text = Uint8Array.from([...noise, ...patterns.flatMap(({ bytes }) => bytes), ...noise]);
          expect(walk(automatonOf(patterns), text)).toEqual(expected(patterns, text));
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['nested', ['aaaa', 'aaa', 'aa', 'a']],
    ['each the end of the other', ['xabc', 'abc', 'bc', 'c']],
    ['from the book', ['he', 'she', 'his', 'hers']],
    ['a way back over several states', ['abcabd', 'cab', 'abca']],
    ['the same twice', ['ab', 'ab']],
  ])('%s', (_, texts) => {
    const text = new Uint8Array(Buffer.from(`aaaaaxabcabdushershishe${'abcab'.repeat(20)}d`));
    for (const nocase of [false, true]) {
      const patterns = texts.map((one) => patternOf(one, nocase));
      expect(walk(automatonOf(patterns), text)).toEqual(expected(patterns, text));
      const mixed = texts.map((one, at) => patternOf(one, at % 2 === 0));
      expect(walk(automatonOf(mixed), text)).toEqual(expected(mixed, text));
    }
  });

  it('folds the letters A-Z and nothing else', () => {
    const automaton = automatonOf([patternOf('k[{@`', true)]);
    expect(walk(automaton, Uint8Array.from(Buffer.from('K[{@`'))).at(-1)).toBe(1n);
    expect(walk(automaton, Uint8Array.from(Buffer.from('K{[`@'))).at(-1)).toBe(0n);
    // One class for the letter in either case, one for each other byte, one for the rest.
    expect(automaton.classCount).toBe(6);
    expect(automaton.classes[75]).toBe(automaton.classes[107]);
  });
});

describe('its size', () => {
  let seed = 1;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const word = (): string =>
    Array.from({ length: 8 + random(16) }, () => {
      const small = String.fromCharCode(97 + random(26));
      return random(2) === 0 ? small : small.toUpperCase();
    }).join('');

  it('of patterns with and without case together is little more than the sum', () => {
    const words = Array.from({ length: 1000 }, word);
    const folded = automatonOf(words.slice(0, 500).map((one) => patternOf(one, true)));
    const exact = automatonOf(words.slice(500).map((one) => patternOf(one)));
    const both = automatonOf(words.map((one, at) => patternOf(one, at < 500)));
    expect(folded.states).toBeGreaterThan(5000);
    expect(both.states).toBeLessThan(2.5 * (folded.states + exact.states));
  });

  it('grows with the patterns and not faster', () => {
    const states = [10, 100, 1000].map((count) => automatonOf(Array.from({ length: count }, () => patternOf(word()))).states);
    expect(states[2]).toBeLessThan(12 * (states[1] ?? 0));
    expect(states[1]).toBeLessThan(12 * (states[0] ?? 0));
  });

  it('has a bound, which stops the making of a larger one early', () => {
    const patterns = Array.from({ length: 1000 }, (_, at) => ({
      pattern: { bytes: Array.from({ length: 256 }, (_, place) => (at * 7919 + place * 104_729) & 255), nocase: false },
      marks: 1n,
    }));
    const start = performance.now();
    expect(buildAutomaton(patterns, CELLS_MAX)).toBeNull();
    expect(performance.now() - start).toBeLessThan(2000);
    expect(buildAutomaton(patterns.slice(0, 10), CELLS_MAX)).not.toBeNull();
    // Exactly as many as there are is enough: three states of two classes.
    const ab = [{ pattern: patternOf('aa'), marks: 1n }];
    expect(buildAutomaton(ab, 6)?.states).toBe(3);
    expect(buildAutomaton(ab, 5)).toBeNull();
  });
});
