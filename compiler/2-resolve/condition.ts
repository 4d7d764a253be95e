import type { Condition } from '../../grammar/ast.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import type { Span } from '../../grammar/source.ts';
import { both, either, type Surroundings } from './compared.ts';
import { resolveComparison } from './comparison.ts';
import type { Context } from './context.ts';
import type { Expression } from './program.ts';
import { unknownField } from './unknown-field.ts';

/** Standalone words that some field's names depend on. */
const TELLING: ReadonlySet<string> = new Set(
  FIELDS.flatMap((field) => (field.type.kind === 'uint' ? Object.keys(field.type.namesUnder ?? {}) : [])),
);

export const ALONE: Surroundings = { under: new Set(), alone: true };

/** What a condition asks of a packet; null when any part of it is wrong, and every such part has been told. */
export function resolveCondition(context: Context, condition: Condition, around: Surroundings = ALONE): Expression | null {
  switch (condition.kind) {
    case 'group':
      return resolveCondition(context, condition.of, { ...around, alone: true });
    case 'not': {
      const of = resolveCondition(context, condition.of, { ...around, alone: false });
      return of && { kind: 'not', of };
    }
    case 'and': {
      const beside = { under: new Set([...around.under, ...condition.of.flatMap(tellingWord)]), alone: true };
      return join(
        condition.of.map((part) => resolveCondition(context, part, beside)),
        'and',
      );
    }
    case 'or':
      return join(
        condition.of.map((part) => resolveCondition(context, part, { ...around, alone: false })),
        'or',
      );
    case 'bare':
      return resolveBare(condition.word.text, condition.span);
    case 'compare':
      return resolveComparison(context, condition, around);
    case 'call': {
      const { name } = condition;
      if (!Object.hasOwn(LATER_FIELDS, name.text)) return unknownField(context, name, true);
      return context.report(
        'PKT2008',
        { what: `\`${name.text}( … )\`` },
        name.span,
        'part of the language, but not of this version',
      );
    }
  }
}

function tellingWord(condition: Condition): readonly string[] {
  return condition.kind === 'bare' && TELLING.has(condition.word.text) ? [condition.word.text] : [];
}

/** Parts of the same kind are taken in, so that `(a b) c` is one `and`. */
function join(parts: readonly (Expression | null)[], kind: 'and' | 'or'): Expression | null {
  const of: Expression[] = [];
  for (const part of parts) {
    if (part === null) return null;
    if (part.kind === kind) for (const inner of part.of) of.push(inner);
    else of.push(part);
  }
  return kind === 'and' ? both(of) : either(of);
}

/** `any` is the empty `and`. */
function resolveBare(word: string, span: Span): Expression {
  const facts = BARE_WORDS[word] ?? [];
  return both(facts.map((fact) => ({ kind: 'in', field: fact.field, ranges: [[fact.value, fact.value]], span })));
}
