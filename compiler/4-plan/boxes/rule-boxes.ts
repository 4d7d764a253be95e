/** One rule as boxes, and as what has to be asked of a packet in them. */
import type { BigRange, Expression, NumberRange } from '../../2-resolve/program.ts';
import type { Dimensions } from './dimensions.ts';
import { ANY_PREFIX6, type Prefix6, prefixes6 } from './ranges.ts';
import { type AddressAccept, type BitsTest, type ScalarAccept, type Term, termsOf } from './terms.ts';

/** Boxes of one term; where there would be more, its longest list becomes a check. */
const BOXES_MAX = 64;

const V4_MAX = 2 ** 32 - 1;

export const ANY4: readonly NumberRange[] = [[0, V4_MAX]];
export const ANY6: readonly Prefix6[] = [ANY_PREFIX6];

export interface AddressBoxes {
  readonly v4: readonly NumberRange[];
  readonly v6: readonly Prefix6[];
  readonly absent: boolean;
}

/** A range of a scalar, and what the bits have to say of whether its field is there. */
export interface ScalarBox extends BitsTest {
  readonly first: number;
  readonly last: number;
}

/** All boxes with one range of each list: their product. */
export interface BoxProduct {
  readonly src: AddressBoxes;
  readonly dst: AddressBoxes;
  /** By place in the shape; undefined: any. */
  readonly scalars: readonly (readonly ScalarBox[] | undefined)[];
  /** null: any. */
  readonly bits: readonly BitsTest[] | null;
}

export interface RuleBoxes {
  readonly products: readonly BoxProduct[];
  /** null: the rule holds for every packet in one of the boxes. */
  readonly check: Expression | null;
}

interface TermBoxes {
  readonly product: BoxProduct;
  readonly rest: readonly Expression[];
}

const ANY_ADDRESS: AddressBoxes = { v4: ANY4, v6: ANY6, absent: true };
const EVERYWHERE: BoxProduct = { src: ANY_ADDRESS, dst: ANY_ADDRESS, scalars: [], bits: null };

export function ruleBoxes(condition: Expression, dimensions: Dimensions, keyOf: ExpressionKey): RuleBoxes {
  const terms = termsOf(condition, dimensions);
  if (terms === null) return { products: [EVERYWHERE], check: condition };
  const boxes = terms.flatMap((term) => termBoxes(term, dimensions) ?? []);
  const products = boxes.map(({ product }) => product);
  const [first] = boxes;
  if (first === undefined || boxes.every(({ rest }) => rest.length === 0)) return { products, check: null };
  if (boxes.length === 1) return { products, check: allOf(first.rest) };
  const key = keyOf(allOf(first.rest));
  const alike = boxes.every(({ rest }) => keyOf(allOf(rest)) === key);
  return { products, check: alike ? allOf(first.rest) : condition };
}

/** Lists of so many ranges are told apart by which they are: rules that name one list have the same. */
const LONG_LIST = 16;

export type ExpressionKey = (expression: Expression) => string;

/** A function that gives the same for expressions that differ in their places in the text alone. */
export function createExpressionKey(): ExpressionKey {
  const lists = new Map<readonly unknown[], number>();
  const numberOf = (list: readonly unknown[]): number => {
    const number = lists.get(list) ?? lists.size;
    lists.set(list, number);
    return number;
  };
  return (expression) =>
    JSON.stringify(expression, (key, value: unknown) => {
      if (key === 'span') return undefined;
      if (Array.isArray(value) && value.length > LONG_LIST && key !== 'of') return `list ${numberOf(value)}`;
      return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
    });
}

function allOf(of: readonly Expression[]): Expression {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'and', of };
}

/** null: no packet is in the term. */
function termBoxes(term: Term, dimensions: Dimensions): TermBoxes | null {
  const rest = [...term.rest];
  const src = addressBoxes(term.src, rest);
  const dst = addressBoxes(term.dst, rest);
  const scalars = scalarBoxes(term.scalars, dimensions);
  const { bits } = term;
  const product = { src, dst, scalars, bits };
  if (scalars.some((boxes) => boxes?.length === 0) || bits?.length === 0) return null;
  return { product: bounded(product, term, rest), rest };
}

function addressBoxes(accept: AddressAccept | null, rest: Expression[]): AddressBoxes {
  if (accept === null) return ANY_ADDRESS;
  const v6 = accept.v6 === null ? ANY6 : prefixes6(accept.v6, BOXES_MAX);
  const v4 = accept.v4 ?? ANY4;
  if (v6 !== null) return { v4, v6, absent: accept.absent };
  rest.push(...accept.from);
  return { v4, v6: [hull6(accept.v6 ?? [])], absent: accept.absent };
}

function scalarBoxes(accepts: Term['scalars'], { shape, presence }: Dimensions): BoxProduct['scalars'] {
  const scalars: (readonly ScalarBox[] | undefined)[] = [];
  accepts.forEach((accept, index) => {
    if (accept !== undefined) scalars[index] = withPresence(accept, presence.get(shape.scalars[index]?.field ?? '') ?? 0);
  });
  return scalars;
}

/** An absent field has the value 0 in the key, and `bit` is clear. With any other value it is set, and saying so makes boxes more alike. */
function withPresence({ ranges, absent }: ScalarAccept, bit: number): readonly ScalarBox[] {
  const boxes = ranges.map(([first, last]): ScalarBox => {
    const there = first > 0 || !absent ? bit : 0;
    return { first, last, mask: there, value: there };
  });
  const known = bit === 0 || !absent || ranges[0]?.[0] === 0;
  return known ? boxes : [{ first: 0, last: 0, mask: bit, value: 0 }, ...boxes];
}

/** While there are too many boxes, the longest list is made one range, and its condition a check. */
function bounded(product: BoxProduct, term: Term, rest: Expression[]): BoxProduct {
  let [now, count] = [product, boxCount(product)];
  while (count > BOXES_MAX) {
    now = withoutLongest(now, term, rest);
    count = boxCount(now);
  }
  return now;
}

function boxCount({ src, dst, scalars, bits }: BoxProduct): number {
  const others = scalars.reduce((count, ranges) => count * (ranges?.length ?? 1), bits?.length ?? 1);
  return others * Math.max(1, src.v4.length * dst.v4.length, src.v6.length * dst.v6.length);
}

function withoutLongest(product: BoxProduct, term: Term, rest: Expression[]): BoxProduct {
  const lengths = product.scalars.map((ranges) => ranges?.length ?? 1);
  const addressLength = ({ v4, v6 }: AddressBoxes) => Math.max(v4.length, v6.length);
  const scalar = lengths.indexOf(Math.max(0, ...lengths.filter((length) => length > 0)));
  const longest = Math.max(lengths[scalar] ?? 0, addressLength(product.src), addressLength(product.dst));
  for (const side of ['src', 'dst'] as const) {
    if (addressLength(product[side]) < longest) continue;
    rest.push(...(term[side]?.from ?? []));
    const { v4, v6, absent } = product[side];
    return { ...product, [side]: { v4: v4.length > 1 ? [hull(v4)] : v4, v6: v6.length > 1 ? [hullPrefix(v6)] : v6, absent } };
  }
  rest.push(...(term.scalars[scalar]?.from ?? []));
  const scalars = [...product.scalars];
  scalars[scalar] = [scalarHull(scalars[scalar] ?? [])];
  return { ...product, scalars };
}

function scalarHull(boxes: readonly ScalarBox[]): ScalarBox {
  const value = boxes[0]?.value ?? 0;
  const mask = boxes.reduce((common, box) => common & box.mask & ~(box.value ^ value), boxes[0]?.mask ?? 0);
  return { first: boxes[0]?.first ?? 0, last: boxes.at(-1)?.last ?? 0, mask, value: value & mask };
}

function hull(ranges: readonly NumberRange[]): NumberRange {
  return [ranges[0]?.[0] ?? 0, ranges.at(-1)?.[1] ?? 0];
}

function hull6(ranges: readonly BigRange[]): Prefix6 {
  const first =
    prefixes6(
      ranges.slice(0, 1).map(([address]): BigRange => [address, address]),
      1,
    ) ?? [];
  const last =
    prefixes6(
      ranges.slice(-1).map(([, address]): BigRange => [address, address]),
      1,
    ) ?? [];
  return hullPrefix([...first, ...last]);
}

/** The longest prefix that has them all. */
function hullPrefix(prefixes: readonly Prefix6[]): Prefix6 {
  const [first, last] = [prefixes[0] ?? ANY_PREFIX6, prefixes.at(-1) ?? ANY_PREFIX6];
  let length = Math.min(first.length, last.length);
  const words = [0, 0, 0, 0] as [number, number, number, number];
  for (let word = 0; word < 4; word++) {
    const [a, b] = [first.words[word] ?? 0, last.words[word] ?? 0];
    if (a !== b) length = Math.min(length, 32 * word + Math.clz32(a ^ b));
  }
  for (let word = 0; word < 4; word++) {
    const kept = Math.max(0, Math.min(32, length - 32 * word));
    words[word] = kept === 0 ? 0 : ((first.words[word] ?? 0) & (0xffffffff << (32 - kept))) >>> 0;
  }
  return { words, length };
}
