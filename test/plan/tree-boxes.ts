/** Random boxes of all kinds, and what a plain scan of them finds. */
import type { BoxSet, Presence, TreeShape } from '../../compiler/4-plan/tree/box-set.ts';
import type { Key } from './tree-walker.ts';

/** A linear congruential generator: the same numbers for the same seed (Numerical Recipes, 2nd ed., 7.1). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export interface Box {
  readonly entry: number;
  readonly src: Range;
  readonly dst: Range;
  readonly scalars: readonly { readonly first: number; readonly last: number }[];
  readonly mask: number;
  readonly value: number;
  readonly checked: boolean;
}

/** IPv4: both as numbers. IPv6: a prefix. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
  readonly length: number;
}

export function boxSetOf(boxes: readonly Box[], family: 4 | 6, mode: 'first' | 'each', shape: TreeShape): BoxSet {
  const words = (range: Range) =>
    family === 4
      ? [Number(range.first), Number(range.last)]
      : [96n, 64n, 32n, 0n].map((shift) => Number((range.first >> shift) & 0xffff_ffffn));
  const lengths = (side: 'src' | 'dst') => Uint8Array.from(family === 4 ? [] : boxes.map((box) => box[side].length));
  const bits = shape.bits === null ? [] : boxes;
  return {
    family,
    mode,
    count: boxes.length,
    entry: Uint32Array.from(boxes, ({ entry }) => entry),
    src: Uint32Array.from(boxes.flatMap(({ src }) => words(src))),
    dst: Uint32Array.from(boxes.flatMap(({ dst }) => words(dst))),
    srcLength: lengths('src'),
    dstLength: lengths('dst'),
    scalars: shape.scalars.map((_, scalar) =>
      Uint16Array.from(boxes.flatMap(({ scalars }) => [scalars[scalar]!.first, scalars[scalar]!.last])),
    ),
    bitsMask: Uint16Array.from(bits, ({ mask }) => mask),
    bitsValue: Uint16Array.from(bits, ({ value }) => value),
    checked: Uint8Array.from(boxes, ({ checked }) => Number(checked)),
  };
}

export type Taste = 'mixed' | 'nested' | 'identical' | 'wildcards' | 'staircase' | 'exact' | 'firewall' | 'overlap' | 'crossed';
export const TASTES: readonly Taste[] = [
  'mixed',
  'nested',
  'identical',
  'wildcards',
  'staircase',
  'exact',
  'firewall',
  'overlap',
];

export function randomBoxes(
  random: (below: number) => number,
  count: number,
  family: 4 | 6,
  shape: TreeShape,
  taste: Taste,
): Box[] {
  const boxes: Box[] = [];
  let entry = random(3);
  for (let at = 0; at < count; at++) {
    const before = boxes[at - 1];
    const same = before !== undefined && (taste === 'identical' ? random(8) !== 0 : random(30) === 0);
    const box = same ? { ...before, entry } : freshBox(random, entry, at, family, shape, taste);
    boxes.push({ ...box, checked: box.checked && random(3) === 0 });
    // Several boxes of one entry, and numbers that are left out.
    entry += random(4) === 0 ? 0 : 1 + (random(10) === 0 ? random(5) : 0);
  }
  // An entry has a check or none.
  const checked = new Map(boxes.map((box) => [box.entry, box.checked]));
  return boxes.map((box) => ({ ...box, checked: checked.get(box.entry)! }));
}

function freshBox(
  random: (below: number) => number,
  entry: number,
  at: number,
  family: 4 | 6,
  shape: TreeShape,
  taste: Taste,
): Box {
  const bits = shape.bits;
  const mask = bits === null || random(3) > 0 ? 0 : random(bits.max + 1);
  const box: Box = {
    entry,
    src: range(random, family, taste, at),
    dst: range(random, family, taste, at + 1),
    scalars: shape.scalars.map(({ max }) => scalarRange(random, max, taste, at)),
    mask,
    value: mask & random(0x1_0000),
    checked: random(2) === 0,
  };
  return (bits?.presence ?? []).reduce((made, one) => withPresence(random, made, one), box);
}

/** A box of fields that are there, or not, or either: as the planner makes them, those that leave 0 out say that the field is there. */
function withPresence(random: (below: number) => number, box: Box, { bit, of }: Presence): Box {
  const scalars = [...box.scalars];
  const without = { mask: box.mask & ~bit, value: box.value & ~bit };
  if (random(6) === 0) {
    if (typeof of === 'number') scalars[of] = { first: 0, last: 0 };
    return { ...box, ...without, scalars, mask: without.mask | bit };
  }
  const first = typeof of === 'number' ? (scalars[of]?.first ?? 0) : 0;
  if (first === 0 && random(2) === 0) return { ...box, ...without };
  return { ...box, mask: box.mask | bit, value: box.value | bit };
}

/** Prefixes of a few sites, of all lengths, any address in between: many boxes settle little of either address. */
function siteRange(random: (below: number) => number, width: 32 | 128, any: number): Range {
  const lengths = width === 32 ? [8, 16, 22, 24, 32, 32] : [32, 48, 54, 56, 64, 128];
  const length = random(100) < any ? 0 : lengths[random(lengths.length)]!;
  const site = BigInt((random(24) + 1) * 0x0707_0707) << BigInt(width - 32);
  const host = (1n << BigInt(width - length)) - 1n;
  const first = (site ^ (BigInt(random(4096)) << BigInt(width === 32 ? 4 : 64))) & ~host & ((1n << BigInt(width)) - 1n);
  return { first, last: first | host, length };
}

function range(random: (below: number) => number, family: 4 | 6, taste: Taste, at: number): Range {
  const width = family === 4 ? 32 : 128;
  if (taste === 'crossed') {
    // Most boxes settle all, some only a site on one side: the source of box n is of the kind that the destination before it has.
    const length = at % 10 === 1 ? 0 : at % 10 === 0 || at % 10 === 2 ? 16 : 32;
    const site =
      length === 0
        ? 0n
        : BigInt((0x0b00 + 0x301 * random(60)) * 0x1_0000 + (length === 32 ? random(0x1_0000) : 0)) << BigInt(width - 32);
    return { first: site, last: site | ((1n << BigInt(width - length)) - 1n), length };
  }
  if (taste === 'firewall' || taste === 'overlap') return siteRange(random, width, taste === 'firewall' ? 20 : 33);
  const any = taste === 'wildcards' ? random(10) > 0 : taste === 'exact' ? false : random(4) === 0;
  const length = any ? random(3) : taste === 'exact' ? width - random(3) : random(width + 1);
  const all = (1n << BigInt(width)) - 1n;
  const host = (1n << BigInt(width - length)) - 1n;
  // Few different bits, so that many boxes meet.
  const base = family === 4 ? 0x0a01_0000n : 0x2001_0db8_0001_0000_0000_0000_0000_0000n;
  const address =
    taste === 'nested' || random(2) === 0
      ? base | (BigInt(random(5)) << BigInt(random(width))) | BigInt(random(4))
      : (BigInt(random(2 ** 32)) << BigInt(random(width))) | BigInt(random(2 ** 32));
  const first = address & all & ~host;
  if (family === 4 && random(6) === 0 && taste !== 'exact') {
    const one = BigInt(taste === 'staircase' ? at * 7 : random(2 ** 32));
    const last = one + BigInt(random(2 ** (1 + random(31))));
    return { first: one, last: last > all ? all : last, length: 0 };
  }
  return { first, last: first | host, length };
}

function scalarRange(
  random: (below: number) => number,
  max: number,
  taste: Taste,
  at: number,
): { first: number; last: number } {
  if (taste === 'staircase') return { first: at % (max + 1), last: Math.min(max, (at % (max + 1)) + 1000) };
  if (taste === 'overlap') {
    const low = random((max * 0.6) | 0);
    return { first: low, last: low + ((max * 0.3) | 0) };
  }
  const kind = random(4);
  if (kind === 0 || taste === 'wildcards') return { first: 0, last: max };
  const first = random(max + 1);
  return { first, last: kind === 1 ? first : first + random(max + 1 - first) };
}

/** Packets inside of boxes, at their edges and just outside of them, and some anywhere. */
export function keysAround(
  random: (below: number) => number,
  boxes: readonly Box[],
  family: 4 | 6,
  shape: TreeShape,
  count: number,
): Key[] {
  return Array.from({ length: count }, () => {
    const picks = () => boxes[random(boxes.length)]!;
    const one = picks();
    const at = (): Box => (random(8) === 0 ? picks() : one);
    const key = new Array<bigint>(16).fill(0n);
    const width = family === 4 ? 32n : 128n;
    for (const [index, side] of (['src', 'dst'] as const).entries()) {
      const { first, last } = at()[side];
      const value = around(random, first, last, (1n << width) - 1n);
      key[2 * index] = family === 4 ? value : value >> 64n;
      key[2 * index + 1] = family === 4 ? 0n : value & 0xffff_ffff_ffff_ffffn;
    }
    shape.scalars.forEach(({ max }, scalar) => {
      const { first, last } = at().scalars[scalar]!;
      key[4 + scalar] = around(random, BigInt(first), BigInt(last), BigInt(max));
    });
    if (shape.bits !== null) {
      const { value, mask } = at();
      const word = (value | (random(shape.bits.max + 1) & ~mask)) ^ (random(6) === 0 ? 1 : 0);
      const flags = shape.bits.presence.reduce((rest, { bit }) => rest & ~bit, word);
      const there = shape.bits.presence.filter(({ of }) => (of === 'flags' ? flags !== 0 : of !== null && key[4 + of] !== 0n));
      key[4 + shape.scalars.length] = BigInt(there.reduce((bits, { bit }) => bits | bit, word));
    }
    return key;
  });
}

function around(random: (below: number) => number, first: bigint, last: bigint, max: bigint): bigint {
  const kind = random(8);
  if (kind === 0) return first;
  if (kind === 1) return last;
  if (kind === 2) return first > 0n ? first - 1n : first;
  if (kind === 3) return last < max ? last + 1n : last;
  const offset =
    (BigInt(random(2 ** 32)) << 96n) |
    (BigInt(random(2 ** 32)) << 64n) |
    (BigInt(random(2 ** 32)) << 32n) |
    BigInt(random(2 ** 32));
  return kind === 4 ? offset & max : first + (offset % (last - first + 1n));
}

/** Entries whose boxes hold the key, ascending, each once. */
export function scan(boxes: readonly Box[], family: 4 | 6, key: Key): { readonly entry: number; readonly checked: boolean }[] {
  const address = (side: number) => (family === 4 ? key[2 * side]! : (key[2 * side]! << 64n) | key[2 * side + 1]!);
  const [src, dst] = [address(0), address(1)];
  const found = new Map<number, boolean>();
  for (const box of boxes) {
    if (src < box.src.first || src > box.src.last || dst < box.dst.first || dst > box.dst.last) continue;
    if (box.scalars.some(({ first, last }, scalar) => key[4 + scalar]! < first || key[4 + scalar]! > last)) continue;
    if ((Number(key[4 + box.scalars.length]) & box.mask) !== box.value) continue;
    found.set(box.entry, box.checked);
  }
  return [...found].map(([entry, checked]) => ({ entry, checked })).toSorted((a, b) => a.entry - b.entry);
}
