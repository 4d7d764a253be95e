/** A rule is its boxes and its check: both together hold for a packet exactly when its condition does. */
import { describe, expect, test } from 'vitest';
import type { Program } from '../../compiler/2-resolve/program.ts';
import { type Boxes, boxSetsOf } from '../../compiler/4-plan/boxes/box-sets.ts';
import { type Dimensions, dimensionsOf, SCALAR_MAX } from '../../compiler/4-plan/boxes/dimensions.ts';
import type { BoxSet } from '../../compiler/4-plan/tree/box-set.ts';
import { recordLayout } from '../../compiler/4-plan/tree/record-layout.ts';
import { fieldValue, holds, openPacket, type Packet } from '../../compiler/interpret/packet.ts';
import { surroundingsAt } from '../../compiler/interpret/read-field.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import { generateAbout } from '../differential/compare-engines.ts';
import { generateRuleFile } from '../differential/generate-rules.ts';
import { programOf } from '../differential/program-of.ts';
import { printRuleFile } from '../differential/rule-file.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom, type Random, seedOf } from '../packets/random.ts';
import { PRESENCE_RULES } from './presence-rules.ts';

const FILES = 150;
const PACKETS = 40;

interface Key {
  readonly kind: number;
  readonly src: bigint;
  readonly dst: bigint;
  readonly scalars: readonly number[];
  readonly bits: number;
}

function keyOf(packet: Packet, { shape, src, dst }: Dimensions): Key {
  const address = (field: string) => fieldValue(packet, field) as number | bigint | null;
  const [from, to] = [src ? address('src') : undefined, dst ? address('dst') : undefined];
  const number = (field: string) => Math.min(Number(fieldValue(packet, field) ?? 0), SCALAR_MAX);
  return {
    kind: kindOf(from, to),
    src: BigInt(from ?? 0),
    dst: BigInt(to ?? 0),
    scalars: shape.scalars.map(({ field }) => number(field)),
    bits: (shape.bits?.presence ?? []).reduce(
      (word, { field, bit }) => (fieldValue(packet, field) === null ? word & ~bit : word | bit),
      shape.bits?.flags ? number(shape.bits.flags.field) : 0,
    ),
  };
}

/** undefined: no rule asks for it; null: absent. */
function kindOf(src: number | bigint | null | undefined, dst: number | bigint | null | undefined): number {
  const used = [src, dst].filter((address) => address !== undefined);
  if (used.length > 0 && used.every((address) => typeof address === 'number')) return 0;
  if (used.length > 0 && used.every((address) => typeof address === 'bigint')) return 1;
  return used.length < 2 || src === null ? 2 : typeof src === 'number' ? 3 : 4;
}

function inBox(set: BoxSet, box: number, key: Key): boolean {
  const inAddress = (values: Uint32Array, lengths: Uint8Array, address: bigint) => {
    if (set.family === 4) return address >= BigInt(values[2 * box] ?? 0) && address <= BigInt(values[2 * box + 1] ?? 0);
    const words = [0, 1, 2, 3].map((word) => BigInt(values[4 * box + word] ?? 0));
    const prefix = words.reduce((sum, word) => (sum << 32n) | word, 0n);
    const drop = BigInt(128 - (lengths[box] ?? 0));
    return address >> drop === prefix >> drop;
  };
  return (
    inAddress(set.src, set.srcLength, key.src) &&
    inAddress(set.dst, set.dstLength, key.dst) &&
    set.scalars.every((ranges, at) => {
      const value = key.scalars[at] ?? 0;
      return value >= (ranges[2 * box] ?? 0) && value <= (ranges[2 * box + 1] ?? 0);
    }) &&
    (set.bitsMask.length === 0 || (key.bits & (set.bitsMask[box] ?? 0)) === set.bitsValue[box])
  );
}

function rulesInBoxes({ sets, checkOf, checks }: Boxes, key: Key, packet: Packet): readonly number[] {
  const found = new Set<number>();
  for (const set of [sets[2 * key.kind], sets[2 * key.kind + 1]]) {
    for (let box = 0; box < (set?.count ?? 0); box++) {
      const rule = set?.entry[box] ?? 0;
      const check = checks[(checkOf[rule] ?? 0) - 1];
      if (set && inBox(set, box, key) && (check === undefined || holds(check.condition, packet))) found.add(rule);
    }
  }
  return [...found].sort((a, b) => a - b);
}

function boxesOf(text: string): { readonly program: Program; readonly dimensions: Dimensions; readonly boxes: Boxes } {
  const program = programOf(text);
  const dimensions = dimensionsOf(program, targetFor(program.hook));
  const boxes = boxSetsOf(program, dimensions);
  if (boxes === null) throw new Error('too many boxes');
  return { program, dimensions, boxes };
}

/** How many rules held for random packets, as boxes and checks say and the interpreter does, and how many of these without a check. */
function compareWithRules(random: Random, text: string, packets: number): readonly [matches: number, unchecked: number] {
  const { program, dimensions, boxes } = boxesOf(text);
  const hints = hintsOf(program);
  let [matches, unchecked] = [0, 0];
  for (let at = 0; at < packets; at++) {
    const surroundings = surroundingsAt(program.hook, generateAbout(random, program, hints));
    const packet = openPacket(generatePacket(random, { hints, minLength: 14 }), surroundings, new Map());
    const expected = program.rules.filter((rule) => holds(rule.condition, packet)).map((rule) => rule.index);
    const found = rulesInBoxes(boxes, keyOf(packet, dimensions), packet);
    expect(found, text).toEqual(expected);
    matches += expected.length;
    unchecked += expected.filter((rule) => boxes.checkOf[rule] === 0).length;
  }
  return [matches, unchecked];
}

test(`boxes and checks of ${FILES} random rule files hold when the rules do`, () => {
  let [matches, unchecked] = [0, 0];
  for (let part = 0; part < FILES; part++) {
    const random = createRandom(seedOf(77, part));
    const [more, sure] = compareWithRules(random, printRuleFile(generateRuleFile(random)), PACKETS);
    matches += more;
    unchecked += sure;
  }
  expect(matches).toBeGreaterThan(FILES);
  expect(unchecked).toBeGreaterThan(FILES / 4);
});

describe('an absent field is told from one that is 0', () => {
  test.each(PRESENCE_RULES)('%s', (_, { rules, checks, bytes }) => {
    const text = rules.map((rule) => `match ${rule} -> count\n`).join('');
    const { dimensions, boxes } = boxesOf(text);
    expect(boxes.checks).toHaveLength(checks);
    expect(dimensions.shape.bits?.bytes).toBe(bytes);
    const [matches] = compareWithRules(createRandom(7), text, 400);
    expect(matches).toBeGreaterThan(400);
  });

  test('flags that rules ask for leave their bits alone, from the top; records stay small while there is room', () => {
    const shapeOf = (text: string) => boxesOf(text).dimensions.shape;
    const ports = 'match sport 0-1023 -> drop\nmatch dport != 22 proto 6 -> drop\n';
    const six = shapeOf(`${ports}match flags FIN,SYN,!ACK,CWR -> drop\nmatch flags URG,PSH -> drop\n`);
    expect(six.bits?.presence.map(({ field, bit }) => [field, bit])).toEqual([
      ['sport', 0x40],
      ['dport', 0x04],
    ]);
    expect(recordLayout(six, 4).bytes).toBe(32);
    const seven = shapeOf(`${ports}match flags = SYN -> drop\n`);
    expect(seven.bits).toMatchObject({ bytes: 2, max: 0xffff });
    expect(seven.bits?.presence.map(({ bit }) => bit)).toEqual([0x8000, 0x4000]);
    expect(recordLayout(seven, 4).bytes).toBe(64);
    expect(shapeOf('match sport 80 -> drop\nmatch not dport 22 -> drop\n').bits).toBeNull();
  });

  test('what stands in inner( ) is not asked of the key', () => {
    const { dimensions, boxes } = boxesOf('match inner(sport 0-1023 src 10.0.0.1) dport 80 -> drop\n');
    expect(dimensions.shape.scalars.map(({ field }) => field)).toEqual(['dport']);
    expect([dimensions.shape.bits, dimensions.src]).toEqual([null, false]);
    expect(boxes.checks).toHaveLength(1);
  });
});

test('entries ascend, and boxes of one rule stand together', () => {
  const text =
    'match src { 10.0.0.0/8, 192.0.2.0/24 } dport { 22, 80-90 } -> drop\nmatch not tcp -> pass\nmatch src != 10.0.0.1 -> count\n';
  const program = programOf(text);
  const boxes = boxSetsOf(program, dimensionsOf(program, targetFor(program.hook)));
  expect([...(boxes?.sets[0]?.entry ?? [])]).toEqual([0, 0, 0, 0, 1, 1]);
  expect([...(boxes?.sets[1]?.entry ?? [])]).toEqual([2, 2]);
  expect(boxes?.checks).toEqual([]);
});

describe('packets without an address that rules ask for have no boxes of what stands behind addresses', () => {
  test.each([
    ['dport 80', 0],
    ['dport 0-1023', 0],
    ['dport { 0, 80 }', 0],
    ['flags SYN', 0],
    ['icmp.type 0', 0],
    ['payload.len 0-100', 0],
    ['not dport 22', 1],
    ['not dport 0-1023', 1],
    ['flags !SYN', 0],
    ['not flags SYN', 1],
    ['proto tcp', 1],
    ['ttl 64', 1],
    ['malformed', 1],
    ['(dport 80 or proto udp)', 1],
  ])('%s: %i', (asked, boxesEach) => {
    const text = `match ${asked} -> drop\nmatch src 10.0.0.0/8 dst 192.0.2.0/24 -> count\n`;
    const { boxes } = boxesOf(text);
    const verdicts = boxes.sets.filter((_, number) => number % 2 === 0).map((set) => set?.count ?? 0);
    expect(verdicts.slice(2)).toEqual([boxesEach, boxesEach, boxesEach]);
    expect(verdicts[0]).toBeGreaterThan(0);
    compareWithRules(createRandom(11), text, 200);
  });

  test('but all packets are without addresses where no rule asks for them', () => {
    const { boxes } = boxesOf('match dport 80 -> drop\n');
    expect(boxes.sets.map((set) => set?.count ?? 0)).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  });
});

test('what a box cannot tell is asked: whether there is a payload, what is in it, one of many values', () => {
  const list = Array.from({ length: 100 }, (_, at) => 2 * at + 1).join(', ');
  const text = `match payload any -> drop\nmatch payload contains "x" dport 80 -> drop\nmatch dport { ${list} } sport 5 -> pass\n`;
  const program = programOf(text);
  const boxes = boxSetsOf(program, dimensionsOf(program, targetFor(program.hook)));
  expect([...(boxes?.checkOf ?? [])]).toEqual([1, 2, 3]);
  expect(boxes?.checks.map(({ condition }) => condition.kind)).toEqual(['present', 'contains', 'in']);
});

test('flags that contradict each other leave no box, others are asked together', () => {
  const program = programOf('match (flags SYN or dport 80) flags !SYN -> drop\nmatch flags SYN flags !ACK -> drop\n');
  const boxes = boxSetsOf(program, dimensionsOf(program, targetFor(program.hook)));
  const [set] = boxes?.sets.filter((one) => one !== null) ?? [];
  expect([...(set?.entry ?? [])]).toEqual([0, 1]);
  expect([...(set?.bitsMask ?? [])]).toEqual([0x82, 0x92]);
  expect([...(set?.bitsValue ?? [])]).toEqual([0x80, 0x82]);
});
