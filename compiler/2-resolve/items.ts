import type { LiteralScalar, RowNode, Scalar, StringScalar, Value, WordScalar } from '../../grammar/ast.ts';
import type { Span } from '../../grammar/source.ts';
import type { Label } from '../diagnostics/diagnostic.ts';
import type { Context } from './context.ts';
import type { FileSet } from './file-set.ts';

/** One value of a comparison, and the place in the rule that brought it: itself, or the name it came by. */
export interface Item {
  readonly scalar: LiteralScalar | StringScalar | WordScalar;
  readonly written: Span;
}

/** A file of values that a comparison names. */
export interface SetItem {
  readonly name: string;
  readonly set: FileSet;
  /** Where the rule says it. */
  readonly written: Span;
}

export interface Items {
  readonly list: readonly Item[];
  /** Files of values: kept whole, for they are long. */
  readonly sets: readonly SetItem[];
  /** Written in braces, or came by a name that was. */
  readonly braced: boolean;
}

/**
 * A value with its names taken apart; null when a name in it is broken or a list empty, which has been told. Words that nobody
 * defined stay, for the field to judge. Each name is gone into once: a list is a set, and lists of lists cannot explode.
 */
export function itemsOf(context: Context, value: Value): Items | null {
  const list: Item[] = [];
  const sets: SetItem[] = [];
  const seen = new Set<string>();
  const state = { braced: false, broken: false };
  const stack: { readonly value: Value | RowNode; readonly written: Span | null }[] = [{ value, written: null }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (next.value.kind === 'list') {
      state.braced = true;
      if (next.value.items.length === 0) {
        state.broken = true;
        context.report('PKT2017', {}, next.value.span, 'no values', { help: 'list a value, or delete the comparison' });
      }
      for (let index = next.value.items.length - 1; index >= 0; index -= 1) {
        const item = next.value.items[index];
        if (item) stack.push({ value: item, written: next.written });
      }
    } else if (next.value.kind === 'row') {
      state.broken = true;
      context.report('PKT2026', {}, next.written ?? next.value.span, 'several values', {
        help: 'compare as many fields at once: `(src, dport) in { (10.0.0.0/8, 22) }`',
        related: next.written ? [{ source: context.source, span: next.value.span, text: 'by way of this' }] : [],
      });
    } else {
      takeScalar(context, next.value, next.written);
    }
  }
  return state.broken ? null : { list, sets, braced: state.braced };

  function takeScalar(within: Context, scalar: Scalar, by: Span | null): void {
    const set = scalar.kind === 'word' && scalar.times === null ? within.names.fileSet(scalar.text) : undefined;
    if (set) {
      state.braced = true;
      within.names.use(scalar.text);
      if (!seen.has(scalar.text)) sets.push({ name: scalar.text, set, written: by ?? scalar.span });
      seen.add(scalar.text);
      return;
    }
    const dynamic = scalar.kind === 'word' ? within.names.dynamicSet(scalar.text) : undefined;
    if (dynamic !== undefined) {
      within.names.use(dynamic.name);
      state.broken = true;
      within.report('PKT2068', { name: dynamic.name }, by ?? scalar.span, 'not one value among others', {
        help: `compare twice: \`src in ${dynamic.name} or src in …\``,
      });
      return;
    }
    const defined = scalar.kind === 'word' && scalar.times === null ? within.names.lookUp(scalar.text) : undefined;
    if (scalar.kind !== 'word' || defined === undefined) {
      list.push({ scalar, written: by ?? scalar.span });
      return;
    }
    within.names.use(scalar.text);
    if (defined === 'broken') state.broken = true;
    else if (!seen.has(scalar.text)) stack.push({ value: defined, written: by ?? scalar.span });
    seen.add(scalar.text);
  }
}

/** Where to point: at the value in the rule, and, when it came by a name, at the definition too. */
export function related(context: Context, item: Item, text: string): readonly Label[] {
  return item.written === item.scalar.span ? [] : [{ source: context.source, span: item.scalar.span, text }];
}
