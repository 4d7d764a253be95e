/**
 * Boxes of rules of one kind: where the literals of one have become bounds of its boxes as they are, those of the others do so, too. Their
 * boxes are copies with other bounds, and nobody looks at their conditions.
 */
import { type OpenPredicate, rangesOf } from '../../2-resolve/open-predicate.ts';
import type { Expression, NumberRange, Rule } from '../../2-resolve/program.ts';
import { rowOf } from '../../2-resolve/row-rule.ts';
import type { TemplateNode } from '../../2-resolve/rule-template.ts';
import { predicatesOf } from '../long-lists.ts';
import { valuesAt } from '../rule-kinds.ts';
import { type Columns, copyBox } from './columns.ts';
import type { Dimensions } from './dimensions.ts';

/** A predicate with literals, and the bounds of a box that they become: a place in the shape, or a side. */
interface OpenBounds {
  readonly open: OpenPredicate;
  readonly at: number | 'src' | 'dst';
}

/** Boxes of the rule that the others are copied from, in one set. */
interface Block {
  readonly columns: Columns;
  readonly from: number;
  readonly count: number;
  /** Which range of its literals a box has: by box, then by predicate. */
  readonly picks: Uint8Array;
}

export interface Recipe {
  readonly open: readonly OpenBounds[];
  readonly blocks: readonly Block[];
  /** Of all rules of the kind. */
  readonly check: number;
}

/**
 * @param starts how many boxes each set had before those of the rule
 * @param left what its boxes leave to be asked; null: nothing
 * @returns null: literals decide about more than bounds
 */
export function recipeOf(
  rule: Rule,
  sets: readonly Columns[],
  starts: readonly number[],
  left: Expression | null,
  check: number,
  dimensions: Dimensions,
): Recipe | null {
  const place = rowOf(rule);
  if (place === null || !isConjunction(place.template.condition)) return null;
  const asked = predicatesOf(rule.condition);
  const rest = left === null ? [] : predicatesOf(left);
  const open: OpenBounds[] = [];
  for (const one of place.template.open) {
    const at = boundsOf(one, dimensions);
    // What else is asked of the field might keep the literals of one rule, and not those of the next.
    const alone = asked.filter(({ field }) => field === one.field).length === 1;
    if (at === null || !alone || rest.some(({ field }) => field === one.field)) return null;
    open.push({ open: one, at });
  }
  const literals = literalsOf(open, rule);
  const blocks: Block[] = [];
  for (const [number, columns] of sets.entries()) {
    const from = starts[number] ?? 0;
    const count = columns.count - from;
    if (literals === null || count === 0) continue;
    const picks = new Uint8Array(count * open.length);
    for (let box = 0; box < count; box++) {
      for (const [index, { at }] of open.entries()) {
        const pick = pickOf(literals, index, columns, at, from + box);
        if (pick < 0) return null;
        picks[box * open.length + index] = pick;
      }
    }
    blocks.push({ columns, from, count, picks });
  }
  return literals && { open, blocks, check };
}

function isConjunction(node: TemplateNode): boolean {
  if (node.kind === 'and') return node.of.every(isConjunction);
  return node.kind === 'open' || node.kind === 'fixed';
}

function boundsOf(open: OpenPredicate, { scalars }: Dimensions): OpenBounds['at'] | null {
  if (open.way !== 'is') return null;
  if (open.kind === 'in') return scalars.get(open.field) ?? null;
  if (open.field !== 'src' && open.field !== 'dst') return null;
  return open.holes.length > 1 && open.holes.some(({ kind }) => kind === 'ip6') ? null : open.field;
}

interface Literals {
  readonly values: Float64Array;
  readonly at: number;
  /** By predicate; null: its only literal is read where it stands. */
  readonly lists: readonly (readonly NumberRange[] | null)[];
  readonly open: readonly OpenBounds[];
}

function literalsOf(open: readonly OpenBounds[], rule: Rule): Literals | null {
  const place = rowOf(rule);
  if (place === null) return null;
  const { values } = place.table.rows;
  const at = valuesAt(place);
  return { values, at, lists: open.map((one) => listOf(one.open, values, at)), open };
}

function listOf(open: OpenPredicate, values: Float64Array, at: number): readonly NumberRange[] | null {
  if (open.holes.length === 1) return null;
  const { v4, numbers } = rangesOf(open, values, at);
  return open.kind === 'in' ? numbers : v4;
}

/** Number of the range that a box has; -1: it has other bounds. */
function pickOf(
  { values, at, lists, open }: Literals,
  index: number,
  columns: Columns,
  bounds: OpenBounds['at'],
  box: number,
): number {
  const hole = open[index]?.open.holes[0];
  if (hole === undefined) return -1;
  const start = at + hole.value;
  if (hole.kind === 'ip6') {
    if (columns.family !== 6 || typeof bounds === 'number') return -1;
    const words = columns[bounds];
    for (let word = 0; word < 4; word++) if (words[4 * box + word] !== values[start + word]) return -1;
    return columns[bounds === 'src' ? 'srcLength' : 'dstLength'][box] === values[start + 4] ? 0 : -1;
  }
  if (typeof bounds === 'string' && columns.family !== 4) return -1;
  const pairs = typeof bounds === 'string' ? columns[bounds] : columns.scalars[bounds];
  const ranges = lists[index] ?? [[values[start] as number, values[start + 1] as number]];
  return ranges.findIndex(([first, last]) => pairs?.[2 * box] === first && pairs[2 * box + 1] === last);
}

/** Returns how many boxes the rule has. */
export function appendLike({ open, blocks }: Recipe, rule: Rule, entry: number): number {
  const place = rowOf(rule);
  if (place === null) return 0;
  const { values } = place.table.rows;
  const at = valuesAt(place);
  let boxes = 0;
  for (let number = 0; number < blocks.length; number++) {
    const { columns, from, count, picks } = blocks[number] as Block;
    for (let box = 0; box < count; box++) {
      const to = copyBox(columns, from + box, entry);
      for (let index = 0; index < open.length; index++) {
        const one = open[index] as OpenBounds;
        const list = listOf(one.open, values, at);
        if (list !== null) putRange(columns, one.at, to, ...(list[picks[box * open.length + index] as number] as NumberRange));
        else putLiteral(columns, one, to, values, at);
      }
    }
    boxes += count;
  }
  return boxes;
}

function putLiteral(columns: Columns, { open, at: bounds }: OpenBounds, box: number, values: Float64Array, at: number): void {
  const [hole] = open.holes;
  const start = at + (hole?.value ?? 0);
  if (hole?.kind !== 'ip6' || typeof bounds === 'number') {
    putRange(columns, bounds, box, values[start] as number, values[start + 1] as number);
    return;
  }
  const words = columns[bounds];
  for (let word = 0; word < 4; word++) words[4 * box + word] = values[start + word] as number;
  columns[bounds === 'src' ? 'srcLength' : 'dstLength'][box] = values[start + 4] as number;
}

function putRange(columns: Columns, bounds: OpenBounds['at'], box: number, first: number, last: number): void {
  const pairs = typeof bounds === 'string' ? columns[bounds] : (columns.scalars[bounds] as Uint16Array);
  pairs[2 * box] = first;
  pairs[2 * box + 1] = last;
}
