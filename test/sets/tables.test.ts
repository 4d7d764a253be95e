import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFileSet } from '../../compiler/2-resolve/file-set.ts';
import type { BigRange, WideRanges } from '../../compiler/2-resolve/program.ts';
import { wordsOf } from '../../compiler/2-resolve/wide-ranges.ts';
import { addBits } from '../../compiler/5-emit/sets/bits.ts';
import { addDirect, createDirect, PAGE_WORDS } from '../../compiler/5-emit/sets/direct.ts';
import { edges32, edges128 } from '../../compiler/5-emit/sets/edges.ts';
import { growing } from '../../compiler/5-emit/sets/growing.ts';
import type { LineShape } from '../../compiler/5-emit/sets/line-choice.ts';
import { addLines, createLines, lineTablesOf, planLines } from '../../compiler/5-emit/sets/lines.ts';
import { piecesOf } from '../../compiler/5-emit/sets/pieces.ts';
import { placesFor } from '../../compiler/5-emit/sets/places.ts';
import { sizeClass } from '../../compiler/5-emit/sets/size-class.ts';
import { createSetTables, tableOf } from '../../compiler/5-emit/sets/tables.ts';
import { ROOT } from '../house/source-tree.ts';
import { createRandom } from '../packets/random.ts';
import { awkwardSets, crowdedSets, probesOf } from './awkward-sets.ts';
import { createWalker } from './walk-tables.ts';

const numbers = (ranges: readonly BigRange[]) => ranges.map(([first, last]) => [Number(first), Number(last)] as const);

/** Those of `probes` that the tables get wrong. */
function wrong<T>(probes: readonly (readonly [T, boolean])[], find: (value: T) => boolean): readonly T[] {
  return probes.filter(([value, expected]) => find(value) !== expected).map(([value]) => value);
}

describe('tables of sets', () => {
  const random = createRandom(4040);

  it.each(awkwardSets(32, random))('of 32-bit values: $name', ({ ranges }) => {
    const [sets, direct] = [createSetTables(), createDirect()];
    // Ours is the second: what is ahead of it shifts all places.
    sets.add32(edges32([[7, 7]]));
    addDirect(direct, edges32([[7, 7]]));
    const [set, second] = [sets.add32(edges32(numbers(ranges))), addDirect(direct, edges32(numbers(ranges)))];
    const walker = createWalker([
      ...sets.tables(),
      tableOf('', 'pktc_direct_groups', direct.groups.view(), 2),
      tableOf('', 'pktc_direct_pages', direct.pages.view(), PAGE_WORDS),
    ]);
    const probes = probesOf(ranges, 32, random);
    expect(wrong(probes, (value) => walker.in32(Number(value), set))).toEqual([]);
    expect(wrong(probes, (value) => walker.inDirect(Number(value), second))).toEqual([]);
  });

  it.each(awkwardSets(128, random))('of IPv6 addresses: $name', ({ ranges }) => {
    const sets = createSetTables();
    sets.add128(edges128([[7n, 7n]]));
    const set = sets.add128(edges128(ranges));
    const walker = createWalker([...sets.tables(), ...sets.wideTables()]);
    expect(wrong(probesOf(ranges, 128, random), (value) => walker.in128(value, set))).toEqual([]);
  });

  /** Lines of a set, which is the second: what is ahead of it shifts all places. */
  const linesOf = (ranges: WideRanges, shape: LineShape) => {
    const [sets, lines] = [createSetTables(), createLines()];
    const ahead = planLines(wordsOf([[5n << 80n, (6n << 80n) - 1n]]));
    if (ahead !== null) addLines(lines, ahead, sets.add128);
    const set = addLines(lines, { pieces: piecesOf(wordsOf(ranges)), shape }, sets.add128);
    return { set, walker: createWalker([...sets.tables(), ...sets.wideTables(), ...lineTablesOf(lines)]) };
  };

  // Whether lines are worth their room does not matter here: they have to be right about every set, by any bits.
  it.each([...awkwardSets(128, random), ...crowdedSets(random)])('of lines of IPv6 addresses: $name', ({ ranges }) => {
    const probes = probesOf(ranges, 128, random);
    for (const { unit, steps, divides } of [
      { unit: 32, steps: [0, 4, 8, 16], divides: false },
      { unit: 12, steps: [0, 4, 8, 16], divides: true },
      { unit: 48, steps: [0, 4, 8, 16], divides: false },
      { unit: 63, steps: [0, 0, 1, 1], divides: false },
    ]) {
      const shape = { unit, keys: steps.map((step) => unit + step), divides };
      const { set, walker } = linesOf(ranges, shape);
      expect([unit, wrong(probes, (value) => walker.inLines(value, set))]).toEqual([unit, []]);
    }
  });

  it('of 16-bit values have a bit each', () => {
    const ranges = [
      [0, 0],
      [31, 64],
      [100, 1000],
      [65535, 65535],
    ] as const;
    const words = growing((length) => new Uint32Array(length));
    expect(addBits(words, [[5, 5]])).toBe(0);
    expect(addBits(words, ranges)).toBe(1);
    const bits = new BigUint64Array(words.view().slice().buffer, 8192);
    for (let value = 0; value < 65536; value++) {
      const expected = ranges.some(([first, last]) => first <= value && value <= last);
      if (((((bits[value >> 6] ?? 0n) >> BigInt(value & 63)) & 1n) === 1n) !== expected) expect(value).toBe(expected);
    }
  });

  it('find every entry of a hash table within reach, also where keys are alike', () => {
    const keys = Array.from({ length: 3000 }, (_, index) => index * 65536);
    const { entries, shift, factor } = placesFor(keys.length, (entry, by) => Math.imul(keys[entry] ?? 0, by) >>> 0);
    expect(entries.length).toBe(2 ** (32 - shift) + 64);
    const places = new Map([...entries].map((entry, place) => [entry, place]));
    keys.forEach((key, entry) => {
      const own = (Math.imul(key, factor) >>> 0) >>> shift;
      expect(places.get(entry) ?? -1).toBeGreaterThanOrEqual(own);
      expect(places.get(entry) ?? 1e9).toBeLessThan(own + 64);
    });
  });

  it('have lengths with room for a little more', () => {
    for (const length of [0, 1, 16, 17, 100, 1000, 123_456, 2 ** 20, 2 ** 20 + 1]) {
      expect(sizeClass(length)).toBeGreaterThanOrEqual(length);
      expect(sizeClass(length)).toBeLessThanOrEqual(Math.max(16, length * 1.125 + 1));
      expect(sizeClass(sizeClass(length))).toBe(sizeClass(length));
    }
  });
});

const SETS = path.join(ROOT, '../shared/sets');

describe('tables of lists that others publish', () => {
  if (!existsSync(SETS)) {
    console.warn(`skipped: tables of lists that others publish, because ${SETS} is not there`);
    // Not a skip: a machine without the lists lacks nothing that the project can install.
    it('are not made, for the lists are not there', () => expect(existsSync(SETS)).toBe(false));
    return;
  }
  it.each(['ipv4__us.cidr', 'levels__1.txt', 'ipv6__us.cidr', 'ipv6__br.cidr'])('%s', (file) => {
    const { value } = readFileSet({ name: file, text: readFileSync(path.join(SETS, file), 'utf8') });
    const sets = createSetTables();
    const [v4, v6] = [sets.add32(edges32(value.v4)), sets.add128(edges128(value.v6))];
    // The same without what the reader of files prepares.
    expect(edges128([...value.v6])).toEqual(edges128(value.v6));
    const walker = createWalker([...sets.tables(), ...sets.wideTables()]);
    const random = createRandom(1);
    const big = value.v4.map(([first, last]) => [BigInt(first), BigInt(last)] as const);
    expect(wrong(probesOf(big, 32, random), (address) => walker.in32(Number(address), v4))).toEqual([]);
    expect(wrong(probesOf(value.v6, 128, random), (address) => walker.in128(address, v6))).toEqual([]);
  });
});
