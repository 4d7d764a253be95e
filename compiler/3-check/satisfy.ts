import type { HookName } from '../../grammar/fields/field.ts';
import type { Expression, Predicate } from '../2-resolve/program.ts';
import { accepting, type Domain, refusing, unknownDomain } from './domain.ts';
import { implied, impliedByFamilies, impliedByPatterns, TUNNEL } from './implied.ts';

/** Something that has to hold, or with `negated` must not. */
interface Goal {
  readonly expression: Expression;
  readonly negated: boolean;
}

/** Goals yet to be met, as a list that branches share. */
type Goals = { readonly first: Goal; readonly rest: Goals } | null;

/** What is known so far; domains are replaced, never changed. */
type State = ReadonlyMap<string, Domain>;

interface Search {
  /** Goals it may still look at: past that, a condition counts as possible. */
  budget: number;
  /** The field in which the last dead end was met. */
  conflict: string | null;
  readonly hook: HookName;
}

const BUDGET = 4000;
/** Choices in one another; each is a level of recursion. */
const DEEPEST = 200;

export type Verdict =
  | { readonly possible: true }
  /** `field`: where the contradiction came out. */
  | { readonly possible: false; readonly field: string | null };

/**
 * Whether some packet at the hook may satisfy all of the expressions. "Impossible" is certain, by `docs/packets.md`; "possible" is
 * also said where it would take too long to know.
 */
export function satisfy(expressions: readonly Expression[], hook: HookName): Verdict {
  const search: Search = { budget: BUDGET, conflict: null, hook };
  const goals = expressions.reduceRight<Goals>((rest, expression) => ({ first: { expression, negated: false }, rest }), null);
  const possible = solve(goals, null, initialState(hook), search, 0);
  return possible ? { possible } : { possible, field: search.conflict };
}

/** The direction of a packet is decided by where the program is attached. */
function initialState(hook: HookName): State {
  const direction = hook === 'xdp' || hook.endsWith(' ingress') ? 0 : hook.endsWith(' egress') ? 1 : null;
  if (direction === null) return new Map();
  return new Map([['direction', { ...unknownDomain('direction'), values: [[direction, direction]] }]]);
}

/** `choices` wait until there is nothing certain left to note: most contradictions come out without choosing. */
function solve(goals: Goals, waiting: Goals, start: State, search: Search, depth: number): boolean {
  const state = new Map(start);
  let todo = goals;
  let choices = waiting;
  while (todo !== null) {
    search.budget -= 1;
    if (search.budget < 0 || depth > DEEPEST) return true;
    const { expression, negated }: Goal = todo.first;
    const rest: Goals = todo.rest;
    if (expression.kind === 'not') {
      todo = { first: { expression: expression.of, negated: !negated }, rest };
    } else if (expression.kind === 'inner') {
      if (
        !negated &&
        !solve(
          { first: { expression: expression.of, negated }, rest: null },
          null,
          initialState(search.hook),
          search,
          depth + 1,
        )
      )
        return false;
      // The packet in a tunnel has fields of its own; of the one round it is known that it is a tunnel's.
      todo = negated ? rest : { first: { expression: TUNNEL, negated }, rest };
    } else if (expression.kind !== 'and' && expression.kind !== 'or') {
      const added = assume(expression, negated, state, search);
      if (added === null) return false;
      todo = added.reduceRight<Goals>((list, goal) => ({ first: { expression: goal, negated: false }, rest: list }), rest);
    } else if ((expression.kind === 'and') !== negated) {
      todo = expression.of.reduceRight<Goals>((list, part) => ({ first: { expression: part, negated }, rest: list }), rest);
    } else {
      choices = { first: todo.first, rest: choices };
      todo = rest;
    }
  }
  if (choices === null) return true;
  const { first, rest: others }: { readonly first: Goal; readonly rest: Goals } = choices;
  const { expression, negated } = first;
  const parts = expression.kind === 'and' || expression.kind === 'or' ? expression.of : [];
  return parts.some((part) => solve({ first: { expression: part, negated }, rest: null }, others, state, search, depth + 1));
}

/** Notes a predicate as true or false: what follows from it, or null when it cannot be. */
function assume(
  predicate: Predicate,
  negated: boolean,
  state: Map<string, Domain>,
  search: Search,
): readonly Expression[] | null {
  const { field } = predicate;
  const before = state.get(field) ?? unknownDomain(field);
  const after = negated ? refusing(before, predicate) : accepting(before, predicate);
  if (after === null) {
    search.conflict = field;
    return null;
  }
  state.set(field, after);
  if (after.presence !== 'present') return [];
  const follows: Expression[] = [];
  if (before.presence !== 'present') {
    const needs = implied(field);
    if (needs) follows.push(needs);
  }
  const families = (domain: Domain): readonly [boolean, boolean] => [domain.v4.length > 0, domain.v6.length > 0];
  const [v4, v6] = families(after);
  if ((predicate.kind === 'address' || predicate.kind === 'masked') && !(v4 && v6)) follows.push(impliedByFamilies(v4, v6));
  if (predicate.kind === 'contains' && !negated) follows.push(impliedByPatterns(predicate.patterns));
  return follows;
}
