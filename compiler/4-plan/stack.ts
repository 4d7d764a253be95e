/**
 * What a program keeps on its stack: the kernel allows 512 bytes along every chain of calls (`MAX_BPF_STACK`), and counts each
 * function in steps of 32. Estimated from above; a test holds it against what clang says.
 */
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { mayBeQuickTree } from './few.ts';
import { flowKeyBytes } from './flow-lines.ts';
import { mayComeTo } from './hook-actions.ts';
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
/** Asking a set that rules fill, with the element; adding to one, which calls once more. */
const MEMBER_BYTES = 128;
const ADD_BYTES = 192;

/**
 * Rules that are trees: the function that decides without the packet's key, a turn of the search through leaves, what a check or the
 * log calls; at a cgroup the state of that search (`pktc_tree_state` in templates/include/pktc/tree.h). Nothing else is in the main function.
 */
const DECIDE_BYTES = 64;
/** The same where keys are so large that they are in a map. */
const DECIDE_LARGE_BYTES = 96;
const TURN_BYTES = 80;
const CHECK_BYTES = 48;
const TREE_STATE_BYTES = 96;
/** The key of a flow: what the key of the packet comes to when small words share one. */
const FLOW_KEY_BYTES = 72;
const MAIN_TREE_BYTES = 80;
const MAIN_TREE_INNER_BYTES = 128;
/**
 * The quick walk in front of the trees: what the program's own function needs besides fields and keys, and the function that decides
 * about other packets besides the key; the flow's key is in the first alone. Each is rounded up as the kernel does. Where plain packets are
 * looked up ahead of it, the quick walk is a function of its own, and both need no more together.
 */
const MAIN_TREE_QUICK_BYTES = 112;
/** The same where keys are so large that they are in a map. */
const MAIN_TREE_LARGE_BYTES = 144;
const DECIDE_QUICK_BYTES = 64;
/** A turn of the search in programs with small keys, and a check; one that reads raw bytes calls once more. */
const TURN_QUICK_BYTES = 64;
const CHECK_QUICK_BYTES = 32;
const FRAME_STEP_BYTES = 32;

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
  return isQuickTree(plan) ? quickUse(plan) : slowUse(plan);
}

/** Whether the quick walk stands in front of the trees. */
export function isQuickTree(plan: Plan): boolean {
  if (!mayBeQuickTree(plan)) return false;
  const { bytes, limit } = quickUse(plan);
  return bytes <= limit;
}

/** Of a plan that may be a quick tree: it has no packet in a tunnel and no searches. */
function quickUse(plan: Plan): StackUse {
  const { classifier } = plan;
  if (classifier.name !== 'tree') return slowUse(plan);
  const bytes = fieldsBytes(plan);
  const key = keyBytes(classifier);
  const main = frame(bytes + (key > 0 ? MAIN_TREE_QUICK_BYTES : MAIN_TREE_LARGE_BYTES) + key + flowBytes(classifier));
  const checks = classifier.checks.length > 0 ? (plan.raw ? 2 : 1) : 0;
  const turn = key > 0 ? TURN_QUICK_BYTES : frame(TURN_BYTES);
  const check = plan.sets.length > 0 ? Math.max(MEMBER_BYTES, checks * CHECK_QUICK_BYTES) : checks * CHECK_QUICK_BYTES;
  const decide = frame(DECIDE_QUICK_BYTES + key) + turn + check;
  return { bytes, limit: STACK_BYTES - Math.max(decide, mayComeTo(plan, 'reject') ? ANSWER_BYTES : 0) - (main - bytes) };
}

/** What it is known by, and what tells such words apart. */
function flowBytes({ shape, flowLines }: TreePlan): number {
  return flowLines === null ? 0 : flowKeyBytes(shape, 'ipv6') + WORD_BYTES;
}

function frame(bytes: number): number {
  return Math.ceil(bytes / FRAME_STEP_BYTES) * FRAME_STEP_BYTES;
}

function keyBytes({ shape }: TreePlan): number {
  const words = keyWords(shape);
  return words > 8 ? 0 : WORD_BYTES * words;
}

function slowUse(plan: Plan): StackUse {
  const { inner, innerRoom, patterns } = plan;
  const found = patterns === null ? 0 : foundWords(patterns) > 1 ? SEARCH_WORDS_BYTES : SEARCH_BYTES;
  const search = Math.max(found, plan.sets.length > 0 ? MEMBER_BYTES : 0);
  const rules = plan.classifier.name === 'tree' ? treeBytes(plan, plan.classifier, search) : Math.max(search, SEARCH_BYTES);
  const calls = Math.max(rules, mayComeTo(plan, 'reject') ? ANSWER_BYTES : 0, inner ? WALK_INNER_BYTES : 0, setBytes(plan));
  const main = mainBytes(plan);
  const limit = STACK_BYTES - calls - main;
  return { bytes: fieldsBytes(plan) * (inner && innerRoom === 'stack' ? 2 : 1), limit };
}

/** From the rules on; trees have functions of their own before. */
function setBytes({ sets, actions }: Plan): number {
  if (sets.length === 0) return 0;
  return actions.some(({ adds }) => adds !== undefined) ? ADD_BYTES : MEMBER_BYTES;
}

function mainBytes({ inner, classifier }: Plan): number {
  if (classifier.name === 'tree') return inner ? MAIN_TREE_INNER_BYTES : MAIN_TREE_BYTES;
  return inner ? MAIN_INNER_BYTES : MAIN_BYTES;
}

/** Not at a cgroup, large keys and the state of a search are in maps. */
function treeBytes({ hook }: Plan, { shape, flowLines }: TreePlan, search: number): number {
  const words = keyWords(shape);
  const cgroup = hook.startsWith('cgroup');
  const kept = cgroup ? TREE_STATE_BYTES + WORD_BYTES * words : words > 8 ? 0 : WORD_BYTES * words;
  const decide = words > 8 && !cgroup ? DECIDE_LARGE_BYTES : DECIDE_BYTES;
  const cache = flowLines !== null ? FLOW_KEY_BYTES : 0;
  return decide + kept + cache + TURN_BYTES + Math.max(search, CHECK_BYTES);
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
