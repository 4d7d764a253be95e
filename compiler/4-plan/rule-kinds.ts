/**
 * Rules that differ in nothing but the values of their literals. A hundred thousand rules are a few dozen kinds: what does not depend on
 * the values is found out for the first rule of each.
 */
import { factsOf } from '../1-parse/row-facts.ts';
import { type OpenPredicate, rangesOf } from '../2-resolve/open-predicate.ts';
import type { Program, Rule } from '../2-resolve/program.ts';
import { type RuleRun, type RuleTable, type rowOf, runsOf } from '../2-resolve/row-rule.ts';
import type { Template } from '../2-resolve/rule-template.ts';
import { COMPARED_RANGES_MAX } from './cost.ts';

export interface RuleKind {
  /** The first one. */
  readonly rule: Rule;
  /** How many there are of it. */
  readonly count: number;
  /** null: a rule of its own. */
  readonly template: Template | null;
}

/** Rules of one kind have lists of the same lengths, all of which have 0 in them, or none, and go beyond 16 bits, or do not. */
export interface RuleKinds {
  readonly kinds: readonly RuleKind[];
  /** Place in `kinds`, a rule each. */
  readonly of: Uint32Array;
  readonly runs: readonly RuleRun[];
}

/** A signature is a number of one byte a predicate with literals, exact in so many. */
const SIGNED_PREDICATES_MAX = 6;
const BYTE = 256;
const WORD_MAX = 0xffff;

interface OpenKind {
  readonly rule: Rule;
  count: number;
  readonly template: Template | null;
}

export function ruleKinds(rules: readonly Rule[]): RuleKinds {
  const kinds: OpenKind[] = [];
  const of = new Uint32Array(rules.length);
  const known = new Map<RuleTable, Numbered>();
  const runs = runsOf(rules);
  for (const { first, end, table, row } of runs) {
    if (table === null) {
      of[first] = kinds.push({ rule: rules[first] as Rule, count: 1, template: null }) - 1;
      continue;
    }
    const { words, kindOf } = known.get(table) ?? numbered(table);
    known.set(table, { words, kindOf });
    for (let index = first; index < end; index++) {
      const at = row + index - first;
      const word = words[at] as number;
      const kind = word === ALONE ? NO_KIND : (kindOf[word] as number);
      if (kind !== NO_KIND) {
        of[index] = kind;
        (kinds[kind] as OpenKind).count++;
        continue;
      }
      const template = word === ALONE ? null : (table.templates[table.rows.shape[at] as number] ?? null);
      of[index] = kinds.push({ rule: rules[index] as Rule, count: 1, template }) - 1;
      if (word !== ALONE) kindOf[word] = of[index] as number;
    }
  }
  return { kinds, of, runs };
}

/** Kinds of the rows of one table. */
interface Numbered {
  /** A row each. */
  readonly words: Int32Array;
  /** By word. */
  readonly kindOf: Int32Array;
}

const NO_KIND = -1;
/** The word of a row that is a kind of its own. */
const ALONE = -1;

function numbered({ rows, templates }: RuleTable): Numbered {
  const { words, numbers } = factsOf<Template>(rows, 'plan', templates, (template, numberOf) => (values, at) => {
    const signature = signatureOf(template, values, at);
    return signature === null ? ALONE : numberOf(signature);
  });
  return { words, kindOf: new Int32Array(numbers.count + 1).fill(NO_KIND) };
}

/** The program with one rule of each kind. */
export function withOneOfEachKind(program: Program, { kinds }: RuleKinds): Program {
  return kinds.length === program.rules.length ? program : { ...program, rules: kinds.map(({ rule }) => rule) };
}

/** Where the values of the rule's literals begin in its table. */
export function valuesAt({ table, row }: NonNullable<ReturnType<typeof rowOf>>): number {
  return table.rows.valueAt[row] ?? 0;
}

/** null: its lists are so long that they may become tables, which equal lists share. */
function signatureOf({ open }: Template, values: Float64Array, at: number): number | null {
  if (open.length > SIGNED_PREDICATES_MAX) return null;
  let signature = 0;
  for (let index = 0; index < open.length; index++) {
    const one = open[index] as OpenPredicate;
    if (one.holes.length >= COMPARED_RANGES_MAX) return null;
    signature = BYTE * signature + byteOf(one, values, at);
  }
  return signature;
}

/** Lists are of at most `COMPARED_RANGES_MAX` ranges here. */
function byteOf(open: OpenPredicate, values: Float64Array, at: number): number {
  const [hole] = open.holes;
  if (open.way === 'is' && open.holes.length === 1 && hole !== undefined) {
    if (open.kind === 'address') return hole.kind === 'ip6' ? 1 : 16;
    return 4 + flagsOf(open, values[at + hole.value] as number, values[at + hole.value + 1] as number);
  }
  const { v4, v6, numbers } = rangesOf(open, values, at);
  if (open.kind === 'address') return 16 * v4.length + v6.length;
  return 4 * numbers.length + flagsOf(open, numbers[0]?.[0] ?? 1, numbers.at(-1)?.[1] ?? 0);
}

/** Whether 0 is among the values, and whether some of a wider field are beyond 16 bits, or may be taken to be. */
function flagsOf({ highest }: OpenPredicate, first: number, last: number): number {
  return (first === 0 ? 1 : 0) + (highest > WORD_MAX && last >= WORD_MAX ? 2 : 0);
}
