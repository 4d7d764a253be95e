/** All rules of a program as the sets of boxes that trees are built from, and the checks that their boxes leave. */
import type { Expression, NumberRange, Program } from '../../2-resolve/program.ts';
import type { BoxSet } from '../tree/box-set.ts';
import type { Dimensions } from './dimensions.ts';
import type { Prefix6 } from './ranges.ts';
import { type AddressBoxes, ANY4, ANY6, type BoxProduct, createExpressionKey, ruleBoxes } from './rule-boxes.ts';

/** `enum pktc_packet_kind` in templates/include/pktc/data.h, in its order. */
const KINDS = ['ipv4', 'ipv6', 'none', 'source4', 'source6'] as const;
type Kind = (typeof KINDS)[number];

/** Boxes of all sets together. */
const BOXES_MAX = 1 << 22;

export interface Boxes {
  /** By number: two a kind of packets, first the rules with a verdict, then those without; null: no rule is for them. */
  readonly sets: readonly (BoxSet | null)[];
  /** A rule each: 1 + its place in `checks`; 0: none. */
  readonly checkOf: Uint16Array;
  /** Different conditions that boxes leave, and the first rule that has each. */
  readonly checks: readonly { readonly condition: Expression; readonly rule: number }[];
}

/** null: more boxes than are kept, or more than 65,535 different checks. */
export function boxSetsOf(program: Program, dimensions: Dimensions): Boxes | null {
  const columns = KINDS.flatMap((kind) => [newColumns(kind, dimensions), newColumns(kind, dimensions)]);
  const checkOf = new Uint16Array(program.rules.length);
  const checks: { condition: Expression; rule: number }[] = [];
  const known = new Map<string, number>();
  const keyOf = createExpressionKey();
  let boxes = 0;
  for (const { index, condition, actions } of program.rules) {
    const { products, check } = ruleBoxes(condition, dimensions, keyOf);
    if (check !== null) {
      const key = keyOf(check);
      const number = known.get(key) ?? checks.push({ condition: check, rule: index });
      if (number > 0xffff) return null;
      known.set(key, number);
      checkOf[index] = number;
    }
    for (const product of products) {
      for (const [kind, name] of KINDS.entries()) {
        const set = columns[2 * kind + (actions.verdict === null ? 1 : 0)];
        const sides = set === undefined ? null : sidesFor(name, product, dimensions);
        if (set === undefined || sides === null) continue;
        boxes += appendProduct(set, index, sides, product, check !== null);
      }
    }
    if (boxes > BOXES_MAX) return null;
  }
  return { sets: columns.map((one, number) => boxSet(one, number % 2 === 1)), checkOf, checks };
}

type Sides =
  | { readonly family: 4; readonly src: readonly NumberRange[]; readonly dst: readonly NumberRange[] }
  | { readonly family: 6; readonly src: readonly Prefix6[]; readonly dst: readonly Prefix6[] };

/** The addresses that packets of this kind can have; null: the product is for none of them. */
function sidesFor(kind: Kind, { src, dst }: BoxProduct, uses: Dimensions): Sides | null {
  const absent = (side: AddressBoxes, used: boolean) => !used || side.absent;
  switch (kind) {
    case 'ipv4':
      return uses.src || uses.dst ? { family: 4, src: src.v4, dst: dst.v4 } : null;
    case 'ipv6':
      return uses.src || uses.dst ? { family: 6, src: src.v6, dst: dst.v6 } : null;
    case 'none':
      return absent(src, uses.src) && absent(dst, uses.dst) ? { family: 4, src: ANY4, dst: ANY4 } : null;
    case 'source4':
      return uses.src && uses.dst && dst.absent ? { family: 4, src: src.v4, dst: ANY4 } : null;
    case 'source6':
      return uses.src && uses.dst && dst.absent ? { family: 6, src: src.v6, dst: ANY6 } : null;
  }
}

interface Columns {
  readonly family: 4 | 6;
  readonly dimensions: Dimensions;
  readonly entry: number[];
  readonly src: number[];
  readonly dst: number[];
  readonly srcLength: number[];
  readonly dstLength: number[];
  readonly scalars: readonly number[][];
  readonly bitsMask: number[];
  readonly bitsValue: number[];
  readonly checked: number[];
}

function newColumns(kind: Kind, dimensions: Dimensions): Columns {
  return {
    family: kind === 'ipv6' || kind === 'source6' ? 6 : 4,
    dimensions,
    entry: [],
    src: [],
    dst: [],
    srcLength: [],
    dstLength: [],
    scalars: dimensions.shape.scalars.map(() => []),
    bitsMask: [],
    bitsValue: [],
    checked: [],
  };
}

/** Returns how many boxes it was. */
function appendProduct(to: Columns, entry: number, sides: Sides, { scalars, bits }: BoxProduct, checked: boolean): number {
  const before = to.entry.length;
  const { shape } = to.dimensions;
  const lists = shape.scalars.map(({ max }, index) => scalars[index] ?? [{ first: 0, last: max, mask: 0, value: 0 }]);
  const appendScalars = (at: number, mask: number, value: number): void => {
    const list = lists[at];
    if (list === undefined) {
      to.entry.push(entry);
      to.checked.push(checked ? 1 : 0);
      if (shape.bits === null) return;
      to.bitsMask.push(mask);
      to.bitsValue.push(value);
      return;
    }
    for (const range of list) {
      const start = to.entry.length;
      appendScalars(at + 1, mask | range.mask, value | range.value);
      for (let box = start; box < to.entry.length; box++) to.scalars[at]?.push(range.first, range.last);
    }
  };
  const appendRest = (): void => {
    for (const { mask, value } of bits ?? [{ mask: 0, value: 0 }]) appendScalars(0, mask, value);
  };
  if (sides.family === 4) appendAddresses4(to, sides, appendRest);
  else appendAddresses6(to, sides, appendRest);
  return to.entry.length - before;
}

function appendAddresses4(to: Columns, { src, dst }: Extract<Sides, { family: 4 }>, appendRest: () => void): void {
  for (const from of src) {
    for (const into of dst) {
      const start = to.entry.length;
      appendRest();
      for (let box = start; box < to.entry.length; box++) {
        to.src.push(from[0], from[1]);
        to.dst.push(into[0], into[1]);
      }
    }
  }
}

function appendAddresses6(to: Columns, { src, dst }: Extract<Sides, { family: 6 }>, appendRest: () => void): void {
  for (const from of src) {
    for (const into of dst) {
      const start = to.entry.length;
      appendRest();
      for (let box = start; box < to.entry.length; box++) {
        to.src.push(...from.words);
        to.dst.push(...into.words);
        to.srcLength.push(from.length);
        to.dstLength.push(into.length);
      }
    }
  }
}

function boxSet(columns: Columns, each: boolean): BoxSet | null {
  const count = columns.entry.length;
  if (count === 0) return null;
  return {
    family: columns.family,
    mode: each ? 'each' : 'first',
    count,
    entry: new Uint32Array(columns.entry),
    src: new Uint32Array(columns.src),
    dst: new Uint32Array(columns.dst),
    srcLength: new Uint8Array(columns.srcLength),
    dstLength: new Uint8Array(columns.dstLength),
    scalars: columns.scalars.map((values) => new Uint16Array(values)),
    bitsMask: new Uint16Array(columns.bitsMask),
    bitsValue: new Uint16Array(columns.bitsValue),
    checked: new Uint8Array(columns.checked),
  };
}
