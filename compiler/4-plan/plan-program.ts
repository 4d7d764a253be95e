/** Program x Target -> Plan. */
import type { Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic, Outcome } from '../diagnostics/diagnostic.ts';
import type { Target } from '../targets/target.ts';
import { fixedCost, ruleCost } from './cost.ts';
import { hookProblems } from './hook-actions.ts';
import { interfacePatterns, interfaceProblem, redirectsOf } from './interfaces.ts';
import { kindListProblem, kindLists } from './kind-lists.ts';
import { longListProblem } from './long-lists.ts';
import { planPatterns, searchCost } from './patterns.ts';
import type { Plan } from './plan.ts';
import { readsOf } from './reads.ts';
import { redirectProblem } from './redirects.ts';
import { depthFor, EVENT_FIELDS, slotsFor } from './slots.ts';
import { stackProblem, withRoom } from './stack.ts';

/** A chain costs each packet more with each rule, and clang more than that: beyond this it is the wrong tool. */
export const CHAIN_RULES_MAX = 4096;

/** Conditional jumps reach 32,767 instructions; a function of the chain stays well below, for the estimate is one. */
const BLOCK_INSTRUCTIONS_MAX = 12_000;

/** Comparisons of one rule that fill a function by the estimate, rounded down. */
const LARGEST_RULE = 600;

/** The kernel walks at most a million (`BPF_COMPLEXITY_LIMIT_INSNS`); half of it is left to what the estimate does not know. */
const VERIFIER_INSTRUCTIONS_MAX = 500_000;

/** A power of two; at 0.5 M events/s of 136 bytes it holds about 60 ms. */
const RING_BYTES = 4 << 20;

export function planProgram(program: Program, target: Target): Outcome<Plan | null> {
  const lacking = hookProblems(program, target);
  if (lacking.length > 0) return { value: null, diagnostics: lacking };
  const logs = program.rules.flatMap((rule) => (rule.actions.log === null ? [] : [rule.actions.log]));
  const payloadBytes = Math.max(0, ...logs.map((log) => log.payload));
  const reads = readsOf(program, payloadBytes > 0);
  const patterns = planPatterns(program);
  if (patterns.problem !== null) return { value: null, diagnostics: [patterns.problem] };
  const costs = program.rules.map(ruleCost);
  const cost = {
    instructions: fixedCost(reads.inner) + searchCost(patterns.search) + costs.reduce((sum, one) => sum + one, 0),
    limit: VERIFIER_INSTRUCTIONS_MAX,
  };
  const problem =
    sizeProblem(program, costs, cost) ?? interfaceProblem(program) ?? redirectProblem(program) ?? kindListProblem(program);
  if (problem !== null) return { value: null, diagnostics: [problem] };

  const fields = new Set([...reads.fields, ...(logs.length > 0 ? EVENT_FIELDS : [])]);
  for (const field of Object.keys(target.constants)) fields.delete(field);
  const lists = kindLists(program);
  const slots = slotsFor(fields, reads.places, lists.length);
  const onStack: Plan = {
    program,
    hook: target.hook,
    slots,
    depth: reads.inner ? 'transport' : depthFor(slots),
    inner: reads.inner,
    innerRoom: 'stack',
    raw: reads.raw,
    kindLists: lists,
    classifier: {
      name: 'chain',
      reason: `${program.rules.length} ${program.rules.length === 1 ? 'rule' : 'rules'}, tested one after another`,
      blocks: blocksOf(costs),
    },
    patterns: patterns.search,
    interfaces: interfacePatterns(program),
    redirects: redirectsOf(program),
    events: logs.length > 0 ? { payloadBytes, ringBytes: RING_BYTES } : null,
    counters: program.rules.length + 1,
    cost,
  };
  const plan = withRoom(onStack);
  const overflow = stackProblem(plan);
  return overflow === null ? { value: plan, diagnostics: [] } : { value: null, diagnostics: [overflow] };
}

function sizeProblem(program: Program, costs: readonly number[], cost: Plan['cost']): Diagnostic | null {
  const { rules } = program;
  const first = rules[CHAIN_RULES_MAX];
  if (first !== undefined) {
    const place = { source: first.source, span: first.span, text: `rule ${CHAIN_RULES_MAX + 1}` };
    const help = 'write rules that differ in one value as one rule with a list: `src { a, b, … }`';
    return diagnostic('PKT4002', { rules: rules.length, limit: CHAIN_RULES_MAX }, place, { help });
  }
  const large = rules.find((_, index) => (costs[index] ?? 0) > BLOCK_INSTRUCTIONS_MAX);
  if (large !== undefined) {
    const help = 'use a list in place of alternatives: `src { a, b }` for `src a or src b`; or make several rules of it';
    return diagnostic('PKT4004', { limit: LARGEST_RULE }, { source: large.source, span: large.span }, { help });
  }
  if (cost.instructions > cost.limit) {
    return diagnostic('PKT4003', cost, null, {
      help: 'use lists in place of `or`, and one rule with a list for rules that are alike',
    });
  }
  return longListProblem(program);
}

/** Consecutive rules of about equal cost, as few blocks as there can be. */
function blocksOf(costs: readonly number[]): readonly (readonly [number, number])[] {
  const blocks: [number, number][] = [];
  let first = 0;
  let sum = 0;
  costs.forEach((cost, index) => {
    if (index > first && sum + cost > BLOCK_INSTRUCTIONS_MAX) {
      blocks.push([first, index]);
      first = index;
      sum = 0;
    }
    sum += cost;
  });
  return [...blocks, [first, costs.length]];
}
