/** All rules of a program as the sets of boxes that trees are built from, and the checks that their boxes leave. */
import type { Expression, NumberRange, Program, Rule } from '../../2-resolve/program.ts';
import { type RuleKinds, ruleKinds } from '../rule-kinds.ts';
import type { BoxSet } from '../tree/box-set.ts';
import { alikeEnds, type BoxesMemo, copyBoxes, dimensionsKey, type KeptBoxes } from './boxes-again.ts';
import { boxSet, type Columns, makeRoom, newColumns } from './columns.ts';
import type { BehindAddresses, Dimensions } from './dimensions.ts';
import type { Prefix6 } from './ranges.ts';
import { appendLike, type Recipe, recipeOf } from './row-boxes.ts';
import {
  type AddressBoxes,
  ANY4,
  ANY6,
  type BoxProduct,
  createExpressionKey,
  type ExpressionKey,
  ruleBoxes,
  type ScalarBox,
} from './rule-boxes.ts';
import type { BitsTest } from './terms.ts';

/** `enum pktc_packet_kind` in templates/include/pktc/data.h, in its order. */
const KINDS = ['ipv4', 'ipv6', 'none', 'source4', 'source6'] as const;
type Kind = (typeof KINDS)[number];

function familyOf(kind: Kind): 4 | 6 {
  return kind === 'ipv6' || kind === 'source6' ? 6 : 4;
}

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

/** Boxes that are being made. */
interface Making {
  readonly program: Program;
  readonly dimensions: Dimensions;
  readonly kinds: RuleKinds;
  readonly columns: readonly Columns[];
  readonly checkOf: Uint16Array;
  readonly checks: { condition: Expression; rule: number }[];
  readonly known: Map<string, number>;
  readonly keyOf: ExpressionKey;
  /** By kind; undefined: none of it has been met, null: each of its rules is looked at. */
  readonly recipes: (Recipe | null | undefined)[];
  boxes: number;
}

/** @param memo boxes of the rules as they were before. null: more boxes than are kept, or more than 65,535 different checks. */
export function boxSetsOf(
  program: Program,
  dimensions: Dimensions,
  kinds = ruleKinds(program.rules),
  memo?: BoxesMemo,
): Boxes | null {
  const name = memo === undefined ? '' : dimensionsKey(dimensions);
  const before = memo?.kept?.dimensions === name ? memo.kept : null;
  const boxes = (before && boxesAgain(newMaking(program, dimensions, kinds), before)) ?? boxesAnew(program, dimensions, kinds);
  const listed = { rules: program.rules, runs: kinds.runs };
  if (memo) memo.kept = boxes === null ? null : { listed, dimensions: name, boxes };
  return boxes;
}

function boxesAnew(program: Program, dimensions: Dimensions, kinds: RuleKinds): Boxes | null {
  const making = newMaking(program, dimensions, kinds);
  return addRules(making, 0, program.rules.length) ? boxesOf(making) : null;
}

function newMaking(program: Program, dimensions: Dimensions, kinds: RuleKinds): Making {
  return {
    program,
    dimensions,
    kinds,
    columns: KINDS.flatMap((kind) => [newColumns(familyOf(kind), dimensions), newColumns(familyOf(kind), dimensions)]),
    checkOf: new Uint16Array(program.rules.length),
    checks: [],
    known: new Map(),
    keyOf: createExpressionKey(),
    recipes: kinds.kinds.map(({ count }) => (count === 1 ? null : undefined)),
    boxes: 0,
  };
}

function boxesOf({ columns, checkOf, checks }: Making): Boxes {
  return { sets: columns.map((one, number) => boxSet(one, number % 2 === 1)), checkOf, checks };
}

/** Where more than this part of the rules is new, all are looked at. */
const NEW_MAX = 1 / 4;

/** null: too much is new; or there are checks, whose numbers depend on the rules ahead. */
function boxesAgain(making: Making, { listed, boxes }: KeptBoxes): Boxes | null {
  const { columns, kinds, program } = making;
  const { rules } = program;
  if (boxes.checks.length > 0) return null;
  const { ahead, behind } = alikeEnds(listed, { rules, runs: kinds.runs });
  const end = rules.length - behind;
  if (end - ahead > NEW_MAX * rules.length) return null;
  const before = listed.rules.length;
  copyBoxes(boxes.sets, columns, 0, ahead, 0);
  if (!addRules(making, ahead, end) || making.checks.length > 0) return null;
  copyBoxes(boxes.sets, columns, before - behind, before, rules.length - before);
  return columns.reduce((sum, { count }) => sum + count, 0) > BOXES_MAX ? null : boxesOf(making);
}

/** Appends the boxes of rules `[from, end)`; false: there are too many, or too many checks. */
function addRules(making: Making, from: number, end: number): boolean {
  const { program, dimensions, kinds, columns, checkOf, recipes } = making;
  for (let index = from; index < end; index++) {
    const rule = program.rules[index] as Rule;
    const kind = kinds.of[index] as number;
    const recipe = recipes[kind];
    if (recipe) {
      making.boxes += appendLike(recipe, rule, index);
      checkOf[index] = recipe.check;
      if (making.boxes > BOXES_MAX) return false;
      continue;
    }
    const starts = recipe === undefined ? columns.map(({ count }) => count) : [];
    const check = addRule(making, rule, index);
    if (check === undefined || making.boxes > BOXES_MAX) return false;
    if (recipe === undefined) recipes[kind] = recipeOf(rule, columns, starts, check, checkOf[index] as number, dimensions);
  }
  return true;
}

/** What its boxes leave to be asked; null: nothing, undefined: one check too many. */
function addRule(making: Making, rule: Rule, index: number): Expression | null | undefined {
  const { dimensions, columns, checkOf, checks, known, keyOf } = making;
  const { products, check } = ruleBoxes(rule.condition, dimensions, keyOf);
  if (check !== null) {
    const key = keyOf(check);
    const number = known.get(key) ?? checks.push({ condition: check, rule: index });
    if (number > 0xffff) return undefined;
    known.set(key, number);
    checkOf[index] = number;
  }
  const silent = rule.actions.verdict === null ? 1 : 0;
  for (const product of products) {
    for (const [number, name] of KINDS.entries()) {
      const set = columns[2 * number + silent];
      const sides = set === undefined ? null : sidesFor(name, product, dimensions);
      if (set === undefined || sides === null) continue;
      const held = isCut(name, dimensions) ? withoutTransport(product, dimensions.behind) : product;
      if (held !== null) making.boxes += appendProduct(set, index, sides, held, check !== null);
    }
  }
  return check;
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

/** Whether such packets lack an address that rules ask for: then they have nothing of what is behind the addresses. */
function isCut(kind: Kind, { src, dst }: Dimensions): boolean {
  return kind === 'source4' || kind === 'source6' || (kind === 'none' && (src || dst));
}

/** Of a product's boxes those for packets that have nothing behind their addresses; null: none. */
function withoutTransport({ scalars, bits, ...sides }: BoxProduct, behind: BehindAddresses): BoxProduct | null {
  const canHold = ({ value }: BitsTest) => (value & behind.bits) === 0;
  const tests = bits?.filter(canHold) ?? null;
  const lists = [...scalars];
  for (const at of behind.scalars) lists[at] = lists[at]?.filter((box) => box.first === 0 && canHold(box));
  return tests?.length === 0 || lists.some((list) => list?.length === 0) ? null : { ...sides, scalars: lists, bits: tests };
}

const ANY_BITS: NonNullable<BoxProduct['bits']> = [{ mask: 0, value: 0 }];

/** Returns how many boxes it was. */
function appendProduct(to: Columns, entry: number, sides: Sides, { scalars, bits }: BoxProduct, checked: boolean): number {
  const { shape } = to.dimensions;
  const lists = shape.scalars.map(({ max }, index) => scalars[index] ?? [{ first: 0, last: max, mask: 0, value: 0 }]);
  const tests = bits ?? ANY_BITS;
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
          if (shape.bits !== null) {
            to.bitsMask[to.count] = mask;
            to.bitsValue[to.count] = value;
          }
          putScalars(to, lists, pick);
        }
      }
    }
  }
  return to.count - first;
}

/** One range of each list, and what it says of the bits: the last list's change fastest. */
function putScalars(to: Columns, lists: readonly (readonly ScalarBox[])[], pick: number): void {
  let rest = pick;
  for (let scalar = lists.length - 1; scalar >= 0; scalar--) {
    const list = lists[scalar] as readonly ScalarBox[];
    const { first, last, mask, value } = list[rest % list.length] as ScalarBox;
    rest = Math.floor(rest / list.length);
    const column = to.scalars[scalar] as Uint16Array;
    column[2 * to.count] = first;
    column[2 * to.count + 1] = last;
    if (mask === 0) continue;
    to.bitsMask[to.count] = (to.bitsMask[to.count] as number) | mask;
    to.bitsValue[to.count] = (to.bitsValue[to.count] as number) | value;
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
