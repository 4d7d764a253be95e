/** A rule file as the generator and the shrinker handle it: structure down to single values, printed as `.rules` text. */

import type { HookName } from '../../grammar/fields/field.ts';

export interface RuleFile {
  readonly hook: HookName;
  readonly lets: readonly Let[];
  /** Sets that rules fill; absent: none. */
  readonly sets?: readonly GeneratedSet[];
  /** null: no `default` statement. */
  readonly defaultAction: string | null;
  readonly rules: readonly GeneratedRule[];
}

export interface GeneratedSet {
  readonly name: string;
  /** `src`, `(src, dport)` */
  readonly key: string;
  readonly size: number;
  /** Seconds; null: none. */
  readonly timeout_s: number | null;
}

export interface Let {
  readonly name: string;
  /** Values of a field, or rows such as `(10.0.0.1, 22)`. */
  readonly values: readonly string[];
}

export interface GeneratedRule {
  readonly label: string | null;
  readonly condition: Condition;
  readonly actions: readonly string[];
  /** `,` or `/` between the actions. */
  readonly separator: string;
}

export type Condition =
  /** `word`: `and` is written out; otherwise the parts stand side by side. */
  | { readonly kind: 'and'; readonly word: boolean; readonly of: readonly Condition[] }
  | { readonly kind: 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  /** About the packet in a tunnel; never inside another one. */
  | { readonly kind: 'inner'; readonly of: Condition }
  | Leaf;

export interface Leaf {
  readonly kind: 'leaf';
  /** A field, perhaps with a slice; several in parentheses; or a word that stands alone. */
  readonly field: string;
  /** Empty: none is written. */
  readonly operator: string;
  /** One value, or those of a list; empty for a word that stands alone. */
  readonly values: readonly string[];
  readonly braces: boolean;
}

export function printRuleFile(file: RuleFile): string {
  const lines = [
    `hook ${file.hook}`,
    ...(file.defaultAction === null ? [] : [`default ${file.defaultAction}`]),
    ...file.lets.map(({ name, values }) => `let ${name} = ${values.length === 1 ? values[0] : `{ ${values.join(', ')} }`}`),
    ...(file.sets ?? []).map(printSet),
    ...file.rules.map(printRule),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function printSet({ name, key, size, timeout_s }: GeneratedSet): string {
  return `set ${name} : ${key} size ${size}${timeout_s === null ? '' : ` timeout ${timeout_s}s`}`;
}

function printRule({ label, condition, actions, separator }: GeneratedRule): string {
  return `${label === null ? '' : `${label}: `}match ${printCondition(condition)} -> ${actions.join(separator)}`;
}

export function printCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
      return condition.of.map((part) => printTerm(part)).join(condition.word ? ' and ' : ' ');
    case 'or':
      return condition.of.map((part) => printTerm(part)).join(' or ');
    case 'not':
      return `not ${printTerm(condition.of)}`;
    case 'inner':
      return `inner( ${printCondition(condition.of)} )`;
    case 'leaf':
      return printLeaf(condition);
  }
}

/** Everything but a single comparison is bracketed: `or` and *and* do not mix without. */
function printTerm(condition: Condition): string {
  return condition.kind === 'and' || condition.kind === 'or' ? `(${printCondition(condition)})` : printCondition(condition);
}

function printLeaf({ field, operator, values, braces }: Leaf): string {
  const value = braces ? `{ ${values.join(', ')} }` : values.join('');
  return [field, operator, value].filter((part) => part !== '').join(' ');
}

export function leavesOf(condition: Condition): readonly Leaf[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.of.flatMap(leavesOf);
    case 'not':
    case 'inner':
      return leavesOf(condition.of);
    case 'leaf':
      return [condition];
  }
}
