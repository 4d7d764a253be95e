/** What is different between two sets of rules, for people. */
import type { BigRange, Expression, NumberRange, Program, Rule } from '../../compiler/2-resolve/program.ts';
import type { Manifest, ManifestRule } from '../../runtime/abi/manifest.ts';

/** By identity, which no two rules of a file have. */
export interface ChangedRules {
  readonly added: readonly ManifestRule[];
  readonly removed: readonly ManifestRule[];
  /** The same rule, by its label or its words, that says something else. */
  readonly changed: readonly { readonly before: ManifestRule; readonly now: ManifestRule }[];
}

export interface RuleChanges extends ChangedRules {
  /** Rules that say the same and mean something else: a list or a set that they name is another. */
  readonly reread: readonly ManifestRule[];
  /** Rules that say the same in another order. */
  readonly moved: boolean;
  readonly default_verdict: { readonly before: string; readonly now: string } | null;
  readonly sets: readonly SetChange[];
}

export interface SetChange {
  readonly name: string;
  /** Values in its file; null: there is no such set. */
  readonly before: number | null;
  readonly now: number | null;
}

/** A rule that decides about other packets than it did; null on the side where there is none. */
export interface OtherMeaning {
  readonly before: Expression | null;
  readonly now: Expression | null;
}

export function changedRules(before: Manifest, now: Manifest): ChangedRules {
  const old = new Map(before.rules.map((rule) => [rule.identity, rule]));
  const next = new Set(now.rules.map(({ identity }) => identity));
  return {
    added: now.rules.filter(({ identity }) => !old.has(identity)),
    removed: before.rules.filter(({ identity }) => !next.has(identity)),
    changed: now.rules.flatMap((rule) => {
      const was = old.get(rule.identity);
      return was !== undefined && saysOther(was, rule) ? [{ before: was, now: rule }] : [];
    }),
  };
}

export function ruleChanges(before: Manifest, now: Manifest, programs: Programs): RuleChanges {
  const rules = changedRules(before, now);
  const without = (all: readonly ManifestRule[], gone: readonly ManifestRule[]) => {
    const left = new Set(gone);
    return all.filter((rule) => !left.has(rule)).map(({ identity }) => identity);
  };
  const verdicts = { before: before.default_verdict, now: now.default_verdict };
  return {
    ...rules,
    reread: rereadRules(now, programs, new Set(rules.changed.map((one) => one.now.identity))),
    moved: without(before.rules, rules.removed).join() !== without(now.rules, rules.added).join(),
    default_verdict: verdicts.before === verdicts.now ? null : verdicts,
    sets: setChanges(programs),
  };
}

function rereadRules({ rules }: Manifest, programs: Programs, changed: ReadonlySet<string>): readonly ManifestRule[] {
  const old = new Map(programs.before?.rules.map((rule) => [rule.identity, rule]));
  const other = new Set(
    programs.now?.rules.flatMap(({ identity, condition }) => {
      const was = old.get(identity);
      return was === undefined || changed.has(identity) || sameExpression(was.condition, condition) ? [] : [identity];
    }),
  );
  return rules.filter(({ identity }) => other.has(identity));
}

export interface Programs {
  /** null: it was compiled elsewhere, and its rules are not known as such. */
  readonly before: Program | null;
  readonly now: Program | null;
}

function saysOther(a: ManifestRule, b: ManifestRule): boolean {
  return a.text !== b.text || a.verdict !== b.verdict || a.logs !== b.logs;
}

function setChanges({ before, now }: Programs): readonly SetChange[] {
  const entries = (program: Program | null) => new Map(program?.sets?.map((set) => [set.name, set.entries]));
  const [old, next] = [entries(before), entries(now)];
  if (before === null || now === null) return [];
  return [...new Set([...old.keys(), ...next.keys()])].flatMap((name) => {
    const change = { name, before: old.get(name) ?? null, now: next.get(name) ?? null };
    return change.before === change.now ? [] : [change];
  });
}

/** Rules whose packets are to be looked at, the changed ones narrowed to what is new in them. */
export function otherMeanings({ before, now }: Programs): readonly OtherMeaning[] {
  const old = new Map(before?.rules.map((rule) => [rule.identity, rule]));
  const next = new Map(now?.rules.map((rule) => [rule.identity, rule]));
  const come = (now?.rules ?? []).flatMap((rule): OtherMeaning[] => {
    const was = old.get(rule.identity);
    if (was === undefined) return [{ before: null, now: rule.condition }];
    const same = sameExpression(was.condition, rule.condition);
    if (same && sameActions(was, rule)) return [];
    if (same) return [{ before: was.condition, now: rule.condition }];
    return [{ before: narrowed(was.condition, rule.condition), now: narrowed(rule.condition, was.condition) }];
  });
  const gone = (before?.rules ?? []).filter(({ identity }) => !next.has(identity));
  return [...come, ...gone.map(({ condition }): OtherMeaning => ({ before: condition, now: null }))];
}

function sameActions(a: Rule, b: Rule): boolean {
  return JSON.stringify(a.actions) === JSON.stringify(b.actions);
}

/** Places do not count. */
function sameExpression(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((part, index) => sameExpression(part, b[index]));
  }
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(one).filter((key) => key !== 'span');
  return (
    keys.length === Object.keys(other).filter((key) => key !== 'span').length &&
    keys.every((key) => sameExpression(one[key], other[key]))
  );
}

/** The expression with only those ranges that the other does not have, where the two are alike but for ranges. */
function narrowed(expression: Expression, other: Expression): Expression {
  if (expression.kind !== other.kind) return expression;
  switch (expression.kind) {
    case 'and':
    case 'or': {
      const parts = (other as typeof expression).of;
      if (parts.length !== expression.of.length) return expression;
      return { ...expression, of: expression.of.map((part, index) => narrowed(part, parts[index] ?? part)) };
    }
    case 'inner':
    case 'not':
      return { ...expression, of: narrowed(expression.of, (other as typeof expression).of) };
    case 'in': {
      const ranges = rangesBeside(expression.ranges, (other as typeof expression).ranges);
      return ranges.length === 0 ? expression : { ...expression, ranges };
    }
    case 'address': {
      const had = other as typeof expression;
      const [v4, v6] = [rangesBeside(expression.v4, had.v4), rangesBeside(expression.v6, had.v6)];
      return v4.length + v6.length === 0 ? expression : { ...expression, v4, v6 };
    }
    default:
      return expression;
  }
}

function rangesBeside<Range extends NumberRange | BigRange>(
  ranges: readonly Range[],
  others: readonly Range[],
): readonly Range[] {
  const had = new Set(others.map(([first, last]) => `${first}-${last}`));
  return ranges.filter(([first, last]) => !had.has(`${first}-${last}`));
}
