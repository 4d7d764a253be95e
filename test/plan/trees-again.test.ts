/** Trees that are grown again after a change find what a plain scan finds, however many changes there have been. */
import { expect, test } from 'vitest';
import type { BoxSet, TreeShape } from '../../compiler/4-plan/tree/box-set.ts';
import { buildTrees, createTreesMemo, type Trees, type TreesMemo } from '../../compiler/4-plan/tree/build-trees.ts';
import { dimensionsAgain, dimensionsOf } from '../../compiler/4-plan/tree/dimensions.ts';
import { matchBoxes } from '../../compiler/4-plan/tree/match-boxes.ts';
import { type Box, boxSetOf, keysAround, randomBoxes, randomFrom, scan, type Taste } from './tree-boxes.ts';
import { walkTrees } from './tree-walker.ts';

const port = (field: string, slot: string) => ({ field, slot, bytes: 2, max: 65_535 }) as const;
const SHAPE: TreeShape = { scalars: [port('src.port', 'src_port'), port('dst.port', 'dst_port')], bits: null };
const START = 4096;
const TURNS = 16;
const KEYS = 40;

function build(set: BoxSet, memo?: TreesMemo): Trees {
  const trees = buildTrees([set], SHAPE, { start: START, entryBits: new Uint32Array(0), bytesMax: 1 << 30, memo });
  if ('problem' in trees) throw new Error(trees.problem);
  return trees;
}

/** Rules one behind the other, each with its boxes. */
function rulesOf(boxes: readonly Box[]): Box[][] {
  const rules: Box[][] = [];
  for (const [at, box] of boxes.entries()) {
    if (box.entry === boxes[at - 1]?.entry) rules.at(-1)?.push(box);
    else rules.push([box]);
  }
  return rules;
}

/** Entries ascend, with gaps: the rules of other sets. */
function numbered(rules: readonly (readonly Box[])[]): Box[] {
  return rules.flatMap((boxes, rule) => boxes.map((box) => ({ ...box, entry: rule + (rule >> 3) })));
}

for (const [family, taste, mode] of [
  [4, 'exact', 'first'],
  [4, 'firewall', 'first'],
  [6, 'mixed', 'each'],
  [6, 'exact', 'first'],
  [4, 'overlap', 'each'],
] as readonly (readonly [4 | 6, Taste, 'first' | 'each'])[]) {
  test(`${taste}, IPv${family}, ${mode}: rules changed, inserted and removed`, () => {
    const random = randomFrom(family + taste.length);
    const rules = rulesOf(randomBoxes(random, 700, family, SHAPE, taste));
    const others = rulesOf(randomBoxes(random, 200, family, SHAPE, taste));
    const other = () => others[random(others.length)] ?? [];
    const memo = createTreesMemo();
    build(boxSetOf(numbered(rules), family, mode, SHAPE), memo);
    let again = 0;
    for (let turn = 0; turn < TURNS; turn++) {
      // Once so much changes that a new division is chosen.
      for (let changes = turn === TURNS - 4 ? 150 : 1 + random(3); changes > 0; changes--) {
        const at = random(rules.length);
        const way = random(4);
        if (way === 0) rules.splice(at, 1);
        else if (way === 1) rules.splice(at, 0, other());
        else if (way === 2) rules[at] = other();
        else rules.splice(at, 2, ...rules.slice(at, at + 2).reverse());
      }
      const boxes = numbered(rules);
      const trees = build(boxSetOf(boxes, family, mode, SHAPE), memo);
      again += memo.kept?.grown[0]?.changed === 0 ? 0 : 1;
      for (const key of keysAround(random, boxes, family, SHAPE, KEYS)) {
        const { matches } = walkTrees(trees.bytes, START, SHAPE, family, trees.roots[0] ?? [], key);
        const each = matches.filter(({ entry }, place) => matches[place - 1]?.entry !== entry);
        const expected = scan(boxes, family, key);
        const sure = mode === 'each' ? -1 : expected.findIndex(({ checked }) => !checked);
        const wanted = sure < 0 ? expected : expected.slice(0, sure + 1);
        expect(sure < 0 ? each : each.slice(0, wanted.length)).toEqual(wanted);
      }
    }
    expect(again).toBeGreaterThan(TURNS / 2);
    expect(again).toBeLessThan(TURNS);
  });
}

test('without a change the bytes are the same; another shape is grown anew', () => {
  const boxes = randomBoxes(randomFrom(9), 900, 4, SHAPE, 'firewall');
  const set = boxSetOf(boxes, 4, 'first', SHAPE);
  const memo = createTreesMemo();
  const first = build(set, memo);
  expect(first.bytes).toEqual(build(set).bytes);
  expect(build(boxSetOf(boxes, 4, 'first', SHAPE), memo).bytes).toEqual(first.bytes);
  const each = build(boxSetOf(boxes, 4, 'each', SHAPE), memo);
  expect(each.bytes).toEqual(build(boxSetOf(boxes, 4, 'each', SHAPE)).bytes);
});

test('boxes are matched by rules: all of an entry, or none', () => {
  const boxes = randomBoxes(randomFrom(12), 300, 4, SHAPE, 'exact').map((box, at) => ({
    ...box,
    entry: at >> 1,
    checked: false,
  }));
  const before = boxSetOf(boxes, 4, 'first', SHAPE);
  // The second box of rule 20 is another one, rule 50 is gone, and a rule has come ahead of rule 100.
  const changed = boxes.flatMap((box, at) => {
    if (at === 41) return [{ ...box, checked: true }];
    if (box.entry === 50) return [];
    return at === 200 ? [{ ...(boxes[7] as Box), entry: 99.5 }, box] : [box];
  });
  const entries = [...new Set(changed.map(({ entry }) => entry))];
  const now = boxSetOf(
    changed.map((box) => ({ ...box, entry: entries.indexOf(box.entry) })),
    4,
    'first',
    SHAPE,
  );
  const matched = matchBoxes(before, now, 50);
  expect(matched?.gone).toEqual([40, 41, 100, 101]);
  expect(matched?.come).toEqual([40, 41, 198]);
  expect([39, 40, 41, 42, 99, 102, 199, 200].map((box) => matched?.numbers[box])).toEqual([39, -1, -1, 42, 99, 100, 197, 199]);
  expect(matched).toMatchObject({ ahead: 40, behind: 100 });
  expect(matchBoxes(before, now, 4)).toBeNull();
});

test.each([4, 6] as const)('dimensions of boxes between others that have not changed, IPv%d', (family) => {
  const random = randomFrom(family);
  const boxes = randomBoxes(random, 200, family, SHAPE, 'mixed').map((box, entry) => ({ ...box, entry }));
  const setOf = (some: readonly Box[]) =>
    boxSetOf(
      some.map((box, entry) => ({ ...box, entry })),
      family,
      'first',
      SHAPE,
    );
  const before = setOf(boxes);
  const known = dimensionsOf(before, SHAPE);
  const changes = [
    boxes,
    boxes.toSpliced(70, 1),
    boxes.toSpliced(0, 2, boxes[9] as Box),
    boxes.toSpliced(200, 0, boxes[3] as Box),
  ];
  for (const changed of [...changes, boxes.toSpliced(60, 3, ...boxes.slice(5, 30)), [...boxes].reverse()]) {
    const now = setOf(changed);
    const matched = matchBoxes(before, now, 1000);
    if (matched === null) throw new Error('not matched');
    expect(matched.ahead + matched.behind).toBeLessThanOrEqual(Math.min(before.count, now.count));
    expect(dimensionsAgain(now, SHAPE, known, matched.ahead, matched.behind)).toEqual(dimensionsOf(now, SHAPE));
  }
});
