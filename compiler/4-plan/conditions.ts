/** What a rule asks of a packet: its condition, and what keeps it from adding to a set. */
import type { Expression, Rule } from '../2-resolve/program.ts';

export function conditionsOf(rule: Rule): readonly Expression[] {
  const { adds } = rule.actions;
  if (adds === undefined) return [rule.condition];
  return [rule.condition, ...adds.flatMap(({ unless }) => unless ?? [])];
}
