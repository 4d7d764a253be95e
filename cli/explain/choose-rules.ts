/** Which rules of a long file are worth showing. */
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { RuleTrace, Trace } from '../../compiler/interpret/trace.ts';
import { EXIT } from '../exit-code.ts';
import { Failure } from '../failure.ts';

export interface RuleChoice {
  /** Name or label of the one rule to show; undefined: all up to the one that decided. */
  readonly rule: string | undefined;
  /** Those behind it too. */
  readonly all: boolean;
  readonly limit: number;
}

export interface ChosenRules {
  /** In order. */
  readonly rules: readonly RuleTrace[];
  /** Rules that would have been shown, were there not so many. */
  readonly left_out: number;
  /** Rules behind the one that decided, when they are not asked for. */
  readonly not_reached: number;
}

/** @throws Failure when there is no such rule */
export function chooseRules(trace: Trace, { rule, all, limit }: RuleChoice): ChosenRules {
  if (rule !== undefined) return { rules: [ruleNamed(trace, rule)], left_out: 0, not_reached: 0 };
  const reached = trace.decided === null ? trace.rules.length : trace.decided.index + 1;
  const asked = all ? trace.rules : trace.rules.slice(0, reached);
  const nearest = [...asked].sort((a, b) => missing(a) - missing(b) || b.rule.index - a.rule.index).slice(0, limit);
  return {
    rules: nearest.sort((a, b) => a.rule.index - b.rule.index),
    left_out: asked.length - nearest.length,
    not_reached: trace.rules.length - asked.length,
  };
}

/** How far a rule is from matching: those that do come first. */
function missing({ matched, predicates }: RuleTrace): number {
  return matched ? -1 : predicates.filter(({ satisfied }) => !satisfied).length;
}

function ruleNamed({ rules }: Trace, name: string): RuleTrace {
  const found = rules.find(({ rule }) => rule.label === name || rule.name === name);
  if (found !== undefined) return found;
  const help =
    rules.length === 0 ? 'the file has no rules' : 'name a rule by its label, or by its place, as in `edge.rules:12`';
  throw new Failure(`there is no rule \`${visible(name)}\``, { exit: EXIT.usage, help });
}
