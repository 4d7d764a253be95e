/** `(src, dport) in pairs`: rows of values, one for each field. */
import type { CompareNode, TupleNode, Value, Word } from '../../grammar/ast.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Span } from '../../grammar/source.ts';
import { both, either, type Surroundings } from './compared.ts';
import { resolveCell } from './comparison.ts';
import type { Context } from './context.ts';
import { namedSet, resolveTupleMember } from './member.ts';
import { mergedRows } from './merged-rows.ts';
import type { Expression } from './program.ts';
import { rowsOf } from './rows.ts';
import { unknownField } from './unknown-field.ts';

/** Null: something in it is wrong, and has been told. */
export function resolveTuple(context: Context, node: TupleNode, around: Surroundings): Expression | null {
  const set = namedSet(context, node.value);
  if (set !== null) return resolveTupleMember(context, node, set);
  const fields = fieldsOf(context, node);
  const { operator, span } = node;
  if (!['in', '=', '!='].includes(operator.text)) {
    return context.report(
      'PKT2006',
      { operator: operator.text, field: nameOf(node) },
      operator.span,
      'several fields at once',
      {
        help: 'tuples are compared with `in`, `=` or `!=`',
      },
    );
  }
  const rows = rowsOf(context, node.value, node.fields.words.length);
  if (fields === null || rows === null) return null;
  const inside: Surroundings = { ...around, alone: false, cell: true };
  const table: (readonly Expression[])[] = [];
  for (const row of rows) {
    const cells = row.values.map((value, at) => cell(context, node, fields[at], value, inside));
    if (cells.includes(null)) return null;
    table.push(cells.filter((part) => part !== null));
  }
  const any = either(mergedRows(table).map(both));
  return operator.text === '!='
    ? both([...fields.flatMap(({ field }) => presence(field, span)), { kind: 'not', of: any }])
    : any;
}

interface Column {
  readonly word: Word;
  readonly field: Field;
}

function nameOf({ fields }: TupleNode): string {
  return `(${fields.words.map((word) => word.text).join(', ')})`;
}

function fieldsOf(context: Context, node: TupleNode): readonly Column[] | null {
  const columns: Column[] = [];
  let wrong = false;
  for (const word of node.fields.words) {
    const field = fieldNamed(word.text);
    const earlier = columns.find((column) => column.field === field);
    if (!field) unknownField(context, word, true);
    else if (field.type.kind === 'truth' || field.type.kind === 'bytes') {
      const what = field.type.kind === 'truth' ? 'stands alone' : 'is compared with an operator of its own';
      context.report('PKT2006', { operator: nameOf(node), field: field.name }, word.span, what, {
        help: 'write it beside the tuple',
      });
    } else if (earlier) {
      context.report('PKT2044', { field: field.name }, word.span, 'once more', { help: 'a tuple has each field once' });
    } else {
      columns.push({ word, field });
      continue;
    }
    wrong = true;
  }
  return wrong ? null : columns;
}

/** One place of a row, as if it were written `field value`. */
function cell(
  context: Context,
  node: TupleNode,
  column: Column | undefined,
  value: Value,
  around: Surroundings,
): Expression | null {
  if (column === undefined) return null;
  const written: CompareNode = {
    kind: 'compare',
    span: value.span,
    field: column.word,
    slice: null,
    mask: null,
    within: null,
    operator: null,
    nocase: null,
    bang: false,
    value,
    more: [],
    per: null,
  };
  const resolved = resolveCell(context, written, column.field, around);
  return resolved && placed(resolved, node.span);
}

/** Everything that came of a tuple has its place: no part of it is a condition that somebody wrote. */
function placed(expression: Expression, span: Span): Expression {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return { ...expression, of: expression.of.map((part) => placed(part, span)) };
    case 'not':
      return { kind: 'not', of: placed(expression.of, span) };
    default:
      return { ...expression, span };
  }
}

function presence(field: Field, span: Span): readonly Expression[] {
  if (field.read.kind !== 'either') return [{ kind: 'present', field: field.name, span }];
  return [either(field.read.of.map((name) => ({ kind: 'present', field: name, span })))];
}
