import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DataSlots, firstSlots, fixedSlots, nextSlots } from '../../runtime/slots.ts';

const rules = (...names: readonly string[]) => names.map((name) => ({ name, identity: name }));
const slotsOf = (slots: DataSlots | null) =>
  slots === null ? null : Object.fromEntries(slots.rules.map(({ name }, index) => [name, slots.of[index]]));
const ALL_SETTLED = Number.MAX_SAFE_INTEGER;

describe('slots of counters', () => {
  test('of rules that are compiled in: the index, and the default behind them', () => {
    const slots = fixedSlots(rules('a', 'b'));
    expect([...slots.of, slots.default]).toEqual([0, 1, 2]);
    expect([slots.ruleAt(1), slots.ruleAt(2), slots.nameAt(0), slots.nameAt(2), slots.nameAt(9)]).toEqual([
      1,
      -1,
      'a',
      null,
      null,
    ]);
  });

  test('stay with their rules, wherever these move', () => {
    const first = firstSlots(rules('a', 'b', 'c'), 10);
    expect(slotsOf(first)).toEqual({ a: 1, b: 2, c: 3 });
    const second = nextSlots(first, rules('c', 'new', 'a'), ALL_SETTLED)!;
    expect(slotsOf(second)).toEqual({ c: 3, new: 4, a: 1 });
    expect([second.ruleAt(3), second.ruleAt(2), second.nameAt(2), second.default]).toEqual([0, -1, 'b', 0]);
    expect(slotsOf(nextSlots(second, rules('b'), ALL_SETTLED))).toEqual({ b: 2 });
  });

  test('of rules that are gone are given away when there are no others, the longest gone first', () => {
    let slots = firstSlots(rules('a', 'b', 'c'), 4);
    slots = nextSlots(slots, rules('a', 'c'), ALL_SETTLED)!;
    slots = nextSlots(slots, rules('a'), ALL_SETTLED)!;
    const next = nextSlots(slots, rules('a', 'x'), ALL_SETTLED)!;
    expect([slotsOf(next), next.reused]).toEqual([{ a: 1, x: 2 }, [2]]);
    expect(nextSlots(next, rules('a', 'x', 'y', 'z'), ALL_SETTLED)).toBe(null);
  });

  test('are not given away while a packet may count in them', () => {
    const first = firstSlots(rules('a', 'b'), 3);
    const second = nextSlots(first, rules('a'), first.generation)!;
    expect(nextSlots(second, rules('a', 'x'), first.generation)).toBe(null);
    expect(slotsOf(nextSlots(second, rules('a', 'x'), second.generation))).toEqual({ a: 1, x: 2 });
    // What the rules before a change have is theirs until it is done.
    expect(nextSlots(first, rules('x', 'y'), first.generation)).toBe(null);
  });

  test('rules that say the same have one each', () => {
    const same = [
      { name: 'one', identity: 'same' },
      { name: 'two', identity: 'same' },
    ];
    const first = firstSlots(same, 8);
    const second = nextSlots(first, [...rules('new'), ...same, ...rules('end')], ALL_SETTLED)!;
    expect([...second.of]).toEqual([3, 1, 2, 4]);
  });

  test('any rules after any others: no two in one slot, and those that live on keep theirs', () => {
    const names = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(names, { minLength: 2, maxLength: 12 }), (sets) => {
        let slots = firstSlots(rules(...(sets[0] ?? [])), 24);
        for (const set of sets.slice(1)) {
          const before = new Map(slots.rules.map(({ name }, index) => [name, slots.of[index]]));
          const next = nextSlots(slots, rules(...set), slots.generation);
          if (next === null) continue;
          expect(new Set(next.of).size).toBe(set.length);
          expect([...next.of].every((slot) => slot > 0 && slot < 24)).toBe(true);
          set.forEach((name, index) => {
            if (before.has(name)) expect(next.of[index]).toBe(before.get(name));
            expect(next.nameAt(next.of[index] ?? 0)).toBe(name);
            expect(next.ruleAt(next.of[index] ?? 0)).toBe(index);
          });
          for (const slot of next.reused) expect([...before.values()]).not.toContain(slot);
          slots = next;
        }
      }),
      { numRuns: 500 },
    );
  });
});
