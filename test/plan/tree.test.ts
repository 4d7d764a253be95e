import { describe, expect, test } from 'vitest';
import type { TreeShape } from '../../compiler/4-plan/tree/box-set.ts';
import { buildTrees, type Trees } from '../../compiler/4-plan/tree/build-trees.ts';
import { type Box, boxSetOf, keysAround, randomBoxes, randomFrom, scan, TASTES } from './tree-boxes.ts';
import { type Key, walkTrees } from './tree-walker.ts';

const port = (field: string, slot: string) => ({ field, slot, bytes: 2, max: 65_535 }) as const;
const TCP_FLAGS = { field: 'tcp.flags', slot: 'tcp_flags' } as const;
const PORTS: TreeShape = { scalars: [port('src.port', 'src_port'), port('dst.port', 'dst_port')], bits: null };
const SHAPES: readonly TreeShape[] = [
  PORTS,
  { scalars: [], bits: null },
  { scalars: [], bits: { flags: TCP_FLAGS, presence: [], bytes: 1, max: 255 } },
  {
    scalars: [
      ...PORTS.scalars,
      { field: 'proto', slot: 'proto', bytes: 1, max: 255 },
      { field: 'ttl', slot: 'ttl', bytes: 1, max: 255 },
    ],
    bits: { flags: TCP_FLAGS, presence: [], bytes: 2, max: 511 },
  },
  {
    scalars: PORTS.scalars,
    bits: {
      flags: TCP_FLAGS,
      presence: [
        { field: 'src.port', slot: 'src_port', bit: 0x80, of: 0 },
        { field: 'vlan', slot: 'vlan', bit: 0x40, of: null },
        { field: 'dst.port', slot: 'dst_port', bit: 0x20, of: 1 },
        { ...TCP_FLAGS, bit: 0x10, of: 'flags' },
      ],
      bytes: 1,
      max: 255,
    },
  },
  {
    scalars: Array.from({ length: 8 }, (_, at) => port(`field${at}`, `field_${at}`)),
    bits: { flags: { field: 'b', slot: 'b' }, presence: [], bytes: 2, max: 0xffff },
  },
];
const START = 4096;
const NO_BITS = new Uint32Array(0);

function built(trees: ReturnType<typeof buildTrees>): Trees {
  if ('problem' in trees) throw new Error(trees.problem);
  return trees;
}

/** What the trees find for each key, and what a plain scan does. In a `first` set what lies behind a sure match need not be found. */
function compare(
  boxes: readonly Box[],
  family: 4 | 6,
  mode: 'first' | 'each',
  shape: TreeShape,
  keys: readonly Key[],
  partitions?: number,
): Trees {
  const set = boxSetOf(boxes, family, mode, shape);
  const trees = built(
    buildTrees([set], shape, {
      start: START,
      entryBits: NO_BITS,
      bytesMax: 1 << 30,
      ...(partitions === undefined ? {} : { partitions }),
    }),
  );
  for (const key of keys) {
    const { matches } = walkTrees(trees.bytes, START, shape, family, trees.roots[0]!, key);
    const each = matches.filter(({ entry }, at) => matches[at - 1]?.entry !== entry);
    const expected = scan(boxes, family, key);
    const sure = expected.findIndex(({ checked }) => !checked);
    if (mode === 'each' || sure < 0) expect(each).toEqual(expected);
    else expect(each.slice(0, sure + 1)).toEqual(expected.slice(0, sure + 1));
  }
  return trees;
}

describe('trees and a plain scan agree', () => {
  for (const taste of TASTES) {
    for (const family of [4, 6] as const) {
      test(`${taste}, IPv${family}`, () => {
        for (const [number, shape] of SHAPES.entries()) {
          for (const mode of ['first', 'each'] as const) {
            for (const count of [1, 2, 9, 40, 300]) {
              const random = randomFrom(count * 31 + number);
              const boxes = randomBoxes(random, count, family, shape, taste);
              const keys = keysAround(random, boxes, family, shape, 60);
              compare(boxes, family, mode, shape, keys);
              compare(boxes, family, mode, shape, keys, 1);
            }
          }
        }
      });
    }
  }
});

test('thousands of boxes', () => {
  for (const family of [4, 6] as const) {
    const random = randomFrom(family);
    const boxes = randomBoxes(random, 5000, family, PORTS, 'mixed');
    compare(boxes, family, 'first', PORTS, keysAround(random, boxes, family, PORTS, 300));
    compare(boxes, family, 'each', PORTS, keysAround(random, boxes, family, PORTS, 300));
  }
});

test('the same boxes give the same bytes; none give none', () => {
  const boxes = randomBoxes(randomFrom(3), 200, 4, PORTS, 'mixed');
  const once = () =>
    built(buildTrees([boxSetOf(boxes, 4, 'first', PORTS)], PORTS, { start: START, entryBits: NO_BITS, bytesMax: 1 << 30 }));
  expect(once().bytes).toEqual(once().bytes);
  const none = built(
    buildTrees([null, boxSetOf([], 4, 'each', PORTS)], PORTS, { start: START, entryBits: NO_BITS, bytesMax: 0 }),
  );
  expect(none.bytes.length).toBe(0);
  expect(none.roots).toEqual([[], []]);
});

test('a bound on memory: fewer repeats first, then refusal', () => {
  const boxes = randomBoxes(randomFrom(4), 2000, 4, PORTS, 'wildcards');
  const set = boxSetOf(boxes, 4, 'each', PORTS);
  const free = built(buildTrees([set], PORTS, { start: START, entryBits: NO_BITS, bytesMax: 1 << 30 }));
  expect(free.records).toBeGreaterThan(2 * boxes.length);
  const bound = built(buildTrees([set], PORTS, { start: START, entryBits: NO_BITS, bytesMax: free.bytes.length - 64 }));
  expect(bound.bytes.length).toBeLessThan(free.bytes.length);
  for (const key of keysAround(randomFrom(5), boxes, 4, PORTS, 100)) {
    const { matches } = walkTrees(bound.bytes, START, PORTS, 4, bound.roots[0]!, key);
    expect([...new Set(matches.map(({ entry }) => entry))]).toEqual(scan(boxes, 4, key).map(({ entry }) => entry));
  }
  expect(buildTrees([set], PORTS, { start: START, entryBits: NO_BITS, bytesMax: 4096 })).toEqual({ problem: 'too large' });
});

test('each box of a large set with settled addresses stands in one leaf: partitions repeat nothing', () => {
  const boxes = randomBoxes(randomFrom(6), 4000, 6, PORTS, 'exact');
  const trees = compare(boxes, 6, 'first', PORTS, keysAround(randomFrom(7), boxes, 6, PORTS, 100));
  expect(trees.partitions).not.toBe('the rest');
  expect(trees.records).toBeLessThan(1.1 * boxes.length);
});

describe('boxes that settle little of their addresses', () => {
  for (const family of [4, 6] as const) {
    for (const [taste, count, leaf] of [
      ['crossed', 30_000, 20],
      ['firewall', 5000, 20],
      ['overlap', 3000, 32],
    ] as const) {
      test(`${taste}, IPv${family}: short leaves, few repeats, few reads`, () => {
        const random = randomFrom(family);
        const boxes = randomBoxes(random, count, family, PORTS, taste).map((box) => ({ ...box, checked: false }));
        const keys = keysAround(random, boxes, family, PORTS, 300);
        const trees = compare(boxes, family, 'first', PORTS, keys);
        expect(trees.leaf).toBeLessThanOrEqual(leaf);
        expect(trees.records).toBeLessThan(1.7 * count);
        expect(trees.cost).toBeLessThan(25);
      });
    }
  }
});
