/** What a chain of rules costs the verifier: an estimate from above, checked against real programs in a test. */
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Expression, Predicate, Rule } from '../2-resolve/program.ts';

/** Taking up a rule, counting or returning; a call of the logger. */
const RULE_INSTRUCTIONS = 24;
const LOG_INSTRUCTIONS = 16;
const ADD_INSTRUCTIONS = 40;
const MEMBER_INSTRUCTIONS = 80;
/** Asking for presence, reading the value. */
const PREDICATE_INSTRUCTIONS = 10;
const RANGE_INSTRUCTIONS = 8;
const RANGE6_INSTRUCTIONS = 32;
/** From so many ranges on, `5-emit/lists.ts` searches a table instead. */
export const COMPARED_RANGES_MAX = 12;
const SEARCH_INSTRUCTIONS = 16;
/** A call of the function that fetches bytes. */
const FETCH_INSTRUCTIONS = 16;
/** Asking whether there is a packet in a tunnel. */
const INNER_INSTRUCTIONS = 8;
/** The walk over the headers, the logger, the searches: each checked once; few rules in the quick walk, several times. */
const FIXED_INSTRUCTIONS = 60_000;
/** Walking where it may begin anywhere, and tunnels. */
const FIXED_INNER_INSTRUCTIONS = 80_000;

/** Instructions of everything but the rules. @param inner whether a rule asks about the packet in a tunnel */
export function fixedCost(inner: boolean): number {
  return FIXED_INSTRUCTIONS + (inner ? FIXED_INNER_INSTRUCTIONS : 0);
}

/** Instructions of one rule in the chain. */
export function ruleCost(rule: Rule): number {
  return (
    RULE_INSTRUCTIONS + (rule.actions.log === null ? 0 : LOG_INSTRUCTIONS) + addsCost(rule) + conditionCost(rule.condition)
  );
}

/** Of each family of addresses, the element and a call; what keeps it from being added. */
function addsCost({ actions: { adds = [] } }: Rule): number {
  return adds.reduce((sum, { unless }) => sum + 2 * (ADD_INSTRUCTIONS + (unless === null ? 0 : conditionCost(unless))), 0);
}

/** Instructions of one condition. */
export function conditionCost(expression: Expression): number {
  if (expression.kind === 'and' || expression.kind === 'or') {
    return expression.of.reduce((sum, part) => sum + conditionCost(part), 0);
  }
  if (expression.kind === 'not') return conditionCost(expression.of);
  return expression.kind === 'inner' ? INNER_INSTRUCTIONS + conditionCost(expression.of) : predicateCost(expression);
}

function predicateCost(predicate: Predicate): number {
  const fetch = fieldNamed(predicate.field)?.read.kind === 'raw' ? FETCH_INSTRUCTIONS : 0;
  if (predicate.kind === 'in') return PREDICATE_INSTRUCTIONS + fetch + listCost(predicate.ranges.length, RANGE_INSTRUCTIONS);
  if (predicate.kind === 'member') return MEMBER_INSTRUCTIONS;
  if (predicate.kind === 'masked') return 2 * PREDICATE_INSTRUCTIONS + RANGE6_INSTRUCTIONS;
  if (predicate.kind !== 'address') return PREDICATE_INSTRUCTIONS + fetch + RANGE_INSTRUCTIONS;
  const families = listCost(predicate.v4.length, RANGE_INSTRUCTIONS) + listCost(predicate.v6.length, RANGE6_INSTRUCTIONS);
  return 2 * PREDICATE_INSTRUCTIONS + families;
}

function listCost(ranges: number, instructionsEach: number): number {
  return ranges > COMPARED_RANGES_MAX ? SEARCH_INSTRUCTIONS : ranges * instructionsEach;
}
