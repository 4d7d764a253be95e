import type { HookName } from '../../grammar/fields/field.ts';
import { hooksOf } from '../../grammar/fields/hooks.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Expression, Predicate, Program, Rule } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Alike, inEvery } from './alike.ts';
import { type Leaf, leavesOf } from './leaves.ts';
import { satisfy } from './satisfy.ts';

interface Hidden {
  readonly predicate: Predicate;
  /** Hooks that see it. */
  readonly hooks: readonly HookName[];
}

const HOOKS_BOTH_WAYS: readonly HookName[] = ['tc ingress', 'tc egress', 'cgroup ingress', 'cgroup egress'];

/** What a rule asks for that the program's hook cannot see. */
export function hiddenFields(program: Program, rule: Rule): readonly Hidden[] {
  const { hook } = program;
  const hidden = new Map<number, Hidden>();
  for (const { predicate, negated } of [...leavesOf(rule.condition), ...besideInner(rule.condition)]) {
    const hooks = fieldNamed(predicate.field)?.hooks;
    if (hooks && !hooksOf(hook).every((one) => hooks.includes(one))) hidden.set(predicate.span.start, { predicate, hooks });
    if (predicate.field === 'direction' && !negated && predicate.kind === 'in' && !satisfy([predicate], hook).possible) {
      const seeing = HOOKS_BOTH_WAYS.filter((other) => satisfy([predicate], other).possible);
      if (seeing.length > 0) hidden.set(predicate.span.start, { predicate, hooks: seeing });
    }
  }
  return [...hidden.values()];
}

/** `mark`, `iface` and `direction` are those of the packet outside, in `inner( … )` too. */
function* besideInner(expression: Expression): Generator<Leaf> {
  if (expression.kind === 'not') yield* besideInner(expression.of);
  else if (expression.kind === 'and' || expression.kind === 'or') for (const part of expression.of) yield* besideInner(part);
  else if (expression.kind === 'inner')
    for (const leaf of leavesOf(expression.of)) if (fieldNamed(leaf.predicate.field)?.read.kind === 'context') yield leaf;
}

/** PKT3002: a field that does not exist at the hook, or a direction that never comes by. */
export function hiddenField(program: Program, alike: Alike): readonly Diagnostic[] {
  const { source, hook, hookSpan } = program;
  return inEvery(alike, (rule) =>
    hiddenFields(program, rule).map(({ predicate, hooks }) => {
      const { span, field } = predicate;
      const what = field === 'direction' ? source.text.slice(span.start, span.end) : field;
      const related = hookSpan ? [{ source, span: hookSpan, text: 'the hook' }] : [];
      const list = hooks.map((name) => `\`${name}\``).join(', ');
      const text =
        field === 'direction' ? 'never comes by here' : `not there ${hook === 'xdp' ? 'yet' : 'any more'} when this hook runs`;
      return diagnostic('PKT3002', { what, hook }, { source, span, text }, { related, help: `hooks that see it: ${list}` });
    }),
  );
}
