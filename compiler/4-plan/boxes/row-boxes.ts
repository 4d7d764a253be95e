/**
 * Boxes of rules of one kind: where the first one's literals have become ranges of its boxes as they are, those of the others do so, too,
 * and nobody has to look at their conditions.
 */
import { type OpenPredicate, rangesOf } from '../../2-resolve/open-predicate.ts';
import type { Expression, NumberRange, Rule } from '../../2-resolve/program.ts';
import { rowOf } from '../../2-resolve/row-rule.ts';
import { predicatesOf } from '../long-lists.ts';
import { type RuleKinds, valuesAt } from '../rule-kinds.ts';
import type { Dimensions } from './dimensions.ts';
import type { Prefix6 } from './ranges.ts';
import { type AddressBoxes, type BoxProduct, type ExpressionKey, type RuleBoxes, ruleBoxes } from './rule-boxes.ts';

/** Ranges of one predicate's literals, as a box has them. */
type Literals =
  | { readonly kind: 'address'; readonly v4: readonly NumberRange[]; readonly v6: readonly Prefix6[] }
  | { readonly kind: 'scalar'; readonly ranges: readonly NumberRange[] };

interface OpenDimension {
  readonly open: OpenPredicate;
  /** A place in the shape, or a side. */
  readonly scalar: number | 'src' | 'dst';
  readonly max: number;
}

/** The boxes of the first rule, and which of their lists are literals: an index of `open`, -1 for none. */
interface Recipe {
  readonly open: readonly OpenDimension[];
  readonly product: BoxProduct;
  readonly src: number;
  readonly dst: number;
  readonly scalars: readonly number[];
  readonly check: Expression | null;
}

/** A function that gives what `ruleBoxes` gives for a rule. */
export function createBoxesOf(
  { kinds, of }: RuleKinds,
  dimensions: Dimensions,
  keyOf: ExpressionKey,
): (rule: Rule, index: number) => RuleBoxes {
  const recipes: (Recipe | null | undefined)[] = kinds.map(({ template, count }) =>
    template === null || count === 1 ? null : undefined,
  );
  return (rule, index) => {
    const kind = of[index] as number;
    let recipe = recipes[kind];
    if (recipe === undefined) {
      recipe = recipeOf(rule, dimensions, keyOf);
      recipes[kind] = recipe;
    }
    return (recipe && fromRecipe(recipe, rule)) ?? ruleBoxes(rule.condition, dimensions, keyOf);
  };
}

function recipeOf(rule: Rule, dimensions: Dimensions, keyOf: ExpressionKey): Recipe | null {
  const place = rowOf(rule);
  if (place === null) return null;
  const open = place.template.open.map((one) => dimensionFor(one, dimensions));
  if (open.some((one) => one === null)) return null;
  const known = open.filter((one) => one !== null);
  // What else is asked of the same field might keep the literals of one rule and not those of the next.
  const asked = predicatesOf(rule.condition);
  if (known.some((one) => asked.filter(({ field }) => field === one.open.field).length !== 1)) return null;
  const literals = literalsOf(known, rule);
  const { products, check } = ruleBoxes(rule.condition, dimensions, keyOf);
  const [product, more] = products;
  if (literals === null || product === undefined || more !== undefined || !isAlike(check)) return null;
  const placeOf = (scalar: OpenDimension['scalar']) => known.findIndex((one) => one.scalar === scalar);
  const [src, dst] = [placeOf('src'), placeOf('dst')];
  const scalars = dimensions.shape.scalars.map((_, scalar) => placeOf(scalar));
  const recipe: Recipe = { open: known, product, src, dst, scalars, check };
  return isSame(product, withLiterals(recipe, literals)) ? recipe : null;
}

function dimensionFor(open: OpenPredicate, { scalars, shape }: Dimensions): OpenDimension | null {
  if (open.way !== 'is') return null;
  if (open.kind === 'address') {
    if (open.field !== 'src' && open.field !== 'dst') return null;
    if (open.holes.length > 1 && open.holes.some(({ kind }) => kind === 'ip6')) return null;
    return { open, scalar: open.field, max: 0 };
  }
  const scalar = scalars.get(open.field);
  return scalar === undefined ? null : { open, scalar, max: shape.scalars[scalar]?.max ?? 0 };
}

/** Whether a check says the same for each rule of a kind: it asks which fields are there, never for values. */
function isAlike(check: Expression | null): boolean {
  if (check === null || check.kind === 'present') return true;
  return check.kind === 'and' && check.of.every(isAlike);
}

/** null: the values are not all such that a box says what the rule says. */
function fromRecipe(recipe: Recipe, rule: Rule): RuleBoxes | null {
  const literals = literalsOf(recipe.open, rule);
  return literals && { products: [withLiterals(recipe, literals)], check: recipe.check };
}

function literalsOf(open: readonly OpenDimension[], rule: Rule): readonly Literals[] | null {
  const place = rowOf(rule);
  if (place === null) return null;
  const { values } = place.table.rows;
  const at = valuesAt(place);
  const literals: Literals[] = [];
  for (const one of open) {
    const found = one.open.kind === 'address' ? addressLiterals(one.open, values, at) : scalarLiterals(one, values, at);
    if (found === null) return null;
    literals.push(found);
  }
  return literals;
}

const NONE: readonly never[] = [];

function addressLiterals(open: OpenPredicate, values: Float64Array, at: number): Literals {
  const [hole] = open.holes;
  if (hole?.kind !== 'ip6') return { kind: 'address', v4: rangesOf(open, values, at).v4, v6: NONE };
  const from = at + hole.value;
  const words = [
    values[from] as number,
    values[from + 1] as number,
    values[from + 2] as number,
    values[from + 3] as number,
  ] as const;
  return { kind: 'address', v4: NONE, v6: [{ words, length: values[from + 4] as number }] };
}

function scalarLiterals({ open, max }: OpenDimension, values: Float64Array, at: number): Literals | null {
  const { numbers } = rangesOf(open, values, at);
  for (const [, last] of numbers) if (last > max) return null;
  return { kind: 'scalar', ranges: numbers };
}

function withLiterals({ product, src, dst, scalars }: Recipe, literals: readonly Literals[]): BoxProduct {
  const list: (readonly NumberRange[] | undefined)[] = [];
  for (let scalar = 0; scalar < scalars.length; scalar++) {
    const one = literals[scalars[scalar] as number];
    list.push(one?.kind === 'scalar' ? one.ranges : product.scalars[scalar]);
  }
  return { ...product, src: sideOf(product.src, literals[src]), dst: sideOf(product.dst, literals[dst]), scalars: list };
}

function sideOf(before: AddressBoxes, literals: Literals | undefined): AddressBoxes {
  return literals?.kind === 'address' ? { v4: literals.v4, v6: literals.v6, absent: before.absent } : before;
}

function isSame(one: BoxProduct, other: BoxProduct): boolean {
  const text = ({ src, dst, scalars, ...rest }: BoxProduct) =>
    JSON.stringify([src, dst, Array.from(scalars, (list) => list ?? null), rest]);
  const length = Math.max(one.scalars.length, other.scalars.length);
  const filled = (product: BoxProduct): BoxProduct => ({
    ...product,
    scalars: Array.from({ length }, (_, at) => product.scalars[at]),
  });
  return text(filled(one)) === text(filled(other));
}
