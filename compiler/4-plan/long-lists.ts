/** Value lists that are too long to be compared range by range: they become tables of the program. */
import type { BigRange, Expression, NumberRange, Predicate, Program, Rule } from '../2-resolve/program.ts';
import { equalRanges } from '../2-resolve/wide-ranges.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { conditionsOf } from './conditions.ts';
import { COMPARED_RANGES_MAX } from './cost.ts';

/** A search of 64-bit values halves a list 21 times: `PKTC_SEARCH_STEPS` in `templates/include/pktc/compare.h`. */
export const LIST_RANGES_MAX = 2 ** 21;

/**
 * All tables together, ranges of IPv6 addresses counted twice: at most 64 bytes a range of IPv4 addresses, and 150 for a prefix of
 * IPv6 addresses, which keeps them within what a program can reach. Where ranges that are no prefixes do not, the build says so.
 */
export const TABLE_RANGES_MAX = 2 ** 22;

type Ranges = readonly (NumberRange | BigRange)[];

export interface LongList {
  readonly rule: Rule;
  readonly predicate: Predicate;
  readonly ranges: Ranges;
}

export function longLists(program: Program): readonly LongList[] {
  return program.rules.flatMap((rule) =>
    rulePredicates(rule).flatMap((predicate) =>
      listsOf(predicate)
        .filter((ranges) => ranges.length > COMPARED_RANGES_MAX)
        .map((ranges) => ({ rule, predicate, ranges })),
    ),
  );
}

/** Of everything that the rule asks. */
export function rulePredicates(rule: Rule): readonly Predicate[] {
  return conditionsOf(rule).flatMap(predicatesOf);
}

export function predicatesOf(expression: Expression): readonly Predicate[] {
  const predicates: Predicate[] = [];
  collectPredicates(expression, predicates);
  return predicates;
}

/** Into one array: this is asked of every rule of large files, several times. */
function collectPredicates(expression: Expression, to: Predicate[]): void {
  switch (expression.kind) {
    case 'and':
    case 'or':
      for (const part of expression.of) collectPredicates(part, to);
      return;
    case 'not':
    case 'inner':
      collectPredicates(expression.of, to);
      return;
    default:
      to.push(expression);
  }
}

function listsOf(predicate: Predicate): readonly (readonly (NumberRange | BigRange)[])[] {
  if (predicate.kind === 'in') return [predicate.ranges];
  return predicate.kind === 'address' ? [predicate.v4, predicate.v6] : [];
}

/** What is wrong with the lists of a program: one that is too long, or all of them together; null: nothing. */
export function longListProblem(program: Program): Diagnostic | null {
  const lists = longLists(program);
  const longest = lists.find(({ ranges }) => ranges.length > LIST_RANGES_MAX);
  if (longest !== undefined) {
    const place = { source: longest.rule.source, span: longest.predicate.span };
    const help = 'split it over several rules';
    return diagnostic('PKT4005', { ranges: longest.ranges.length, limit: LIST_RANGES_MAX }, place, { help });
  }
  const ranges = tableRanges(lists);
  if (ranges <= TABLE_RANGES_MAX) return null;
  return diagnostic('PKT4006', { ranges, limit: TABLE_RANGES_MAX }, null, {
    help: 'merge neighbouring prefixes, or split the file',
  });
}

/** Ranges in the tables: equal lists are one table. Those of IPv6 addresses take twice the memory and more. */
function tableRanges(lists: readonly LongList[]): number {
  const different = new Map<number, Ranges[]>();
  for (const ranges of new Set(lists.map((list) => list.ranges))) {
    const alike = different.get(ranges.length) ?? [];
    if (!alike.some((other) => equalRanges(other, ranges))) different.set(ranges.length, [...alike, ranges]);
  }
  const weight = (ranges: Ranges) => (typeof ranges[0]?.[0] === 'bigint' ? 2 : 1) * ranges.length;
  return [...different.values()].flat().reduce((total, ranges) => total + weight(ranges), 0);
}
