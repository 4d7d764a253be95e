/** Value lists that are too long to be compared range by range: they become tables of the program. */
import type { BigRange, Expression, NumberRange, Predicate, Program } from '../2-resolve/program.ts';
import { COMPARED_RANGES_MAX } from './cost.ts';

/** A search halves the list twelve times: `PKTC_SEARCH_STEPS` in `templates/include/pktc/compare.h`. */
export const LIST_RANGES_MAX = 4096;

/** All tables together; clang and the kernel take more, but a compilation should stay a matter of a second or two. */
export const TABLE_RANGES_MAX = 65_536;

export interface LongList {
  readonly predicate: Predicate;
  readonly ranges: readonly (NumberRange | BigRange)[];
}

export function longLists(program: Program): readonly LongList[] {
  return program.rules
    .flatMap((rule) => predicatesOf(rule.condition))
    .flatMap((predicate) => listsOf(predicate).map((ranges) => ({ predicate, ranges })))
    .filter(({ ranges }) => ranges.length > COMPARED_RANGES_MAX);
}

export function predicatesOf(expression: Expression): readonly Predicate[] {
  if (expression.kind === 'and' || expression.kind === 'or') return expression.of.flatMap(predicatesOf);
  return expression.kind === 'not' || expression.kind === 'inner' ? predicatesOf(expression.of) : [expression];
}

function listsOf(predicate: Predicate): readonly (readonly (NumberRange | BigRange)[])[] {
  if (predicate.kind === 'in') return [predicate.ranges];
  return predicate.kind === 'address' ? [predicate.v4, predicate.v6] : [];
}

/** Ranges in the tables: equal lists are one table. */
export function tableRanges(lists: readonly LongList[]): number {
  const different = new Map(lists.map(({ ranges }) => [ranges.join(), ranges.length]));
  return [...different.values()].reduce((total, length) => total + length, 0);
}
