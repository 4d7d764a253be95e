import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import type { DefaultStatement, HookStatement, Statement } from '../../grammar/ast.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { Span } from '../../grammar/source.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { type Context, didYouMean } from './context.ts';
import type { Verdict } from './program.ts';

const HOOKS: readonly HookName[] = ['xdp', 'tc ingress', 'tc egress', 'socket', 'cgroup ingress', 'cgroup egress'];

/** The one hook that programs can be made for. */
const SUPPORTED: HookName = 'xdp';

/** The hook that a file names, and where; xdp where it names none. */
export function resolveHook(
  context: Context,
  statements: readonly Statement[],
): { readonly hook: HookName; readonly span: Span | null } {
  const [first, ...more] = statements.filter((statement) => statement.kind === 'hook');
  reportAgain(context, 'hook', first, more);
  if (!first) return { hook: SUPPORTED, span: null };
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
  const known = HOOKS.find((hook) => hook === written);
  // `hook tc` and `hook cgroup` are both directions at once.
  const whole = known ?? HOOKS.find((hook) => hook.startsWith(`${written} `));
  if (whole === undefined) {
    const meant = suggest(written, HOOKS) ?? suggest(name.text, HOOKS);
    context.report('PKT2015', { hook: written }, span, 'not a hook', {
      help: meant === null ? `the hooks are ${HOOKS.map((hook) => `\`${hook}\``).join(', ')}` : null,
      fixes: meant === null ? [] : [didYouMean(span, meant)],
    });
    return SUPPORTED;
  }
  if (whole !== SUPPORTED)
    context.report('PKT2008', { what: `the hook \`${written}\`` }, span, 'part of the language, but not of this version');
  return whole;
}

/** What happens to a packet that no verdict caught; pass where the file does not say. */
export function resolveDefault(context: Context, statements: readonly Statement[]): Verdict {
  const [first, ...more] = statements.filter((statement) => statement.kind === 'default');
  reportAgain(context, 'default', first, more);
  return first ? verdictOf(context, first) : 'pass';
}

function verdictOf(context: Context, { action }: DefaultStatement): Verdict {
  const { text, span } = action.name;
  const [argument] = action.arguments;
  if (text === 'pass' || text === 'drop') {
    if (argument) {
      context.report(
        'PKT2018',
        { action: text, argument: context.source.text.slice(argument.span.start, argument.span.end) },
        argument.span,
        'not part of this action',
        {
          help: `write \`default ${text}\``,
        },
      );
    }
    return text;
  }
  if (Object.hasOwn(LATER_ACTIONS, text) && ['verdict', 'rehearse'].includes(LATER_ACTIONS[text] ?? '')) {
    context.report('PKT2008', { what: `\`default ${text}\`` }, span, 'part of the language, but not of this version');
    return 'pass';
  }
  const meant = suggest(text, ['pass', 'drop']);
  context.report('PKT2016', { action: text }, span, 'not a verdict', {
    help: meant === null ? 'the default is `pass` or `drop`' : null,
    fixes: meant === null ? [] : [didYouMean(span, meant)],
  });
  return 'pass';
}
