/**
 * What a program keeps on its stack: the kernel allows 512 bytes along every chain of calls (`MAX_BPF_STACK`), and counts each
 * function in steps of 32. Estimated from above; a test holds it against what clang says.
 */
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { foundWords } from './patterns.ts';
import type { Plan, TreePlan } from './plan.ts';
import { keyWords } from './tree/record-layout.ts';

const STACK_BYTES = 512;

/** What the program's own function needs besides the fields: the walk is part of it, or in one of its own for `inner( )`. */
const MAIN_BYTES = 96;
const MAIN_INNER_BYTES = 32;

/** The deepest calls from there: the search in payloads, the answer of `reject`, the walk over both packets. */
const SEARCH_BYTES = 128;
/** The same where more than 63 searches have their bits in several words. */
const SEARCH_WORDS_BYTES = 160;
const ANSWER_BYTES = 224;
const WALK_INNER_BYTES = 192;

/**
 * Rules that are trees: the function that decides without the packet's key, a turn of the search through leaves, what a check or the
 * log calls; at a cgroup the state of that search (`pktc_tree_state` in templates/include/pktc/tree.h). Nothing else is in the main function.
 */
const DECIDE_BYTES = 96;
const TURN_BYTES = 80;
const CHECK_BYTES = 48;
const TREE_STATE_BYTES = 96;
/** The key of a flow: what the key of the packet comes to when small words share one. */
const FLOW_KEY_BYTES = 72;
const MAIN_TREE_BYTES = 48;
const MAIN_TREE_INNER_BYTES = 96;

/** `present`, and a word of what was found in the payload. */
const WORD_BYTES = 8;

/** Bytes of struct pktc_fields. */
export function fieldsBytes({ slots, patterns }: Pick<Plan, 'slots' | 'patterns'>): number {
  const bytes = slots.reduce((sum, slot) => sum + slot.bytes, WORD_BYTES + foundWords(patterns) * WORD_BYTES);
  return Math.ceil(bytes / WORD_BYTES) * WORD_BYTES;
}

/**
 * The packet in a tunnel goes where there is room for it. A program at a cgroup may be interrupted by another packet on its CPU,
 * so it has no memory but its stack.
 */
export function withRoom(plan: Plan): Plan {
  const use = stackUse(plan);
  const movable = plan.inner && !plan.hook.startsWith('cgroup');
  return movable && use.bytes > use.limit ? { ...plan, innerRoom: 'map' } : plan;
}

export interface StackUse {
  /** Of the fields, of the packet in a tunnel too when they are kept there. */
  readonly bytes: number;
  /** What is left for them. */
  readonly limit: number;
}

export function stackUse(plan: Plan): StackUse {
  const { inner, innerRoom, program, patterns } = plan;
  const rejects = program.defaultVerdict === 'reject' || program.rules.some((rule) => rule.actions.verdict === 'reject');
  const search = patterns === null ? 0 : foundWords(patterns) > 1 ? SEARCH_WORDS_BYTES : SEARCH_BYTES;
  const rules = plan.classifier.name === 'tree' ? treeBytes(plan, plan.classifier, search) : Math.max(search, SEARCH_BYTES);
  const calls = Math.max(rules, rejects ? ANSWER_BYTES : 0, inner ? WALK_INNER_BYTES : 0);
  const main = mainBytes(plan);
  const limit = STACK_BYTES - calls - main;
  return { bytes: fieldsBytes(plan) * (inner && innerRoom === 'stack' ? 2 : 1), limit };
}

function mainBytes({ inner, classifier }: Plan): number {
  if (classifier.name === 'tree') return inner ? MAIN_TREE_INNER_BYTES : MAIN_TREE_BYTES;
  return inner ? MAIN_INNER_BYTES : MAIN_BYTES;
}

/** Not at a cgroup, large keys and the state of a search are in maps. */
function treeBytes({ hook }: Plan, { shape, flowLines }: TreePlan, search: number): number {
  const words = keyWords(shape);
  const kept = hook.startsWith('cgroup') ? TREE_STATE_BYTES + WORD_BYTES * words : words > 8 ? 0 : WORD_BYTES * words;
  const cache = flowLines > 0 ? FLOW_KEY_BYTES : 0;
  return DECIDE_BYTES + kept + cache + TURN_BYTES + Math.max(search, CHECK_BYTES);
}

/** PKT4026 when the fields that the rules ask for do not fit. */
export function stackProblem(plan: Plan): Diagnostic | null {
  const use = stackUse(plan);
  if (use.bytes <= use.limit) return null;
  const help = plan.inner
    ? 'put the rules with `inner( )` into a file of their own'
    : 'split the file: rules that ask for fewer different fields need less';
  return diagnostic('PKT4026', { ...use }, null, { help });
}
