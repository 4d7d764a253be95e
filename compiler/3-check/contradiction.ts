import type { Expression, Program, Rule } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Alike, inEvery } from './alike.ts';
import { hiddenFields } from './hidden-field.ts';
import { conjuncts, leavesOf, spanOf } from './leaves.ts';
import { satisfy } from './satisfy.ts';

/** PKT3001: a condition, or an alternative in it, that no packet satisfies. */
export function contradiction(program: Program, alike: Alike): readonly Diagnostic[] {
  return inEvery(alike, (rule) => (hiddenFields(program, rule).length === 0 ? find(program, rule, rule.condition) : []));
}

/** The smallest parts that are impossible: alternatives one by one, then one conjunct, then a pair of them, then all together. */
function find(program: Program, rule: Rule, expression: Expression): readonly Diagnostic[] {
  const { hook } = program;
  if (expression.kind === 'or' && isWritten(expression.of)) return expression.of.flatMap((part) => find(program, rule, part));
  const parts = conjuncts(expression);
  if (satisfy([expression], hook).possible) {
    return expression.kind === 'and' ? parts.flatMap((part) => (part.kind === 'or' ? find(program, rule, part) : [])) : [];
  }
  const alone = parts.find((part) => !satisfy([part], hook).possible);
  if (alone && alone !== expression) return find(program, rule, alone);
  if (alone) return [tell(rule, [alone], null)];
  for (const [index, part] of parts.entries()) {
    for (const earlier of parts.slice(0, index)) {
      const verdict = satisfy([earlier, part], hook);
      if (!verdict.possible) return [tell(rule, [earlier, part], verdict.field)];
    }
  }
  return [tell(rule, parts.length > 0 ? [expression] : [], null)];
}

/** Alternatives of one span come from one comparison, such as `addr`: one of them being impossible is nobody's mistake. */
function isWritten(alternatives: readonly Expression[]): boolean {
  const spans = new Set(alternatives.map((part) => JSON.stringify(spanOf(part))));
  return spans.size > 1;
}

const REASONS: Readonly<Record<string, string>> = {
  frag: 'only a packet that is no later fragment has a transport header',
  direction: 'the hook sees one direction only',
};

function tell(rule: Rule, all: readonly Expression[], field: string | null): Diagnostic {
  const { source } = rule;
  const parts = all.flatMap((part) => {
    const span = spanOf(part);
    return span ? [{ part, span }] : [];
  });
  const [first, second] = parts;
  const texts = parts.map(({ part, span }) => {
    const text = source.text.slice(span.start, span.end).replace(/\s+/g, ' ');
    return part.kind === 'not' ? `not ${text}` : text;
  });
  const mentions = new Set(parts.flatMap(({ part }) => [...leavesOf(part)].map((leaf) => leaf.predicate.field)));
  const reason = field !== null && !(parts.length === 2 && mentions.size === 1) ? (REASONS[field] ?? null) : null;
  const help = reason ?? 'no packet is like this; `or` or a list `{ … }` means any of several';
  if (!first || !second) {
    const whole = first?.span ?? rule.span;
    return diagnostic('PKT3001', { parts: texts }, { source, span: whole, text: 'no packet is like this' }, { help: reason });
  }
  const text = field === null ? 'asks for the contrary' : `asks for another \`${field}\``;
  return diagnostic(
    'PKT3001',
    { parts: texts },
    { source, span: second.span, text },
    { help, related: [{ source, span: first.span, text: 'than this' }] },
  );
}
