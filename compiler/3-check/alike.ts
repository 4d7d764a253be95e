/**
 * Rules of which a check says the same: those of one shape whose values differ where no check looks. A hundred thousand rules are a few
 * kinds, and what takes long is asked of one rule of each.
 */
import { factsOf } from '../1-parse/row-facts.ts';
import { HOLE_SIZE } from '../1-parse/shape.ts';
import { V4_LAST } from '../2-resolve/address.ts';
import { type OpenPredicate, rangesOf } from '../2-resolve/open-predicate.ts';
import type { Expression, Program, Rule } from '../2-resolve/program.ts';
import { type RuleRun, type RuleTable, runsOf } from '../2-resolve/row-rule.ts';
import type { Template, TemplateNode } from '../2-resolve/rule-template.ts';
import { V6_LAST } from '../2-resolve/wide-ranges.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { implied } from './implied.ts';
import { predicatesOf } from './leaves.ts';

export interface Alike {
  /** The first rule of each kind, in order. */
  readonly some: readonly Rule[];
  /** All rules of a kind, in order. */
  readonly like: (rule: Rule) => readonly Rule[];
  readonly runs: readonly RuleRun[];
}

/** What `find` finds in every rule: asked of one rule of each kind first, and where it finds something, of all of the kind. */
export function inEvery({ some, like }: Alike, find: (rule: Rule) => readonly Diagnostic[]): readonly Diagnostic[] {
  return some.flatMap((rule) => {
    const found = find(rule);
    const all = found.length === 0 ? [rule] : like(rule);
    return all.length === 1 ? found : all.flatMap(find);
  });
}

export function alikeOf({ rules }: Program): Alike {
  const runs = runsOf(rules);
  const some: Rule[] = [];
  const kinds = new Int32Array(rules.length);
  const known = new Map<RuleTable, Numbered>();
  for (const { first, end, table, row } of runs) {
    if (table === null) {
      kinds[first] = some.length;
      some.push(rules[first] as Rule);
      continue;
    }
    const { words, kindOf } = known.get(table) ?? numbered(table);
    known.set(table, { words, kindOf });
    for (let index = first; index < end; index += 1) {
      const word = words[row + index - first] as number;
      if (kindOf[word] === NO_KIND) {
        kindOf[word] = some.length;
        some.push(rules[index] as Rule);
      }
      kinds[index] = kindOf[word] as number;
    }
  }
  return { some, like: membersOf(rules, kinds), runs };
}

/** Kinds of the rows of one table. */
interface Numbered {
  /** A row each. */
  readonly words: Int32Array;
  /** By word. */
  readonly kindOf: Int32Array;
}

const NO_KIND = -1;

function numbered({ rows, templates }: RuleTable): Numbered {
  const { words, numbers } = factsOf<Template>(rows, 'check', templates, (template, numberOf) => {
    const valued = valuedIn(template);
    return (values, at) => numberOf(keyOf(template.open, valued, values, at));
  });
  return { words, kindOf: new Int32Array(numbers.count + 1).fill(NO_KIND) };
}

function membersOf(rules: readonly Rule[], kinds: Int32Array): Alike['like'] {
  let members: Rule[][] | null = null;
  return (rule) => {
    if (members === null) {
      members = [];
      for (const one of rules) {
        const kind = kinds[one.index] ?? 0;
        const list = members[kind];
        if (list) list.push(one);
        else members[kind] = [one];
      }
    }
    return members[kinds[rule.index] ?? 0] ?? [rule];
  };
}

/** Fields whose values decide about other fields, or that a check asks for by value. */
const TELLING: readonly string[] = ['ethertype', 'proto', 'frag', 'direction'];

/**
 * For each open predicate whether its values matter to the checks. They do where another part of the condition, or a check, asks for the
 * same field; of any other predicate it matters only whether it holds for all values of the field, for none, or for some.
 */
function valuedIn({ condition, open }: Template): readonly boolean[] {
  const asked = new Set<string>(TELLING);
  const fields = leafFields(condition);
  for (const [index, { field, contains }] of fields.entries()) {
    if (fields.some((other, at) => at !== index && other.field === field)) asked.add(field);
    for (const other of impliedFields(field)) asked.add(other);
    // A search is told apart by the ports it is made at.
    if (contains) for (const other of ['payload.len', 'sport', 'dport']) asked.add(other);
  }
  return open.map(({ field }) => asked.has(field));
}

function impliedFields(field: string): readonly string[] {
  const fields = new Set<string>();
  const todo = [field];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const follows: Expression | null = implied(next);
    for (const predicate of follows === null ? [] : predicatesOf(follows)) {
      if (fields.has(predicate.field)) continue;
      fields.add(predicate.field);
      todo.push(predicate.field);
    }
  }
  return [...fields];
}

function leafFields(node: TemplateNode): readonly { readonly field: string; readonly contains: boolean }[] {
  if (node.kind === 'open') return [{ field: node.open.field, contains: false }];
  if (node.kind === 'fixed') return [{ field: node.predicate.field, contains: node.predicate.kind === 'contains' }];
  return node.kind === 'not' ? leafFields(node.of) : node.of.flatMap(leafFields);
}

/** Nine cases each, and exact: 9^16 is below 2^53. */
const EXTENTS_MAX = 16;

function keyOf(open: readonly OpenPredicate[], valued: readonly boolean[], values: Float64Array, at: number): string | number {
  const long = open.length > EXTENTS_MAX;
  let extents = 0;
  let exact = '';
  for (let index = 0; index < open.length; index += 1) {
    const one = open[index] as OpenPredicate;
    if (!long && !valued[index]) {
      extents = extents * 9 + extentOf(one, values, at);
      continue;
    }
    for (const { kind, value } of one.holes) {
      for (let word = 0; word < HOLE_SIZE[kind]; word += 1) exact += ` ${values[at + value + word]}`;
    }
  }
  return exact === '' ? extents : `${extents}${exact}`;
}

const SOME = 0;
const WHOLE = 1;
const NONE = 2;

/** Of IPv4 addresses (or of numbers) and of IPv6 addresses: whether it holds for some, for all there are, or for none. */
function extentOf(open: OpenPredicate, values: Float64Array, at: number): number {
  const [hole] = open.holes;
  if (open.way === 'is' && open.holes.length === 1 && hole !== undefined) {
    if (hole.kind === 'ip6') return 3 * NONE + (values[at + hole.value + 4] === 0 ? WHOLE : SOME);
    const last = open.kind === 'in' ? open.highest : V4_LAST;
    return 3 * (values[at + hole.value] === 0 && values[at + hole.value + 1] === last ? WHOLE : SOME) + NONE;
  }
  const { v4, v6, numbers } = rangesOf(open, values, at);
  return open.kind === 'in' ? 3 * extent(numbers, open.highest) + NONE : 3 * extent(v4, V4_LAST) + extent(v6, V6_LAST);
}

function extent(ranges: readonly (readonly [number | bigint, number | bigint])[], last: number | bigint): number {
  const [only] = ranges;
  if (only === undefined) return NONE;
  return ranges.length === 1 && Number(only[0]) === 0 && only[1] === last ? WHOLE : SOME;
}
