import type { ListNode, RowNode, Scalar, Value } from '../../grammar/ast.ts';
import type { Span } from '../../grammar/source.ts';
import type { Label } from '../diagnostics/diagnostic.ts';
import type { Context } from './context.ts';

/** Values for the fields of a tuple, and the place in the rule that brought them. */
export interface Row {
  readonly values: readonly Value[];
  readonly written: Span;
}

type Node = Scalar | ListNode | RowNode;

/**
 * The rows that a tuple of so many fields is compared with, names taken apart; null when one of them does not fit or a name is
 * broken, which has been told. With one field a plain value is a row too.
 */
export function rowsOf(context: Context, value: Value | RowNode, fields: number): readonly Row[] | null {
  const rows: Row[] = [];
  const seen = new Set<string>();
  let broken = false;
  const stack: { readonly node: Node; readonly by: Span | null }[] = [{ node: value, by: null }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, by } = next;
    const written = by ?? node.span;
    const defined = node.kind === 'word' && node.times === null ? context.names.lookUp(node.text) : undefined;
    if (node.kind === 'row') {
      if (node.values.length === fields) rows.push({ values: node.values, written });
      else broken = wrongLength(context, node, written, fields);
    } else if (node.kind === 'list') {
      broken ||= node.items.length === 0 && emptyList(context, node);
      for (const item of node.items.toReversed()) stack.push({ node: item, by });
    } else if (node.kind === 'word' && defined !== undefined) {
      context.names.use(node.text);
      if (defined === 'broken') broken = true;
      else if (!seen.has(node.text)) stack.push({ node: defined, by: written });
      seen.add(node.text);
    } else if (fields === 1) {
      rows.push({ values: [node], written });
    } else {
      broken = oneValue(context, node, written, fields);
    }
  }
  return broken ? null : rows;
}

function emptyList(context: Context, list: ListNode): true {
  context.report('PKT2017', {}, list.span, 'no values', { help: 'list a value, or delete the comparison' });
  return true;
}

function wrongLength(context: Context, row: RowNode, written: Span, fields: number): true {
  const label = `${row.values.length} ${row.values.length === 1 ? 'value' : 'values'}`;
  context.report('PKT2027', { values: row.values.length, fields }, written, label, { related: byWayOf(context, row, written) });
  return true;
}

function oneValue(context: Context, node: Scalar, written: Span, fields: number): true {
  context.report('PKT2027', { values: 1, fields }, written, 'a single value', {
    help: 'a value for each field stands in parentheses: `(10.0.0.0/8, 22)`',
    related: byWayOf(context, node, written),
  });
  return true;
}

function byWayOf(context: Context, node: Node, written: Span): readonly Label[] {
  return written === node.span ? [] : [{ source: context.source, span: node.span, text: 'by way of this' }];
}
