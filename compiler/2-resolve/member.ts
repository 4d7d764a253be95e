/** `src in blocked`, `(src, dport) in pairs`: asked of a set that the program fills. */
import type { CompareNode, Key, RowNode, TupleNode, Value } from '../../grammar/ast.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Span } from '../../grammar/source.ts';
import { both, either, refuse } from './compared.ts';
import type { Context } from './context.ts';
import { type DeclaredSet, fits } from './dynamic-sets.ts';
import type { Expression } from './program.ts';
import { keyFields, keyOfWord, wordsText } from './set-key.ts';
import { unknownField } from './unknown-field.ts';

/** The set that a value is, when it is the name of one that the program fills. */
export function namedSet(context: Context, value: Value | RowNode): DeclaredSet | null {
  if (value.kind !== 'word' || value.times !== null) return null;
  const set = context.names.dynamicSet(value.text);
  if (set === undefined) return null;
  context.names.use(value.text);
  return set;
}

/** `addr` and `port` ask twice. Null: refused, and that has been told. */
export function resolveMember(context: Context, node: CompareNode, set: DeclaredSet): Expression | null {
  const { field: word, operator, span } = node;
  const field = fieldNamed(word.text);
  if (!field) return unknownField(context, word, true);
  if (node.mask || node.within || node.nocase || node.bang || node.more.length > 0 || !asks(operator?.text)) {
    refuse(context, operator?.text ?? 'in', field, operator?.span ?? span, 'a set that rules fill', HELP);
    return null;
  }
  const names = field.read.kind === 'either' ? field.read.of : [field.name];
  const negated = operator?.text === '!=';
  const parts = names.map((name): Expression | null => {
    const key = keyOfWord({ text: name, span: word.span });
    return memberOf(context, set, key, negated, span);
  });
  const sound = parts.filter((part) => part !== null);
  if (sound.length < parts.length) return null;
  return negated ? both(sound) : either(sound);
}

/** Null: refused, and that has been told. */
export function resolveTupleMember(context: Context, node: TupleNode, set: DeclaredSet): Expression | null {
  const { fields, operator, span } = node;
  if (!asks(operator.text)) {
    refuse(context, operator.text, { name: wordsText(fields) }, operator.span, 'a set that rules fill', HELP);
    return null;
  }
  return memberOf(context, set, fields, operator.text === '!=', span);
}

const HELP = 'sets are compared with `in`, `=` or `!=`';

function asks(operator: string | undefined): boolean {
  return operator === undefined || ['in', '=', '!='].includes(operator);
}

function memberOf(context: Context, set: DeclaredSet, key: Key, negated: boolean, span: Span): Expression | null {
  const fields = keyFields(context, key);
  if (fields === null || !fits(context, set, fields, key)) return null;
  const names = fields.map(({ name }) => name);
  const member: Expression = { kind: 'member', field: names[0] ?? '', fields: names, set: set.place, span };
  if (!negated) return member;
  return both([...fields.map((field): Expression => present(field, span)), { kind: 'not', of: member }]);
}

function present({ name }: Field, span: Span): Expression {
  return { kind: 'present', field: name, span };
}
