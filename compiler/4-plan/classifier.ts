/** Chain or tree: how the rules of a program are tried, and why. */
import type { Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Target } from '../targets/target.ts';
import { conditionCost, ruleCost } from './cost.ts';
import { FEW_RULES_MAX } from './few.ts';
import type { ChainPlan, Classifier, Plan, TreePlan } from './plan.ts';
import { planTree, type TreeOptions } from './plan-tree.ts';
import type { RuleKinds } from './rule-kinds.ts';

/** A chain costs each packet more with each rule, and clang more than that: beyond this it is the wrong tool. */
export const CHAIN_RULES_MAX = 4096;

/** Conditional jumps reach 32,767 instructions; a function of the chain stays well below, for the estimate is one. */
const BLOCK_INSTRUCTIONS_MAX = 12_000;

/** Comparisons of one rule that fill a function by the estimate, rounded down. */
const LARGEST_RULE = 600;

/** The kernel walks at most a million (`BPF_COMPLEXITY_LIMIT_INSNS`); half of it is left to what the estimate does not know. */
const VERIFIER_INSTRUCTIONS_MAX = 500_000;

const WRITE_LISTS = 'write rules that differ in payload, options or raw bytes as one rule with a list';

/** From so many rules on a tree is taken whatever the estimate says: a chain of them takes clang longer than a second. */
const MANY_RULES = 1024;

/**
 * Nanoseconds that an instruction of the chain, the way into the trees, and a node or record of a tree take: fitted to
 * measurements on one machine (docs/performance.md), good enough to tell the two apart.
 */
const CHAIN_INSTRUCTION_NS = 0.03;
const TREE_NS = 20;
const TREE_READ_NS = 4;

/**
 * Walking down the trees and through leaves, behind either walk over the headers; the search through all partitions in the order of
 * rules. Measured: 15,000 to 60,000 in all for trees as most are, 140,000 for a program that looks as far as any does (test/kernel/verifier-cost.test.ts).
 */
const TREE_INSTRUCTIONS = 140_000;
const TREE_SEARCH_INSTRUCTIONS = 50_000;

export interface ClassifierOptions extends TreeOptions {
  /** For tests and comparisons: this one or a diagnostic. A long chain is one whose rules are functions of their own, however few. */
  readonly classifier?: 'chain' | 'long chain' | 'tree';
}

export type Choice =
  | { readonly classifier: Classifier; readonly cost: Plan['cost'] }
  | { readonly classifier: null; readonly problem: Diagnostic };

/** @param fixed instructions of the program without its rules */
export function chooseClassifier(
  program: Program,
  kinds: RuleKinds,
  target: Target,
  fixed: number,
  options: ClassifierOptions,
): Choice {
  const { rules } = program;
  const wanted = options.classifier ?? (rules.length <= FEW_RULES_MAX ? 'chain' : null);
  const tree =
    wanted === 'chain' || wanted === 'long chain' ? 'a chain was asked for' : planTree(program, kinds, target, options);
  const treeCost = typeof tree === 'string' ? null : treeInstructions(tree, fixed);
  const costs = ruleCosts(kinds);
  const chain = chainPlan(program, costs, fixed, typeof tree === 'string' ? tree : '');
  if (treeCost !== null && typeof tree !== 'string') {
    const estimate = { chain: chainNs(costs), tree: treeNs(tree) };
    if (wanted === 'tree' || !('cost' in chain) || rules.length >= MANY_RULES || estimate.tree < estimate.chain) {
      return { classifier: { name: 'tree', reason: treeReason(program, tree, estimate), ...tree }, cost: treeCost };
    }
  }
  if (wanted === 'tree') return { classifier: null, problem: noTree(program, String(tree)) };
  if (!('cost' in chain)) return { classifier: null, problem: chain };
  const why = wanted === null && typeof tree !== 'string' ? `, a tree would take as long` : '';
  const reason = `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}, tested one after another${why}`;
  return { classifier: { ...chain.plan, reason, long: wanted === 'long chain' }, cost: chain.cost };
}

/** Of every rule, in their order. */
function ruleCosts({ kinds, of }: RuleKinds): Float64Array {
  const costs = kinds.map(({ rule }) => ruleCost(rule));
  const all = new Float64Array(of.length);
  for (let rule = 0; rule < of.length; rule++) all[rule] = costs[of[rule] as number] ?? 0;
  return all;
}

type Costs = Float64Array | readonly number[];

function sumOf(costs: Costs): number {
  let sum = 0;
  for (let at = 0; at < costs.length; at++) sum += costs[at] as number;
  return sum;
}

function treeInstructions({ checks, observers }: TreePlan, fixed: number): Plan['cost'] {
  const walk = TREE_INSTRUCTIONS + (checks.length > 0 || observers ? TREE_SEARCH_INSTRUCTIONS : 0);
  return costOf(
    fixed + walk,
    checks.map(({ condition }) => conditionCost(condition)),
  );
}

function chainNs(costs: Costs): number {
  return CHAIN_INSTRUCTION_NS * sumOf(costs);
}

function treeNs({ cost }: TreePlan): number {
  return TREE_NS + TREE_READ_NS * cost;
}

function treeReason({ rules }: Program, tree: TreePlan, estimate: { chain: number; tree: number }): string {
  const ns = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ns`;
  return (
    `${rules.length} rules as ${tree.boxes} ranges in ${tree.partitions || 'one tree'}: about ` +
    `${tree.cost.toFixed(1)} reads a packet, ${ns(estimate.tree)} where a chain takes ${ns(estimate.chain)}`
  );
}

function noTree({ rules }: Program, reason: string): Diagnostic {
  return diagnostic('PKT4002', { rules: rules.length, limit: CHAIN_RULES_MAX, reason }, null, { help: WRITE_LISTS });
}

function costOf(fixed: number, costs: Costs): Plan['cost'] {
  return { instructions: fixed + sumOf(costs), limit: VERIFIER_INSTRUCTIONS_MAX };
}

function chainPlan(
  program: Program,
  costs: Float64Array,
  fixed: number,
  noTree: string,
): { readonly plan: ChainPlan; readonly cost: Plan['cost'] } | Diagnostic {
  const cost = costOf(fixed, costs);
  const problem = sizeProblem(program, costs, cost, noTree);
  return problem ?? { plan: { name: 'chain', reason: '', blocks: blocksOf(costs), long: false }, cost };
}

function sizeProblem(program: Program, costs: Float64Array, cost: Plan['cost'], reason: string): Diagnostic | null {
  const { rules } = program;
  const first = rules[CHAIN_RULES_MAX];
  if (first !== undefined) {
    const place = { source: first.source, span: first.span, text: `rule ${CHAIN_RULES_MAX + 1}` };
    return diagnostic('PKT4002', { rules: rules.length, limit: CHAIN_RULES_MAX, reason }, place, { help: WRITE_LISTS });
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
  return null;
}

/** Consecutive rules of about equal cost, as few blocks as there can be. */
function blocksOf(costs: Float64Array): readonly (readonly [number, number])[] {
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
