/** The data of a program whose rules are a tree: what `templates/include/pktc/data.h` describes, in the byte order of this machine. */
import type { Rule, Verdict } from '../2-resolve/program.ts';
import type { RuleKinds } from './rule-kinds.ts';
import type { Trees } from './tree/build-trees.ts';
import { SHORT_LEAF } from './tree/tree-store.ts';

const MAGIC = 0x63746b70;
const VERSION = 4;
const HEAD_WORDS = 16;
const SETS = 10;
const ROOTS = 8;

export const HEAD_BYTES = 4 * (HEAD_WORDS + SETS * ROOTS);
export const RULE_BYTES = 8;
const ACTION_BYTES = 16;
const ALIGNMENT = 64;
/** Rows that one word of the table of shifts is about. */
const SHIFT_ROWS = 64;
/** An entry has 11 bits for its rule's action; with all of them set the action is in the row. */
const ACTION_IN_ROW = 0x7ff;
const ACTION_SHIFT = 20;
/** An entry has 20 bits for its rule's number, and a decision as many for its counter's slot, of which the loader keeps a sixteenth spare. */
export const TREE_RULES_MAX = 15 << 16;

/** `enum pktc_verdict` in templates/include/pktc/decision.h. */
const VERDICTS: Readonly<Record<Verdict, number>> = { drop: 1, pass: 2, reject: 3, redirect: 4, audit: 5 };

/** Head, rules and actions; the trees come behind them. */
export interface RuleTables {
  /** A multiple of 64, zero where the trees' roots and the whole size belong. */
  readonly bytes: Uint8Array;
  readonly actions: number;
  /** By rule: its action where an entry has it. */
  readonly entryBits: Uint32Array;
}

/** @param redirects interfaces that rules send to: a rule has its number. null: more than 65,536 different actions. */
export function ruleTables({ kinds, of }: RuleKinds, checkOf: Uint16Array, redirects: readonly string[]): RuleTables | null {
  const actions = new Map<string, Rule>();
  const numbers = new Map<string, number>();
  const actionOf = new Uint16Array(kinds.length);
  for (const [kind, { rule }] of kinds.entries()) {
    const key = actionKey(rule);
    const number = numbers.get(key) ?? numbers.size;
    if (number > 0xffff) return null;
    if (number === numbers.size) actions.set(key, rule);
    numbers.set(key, number);
    actionOf[kind] = number;
  }
  const rules = of.length;
  const shiftStart = HEAD_BYTES + rules * RULE_BYTES;
  const actionStart = roundUp(shiftStart + Math.ceil(rules / SHIFT_ROWS) * 4, ACTION_BYTES);
  const bytes = new Uint8Array(roundUp(actionStart + actions.size * ACTION_BYTES, ALIGNMENT));
  const words = new Uint32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer);
  words.set([MAGIC, VERSION, 0, 0, rules, HEAD_BYTES, actions.size, actionStart, shiftStart]);
  const entryBits = new Uint32Array(rules);
  for (let index = 0; index < rules; index++) {
    const at = HEAD_BYTES + index * RULE_BYTES;
    const action = actionOf[of[index] as number] as number;
    words[at >>> 2] = index + 1;
    halves[(at >>> 1) + 2] = checkOf[index] as number;
    halves[(at >>> 1) + 3] = action;
    entryBits[index] = Math.min(action, ACTION_IN_ROW) << ACTION_SHIFT;
  }
  [...actions.values()].forEach((rule, number) => {
    writeAction(bytes, actionStart + number * ACTION_BYTES, rule, redirects);
  });
  return { bytes, actions: actions.size, entryBits };
}

function actionKey({ actions }: Rule): string {
  const { verdict, log, mark, redirect } = actions;
  return `${verdict} ${log?.sample} ${log?.payload} ${mark} ${redirect}`;
}

function writeAction(bytes: Uint8Array, at: number, { actions }: Rule, redirects: readonly string[]): void {
  const { verdict, log, mark, redirect } = actions;
  const words = new Uint32Array(bytes.buffer, at, 2);
  words[0] = log?.sample ?? 0;
  words[1] = mark ?? 0;
  new Uint16Array(bytes.buffer, at + 8, 1)[0] = log?.payload ?? 0;
  bytes[at + 10] = verdict === null ? 0 : VERDICTS[verdict];
  bytes[at + 11] = redirect === null ? 0 : redirects.indexOf(redirect);
  bytes[at + 12] = mark === null ? 0 : 1;
}

/**
 * @param roots first nodes of each set's partitions, in units from the beginning of the whole @param depth of the deepest tree
 * @param leaf records of the longest leaf
 */
export function wholeData(
  tables: RuleTables,
  { bytes: trees, roots, depth, leaf }: Pick<Trees, 'bytes' | 'roots' | 'depth' | 'leaf'>,
): Uint8Array {
  const bytes = new Uint8Array(tables.bytes.length + trees.length);
  bytes.set(tables.bytes);
  bytes.set(trees, tables.bytes.length);
  const words = new Uint32Array(bytes.buffer, 0, HEAD_BYTES / 4);
  words[2] = bytes.length;
  words[3] = 1;
  words[9] = depth;
  words[10] = Math.max(0, ...roots.map((partitions) => partitions.length));
  words[11] = Math.min(leaf, SHORT_LEAF);
  roots.forEach((partitions, set) => {
    words.set(partitions, HEAD_WORDS + set * ROOTS);
  });
  return bytes;
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
