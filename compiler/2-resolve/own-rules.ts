/**
 * Rules that nobody wrote, so that every packet is decided and counted by one: ahead of all others those that ask what has been
 * blocked, and behind all others those that an addition leads to. The latter hold for no packet by themselves.
 */
import type { RuleStatement } from '../../grammar/ast.ts';
import { moved } from '../1-parse/moved.ts';
import { lineAt } from '../diagnostics/position.ts';
import type { DeclaredSet } from './dynamic-sets.ts';
import { createIdentities, identityText } from './identity.ts';
import { fileAt, type Whole } from './placed.ts';
import type { DynamicSet, Expression, Program, Rule } from './program.ts';

export interface OwnRules {
  readonly ahead: readonly Rule[];
  /** Labels that no rule of the file can have. */
  readonly labels: readonly (RuleStatement['label'] & object)[];
}

const NEVER: Expression = { kind: 'or', of: [] };

/** A rule `block.src` for each set that `block` fills. */
export function rulesAhead(whole: Whole, sets: readonly DeclaredSet[]): OwnRules {
  const ahead = sets
    .filter(({ blocks }) => blocks)
    .map((set, index) => {
      const names = set.fields.map(({ name }) => name);
      const span = placeOf(whole, set).span;
      const asked: Expression = { kind: 'member', field: names[0] ?? '', fields: names, set: set.place, span };
      return ownRule(whole, set, index, set.name, asked, 'drop');
    });
  return { ahead, labels: sets.filter(({ blocks }) => blocks).map(({ name: text, span }) => ({ text, span })) };
}

/** The sets as the program has them, and the rules that additions lead to. */
export function withDeciders(
  whole: Whole,
  rules: readonly Rule[],
  declared: readonly DeclaredSet[],
): { readonly rules: readonly Rule[]; readonly sets: readonly DynamicSet[] } {
  if (declared.length === 0) return { rules, sets: [] };
  const behind: Rule[] = [];
  const sets = declared.map((set): DynamicSet => {
    const adds = rules.flatMap(({ actions }) =>
      actions.verdict === null ? (actions.adds ?? []).filter((one) => one.set === set.place) : [],
    );
    const decider = (wanted: boolean, name: string, verdict: 'drop' | 'pass'): number | null => {
      if (!wanted) return null;
      const index = rules.length + behind.length;
      behind.push(ownRule(whole, set, index, name, NEVER, verdict));
      return index;
    };
    const { name, size, timeout_ms, blocks } = set;
    const blocked = decider(
      adds.some((one) => one.blocks),
      `${name}.now`,
      'drop',
    );
    const full = (verdict: 'drop' | 'pass') =>
      decider(
        adds.some(({ otherwise }) => otherwise === verdict),
        `${name}.full.${verdict}`,
        verdict,
      );
    const deciders = { blocked, drop: full('drop'), pass: full('pass') };
    return { name, fields: set.fields.map((field) => field.name), size, timeout_ms, blocks, deciders, ...placeOf(whole, set) };
  });
  return { rules: behind.length === 0 ? rules : [...rules, ...behind], sets };
}

function placeOf(whole: Whole, { span }: DeclaredSet): Pick<DynamicSet, 'source' | 'span'> {
  const { source, base } = fileAt(whole, span.start);
  return { source, span: moved(span, -base) };
}

function ownRule(
  whole: Whole,
  set: DeclaredSet,
  index: number,
  name: string,
  condition: Expression,
  verdict: 'drop' | 'pass',
): Rule {
  const { lines } = fileAt(whole, set.span.start);
  const { source, span } = placeOf(whole, set);
  const identities = createIdentities(1, null);
  identities.ofLabel(name, 0, name.length);
  const { a, b } = identities.last;
  return {
    index,
    name,
    label: name,
    identity: identityText(a, b),
    source,
    span,
    line: lineAt(lines, span.start) + 1,
    condition,
    actions: { verdict, log: null, mark: null, redirect: null },
  };
}

/** How many of a program's rules somebody wrote. */
export function writtenRules({ rules, dynamicSets = [] }: Pick<Program, 'rules' | 'dynamicSets'>): number {
  const own = dynamicSets.reduce((count, { blocks, deciders: { blocked, drop, pass } }) => {
    return count + (blocks ? 1 : 0) + [blocked, drop, pass].filter((index) => index !== null).length;
  }, 0);
  return rules.length - own;
}
