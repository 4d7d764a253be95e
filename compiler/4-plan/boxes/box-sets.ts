/** All rules of a program as the sets of boxes that trees are built from, and the checks that their boxes leave. */
import type { Expression, NumberRange, Program, Rule } from '../../2-resolve/program.ts';
import { ruleKinds } from '../rule-kinds.ts';
import type { BoxSet } from '../tree/box-set.ts';
import type { Dimensions } from './dimensions.ts';
import type { Prefix6 } from './ranges.ts';
import { createBoxesOf } from './row-boxes.ts';
import { type AddressBoxes, ANY4, ANY6, type BoxProduct, createExpressionKey } from './rule-boxes.ts';

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
export function boxSetsOf(program: Program, dimensions: Dimensions, kinds = ruleKinds(program.rules)): Boxes | null {
  const columns = KINDS.flatMap((kind) => [newColumns(kind, dimensions), newColumns(kind, dimensions)]);
  const checkOf = new Uint16Array(program.rules.length);
  const checks: { condition: Expression; rule: number }[] = [];
  const known = new Map<string, number>();
  const keyOf = createExpressionKey();
  const boxesOf = createBoxesOf(kinds, dimensions, keyOf);
  /** Rules of one kind share the check itself. */
  const shared = new Map<Expression, number>();
  let boxes = 0;
  for (let index = 0; index < program.rules.length; index++) {
    const rule = program.rules[index] as Rule;
    const { products, check } = boxesOf(rule, index);
    if (check !== null) {
      let number = shared.get(check);
      if (number === undefined) {
        const key = keyOf(check);
        number = known.get(key) ?? checks.push({ condition: check, rule: index });
        known.set(key, number);
        shared.set(check, number);
      }
      if (number > 0xffff) return null;
      checkOf[index] = number;
    }
    const silent = rule.actions.verdict === null ? 1 : 0;
    for (const product of products) {
      for (let kind = 0; kind < KINDS.length; kind++) {
        const name = KINDS[kind] as Kind;
        const set = columns[2 * kind + silent];
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

/** Columns of a set while it grows: room for more boxes than there are. */
interface Columns {
  readonly family: 4 | 6;
  readonly dimensions: Dimensions;
  count: number;
  entry: Uint32Array;
  src: Uint32Array;
  dst: Uint32Array;
  srcLength: Uint8Array;
  dstLength: Uint8Array;
  scalars: Uint16Array[];
  bitsMask: Uint16Array;
  bitsValue: Uint16Array;
  checked: Uint8Array;
}

function newColumns(kind: Kind, dimensions: Dimensions): Columns {
  return {
    family: kind === 'ipv6' || kind === 'source6' ? 6 : 4,
    dimensions,
    count: 0,
    entry: new Uint32Array(),
    src: new Uint32Array(),
    dst: new Uint32Array(),
    srcLength: new Uint8Array(),
    dstLength: new Uint8Array(),
    scalars: dimensions.shape.scalars.map(() => new Uint16Array()),
    bitsMask: new Uint16Array(),
    bitsValue: new Uint16Array(),
    checked: new Uint8Array(),
  };
}

const ROOM_MIN = 256;

function makeRoom(to: Columns, more: number): void {
  const need = to.count + more;
  if (need > to.entry.length) resize(to, Math.max(ROOM_MIN, need, 2 * to.entry.length));
}

function resize(to: Columns, room: number): void {
  const words = to.family === 4 ? 2 : 4;
  to.entry = resized(to.entry, new Uint32Array(room));
  to.src = resized(to.src, new Uint32Array(words * room));
  to.dst = resized(to.dst, new Uint32Array(words * room));
  if (to.family === 6) {
    to.srcLength = resized(to.srcLength, new Uint8Array(room));
    to.dstLength = resized(to.dstLength, new Uint8Array(room));
  }
  to.scalars = to.scalars.map((column) => resized(column, new Uint16Array(2 * room)));
  if (to.dimensions.shape.bits !== null) {
    to.bitsMask = resized(to.bitsMask, new Uint16Array(room));
    to.bitsValue = resized(to.bitsValue, new Uint16Array(room));
  }
  to.checked = resized(to.checked, new Uint8Array(room));
}

function resized<A extends Uint32Array | Uint16Array | Uint8Array>(column: A, into: A): A {
  into.set(column.length > into.length ? column.subarray(0, into.length) : column);
  return into;
}

const ANY_BITS: NonNullable<BoxProduct['bits']> = [{ mask: 0, value: 0 }];

/** Returns how many boxes it was. */
function appendProduct(to: Columns, entry: number, sides: Sides, { scalars, bits }: BoxProduct, checked: boolean): number {
  const { shape } = to.dimensions;
  const lists = shape.scalars.map((scalar, index) => scalars[index] ?? [[0, scalar.max] as const]);
  const tests = shape.bits === null ? ANY_BITS : (bits ?? ANY_BITS);
  const values = lists.reduce((count, list) => count * list.length, 1);
  const count = sides.src.length * sides.dst.length * tests.length * values;
  makeRoom(to, count);
  const first = to.count;
  for (let from = 0; from < sides.src.length; from++) {
    for (let into = 0; into < sides.dst.length; into++) {
      for (const { mask, value } of tests) {
        for (let pick = 0; pick < values; pick++, to.count++) {
          to.entry[to.count] = entry;
          to.checked[to.count] = checked ? 1 : 0;
          if (sides.family === 4) putAddresses4(to, sides.src[from] as NumberRange, sides.dst[into] as NumberRange);
          else putAddresses6(to, sides.src[from] as Prefix6, sides.dst[into] as Prefix6);
          putScalars(to, lists, pick);
          if (shape.bits === null) continue;
          to.bitsMask[to.count] = mask;
          to.bitsValue[to.count] = value;
        }
      }
    }
  }
  return to.count - first;
}

/** One range of each list: the last list's change fastest. */
function putScalars(to: Columns, lists: readonly (readonly NumberRange[])[], pick: number): void {
  let rest = pick;
  for (let scalar = lists.length - 1; scalar >= 0; scalar--) {
    const list = lists[scalar] as readonly NumberRange[];
    const range = list[rest % list.length] as NumberRange;
    rest = Math.floor(rest / list.length);
    const column = to.scalars[scalar] as Uint16Array;
    column[2 * to.count] = range[0];
    column[2 * to.count + 1] = range[1];
  }
}

function putAddresses4(to: Columns, src: NumberRange, dst: NumberRange): void {
  const at = 2 * to.count;
  to.src[at] = src[0];
  to.src[at + 1] = src[1];
  to.dst[at] = dst[0];
  to.dst[at + 1] = dst[1];
}

function putAddresses6(to: Columns, src: Prefix6, dst: Prefix6): void {
  for (let word = 0; word < 4; word++) {
    to.src[4 * to.count + word] = src.words[word] as number;
    to.dst[4 * to.count + word] = dst.words[word] as number;
  }
  to.srcLength[to.count] = src.length;
  to.dstLength[to.count] = dst.length;
}

function boxSet(columns: Columns, each: boolean): BoxSet | null {
  if (columns.count === 0) return null;
  resize(columns, columns.count);
  const { family, count, entry, src, dst, srcLength, dstLength, scalars, bitsMask, bitsValue, checked } = columns;
  const mode = each ? 'each' : 'first';
  return { family, mode, count, entry, src, dst, srcLength, dstLength, scalars, bitsMask, bitsValue, checked };
}
