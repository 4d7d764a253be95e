import type { HookStatement, Statement } from '../../grammar/ast.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { HOOK_WORDS } from '../../grammar/fields/hooks.ts';
import type { Span } from '../../grammar/source.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { resolveDefaultAction } from './actions.ts';
import { type Context, didYouMean } from './context.ts';
import type { Verdict } from './program.ts';

/** Where a file does not say. */
const DEFAULT_HOOK: HookName = 'xdp';

/** The hook that a file names, and where; xdp where it names none. */
export function resolveHook(
  context: Context,
  statements: readonly Statement[],
): { readonly hook: HookName; readonly span: Span | null } {
  const [first, ...more] = statements.filter((statement) => statement.kind === 'hook');
  reportAgain(context, 'hook', first, more);
  if (!first) return { hook: DEFAULT_HOOK, span: null };
  return { hook: hookOf(context, first), span: first.span };
}

function reportAgain(
  context: Context,
  statement: 'hook' | 'default',
  first: Statement | undefined,
  more: readonly Statement[],
): void {
  for (const again of more) {
    const related = first ? [{ source: context.source, span: first.span, text: 'the first one' }] : [];
    context.report('PKT2014', { statement }, again.span, 'a second one', { related, help: 'delete one of them' });
  }
}

function hookOf(context: Context, { name, direction }: HookStatement): HookName {
  const written = direction ? `${name.text} ${direction.text}` : name.text;
  const span = { start: name.span.start, end: (direction ?? name).span.end };
  const known = HOOK_WORDS.find((hook) => hook === written);
  if (known === undefined) {
    const meant = suggest(written, HOOK_WORDS) ?? suggest(name.text, HOOK_WORDS);
    context.report('PKT2015', { hook: written }, span, 'not a hook', {
      help: meant === null ? `the hooks are ${HOOK_WORDS.map((hook) => `\`${hook}\``).join(', ')}` : null,
      fixes: meant === null ? [] : [didYouMean(span, meant)],
    });
    return DEFAULT_HOOK;
  }
  return known;
}

/** What happens to a packet that no verdict caught; pass where the file does not say. */
export function resolveDefault(context: Context, statements: readonly Statement[]): Verdict {
  const [first, ...more] = statements.filter((statement) => statement.kind === 'default');
  reportAgain(context, 'default', first, more);
  return (first && resolveDefaultAction(context, first.action)) ?? 'pass';
}
