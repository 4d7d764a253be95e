import type { Action } from '../../grammar/actions/action.ts';
import { ACTIONS, actionNamed } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import type { ActionNode } from '../../grammar/ast.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { type Arguments, readArguments } from './action-arguments.ts';
import { type Context, didYouMean } from './context.ts';
import type { AddAction, LogAction, RuleActions, Verdict } from './program.ts';
import { isSetAction, resolveSetAction } from './set-actions.ts';

interface Read {
  readonly action: Action;
  readonly node: ActionNode;
  readonly given: Arguments;
}

/** What a rule does; null when an action in it is wrong, and every such action has been told. */
export function resolveActions(context: Context, nodes: readonly ActionNode[]): RuleActions | null {
  const reads = nodes.filter((node) => !isSetAction(node)).map((node) => readAction(context, node));
  const known = reads.filter((read) => read !== null);
  const fits = agree(context, known);
  const changes = nodes.filter(isSetAction).map((node) => ({ node, add: resolveSetAction(context, node) }));
  const adds = changes.flatMap(({ node, add }) => (add === null ? [] : [{ node, add }]));
  if (known.length < reads.length || !fits || adds.length < changes.length) return null;
  if (!decidesOnce(context, known, adds)) return null;
  const named = (name: string) => known.find((read) => read.action.name === name)?.given;
  const decides = known.find(({ action }) => isVerdict(action));
  const log = named('log');
  const mark = named('mark')?.leading;
  const redirect = named('redirect')?.leading;
  return {
    verdict: decides ? (decides.action.name as Verdict) : null,
    log: log ? logOf(log.values) : null,
    mark: typeof mark === 'number' ? mark : null,
    redirect: typeof redirect === 'string' ? redirect : null,
    ...(adds.length === 0 ? {} : { adds: adds.map(({ add }) => add) }),
  };
}

/** What adding comes to and the verdict of the rule are one: `block src for 10m, drop` says nothing twice. */
function decidesOnce(
  context: Context,
  reads: readonly Read[],
  adds: readonly { readonly node: ActionNode; readonly add: AddAction }[],
): boolean {
  const read = reads.find(({ action }) => isVerdict(action));
  let sound = true;
  const same = new Map<string, ActionNode>();
  for (const { node, add } of adds) {
    const key = `${add.set} ${add.fields.join()}`;
    const earlier = same.get(key);
    if (earlier) {
      sound = false;
      context.report('PKT2021', { first: earlier.name.text, second: node.name.text }, node.span, 'the same again', {
        related: [{ source: context.source, span: earlier.span, text: 'the first one' }],
        help: 'delete one of them',
      });
    }
    same.set(key, node);
    if (read === undefined) continue;
    const own = read.action.name;
    const other =
      add.blocks && own !== 'drop' ? 'block' : add.otherwise !== null && add.otherwise !== own ? add.otherwise : null;
    if (other === null) continue;
    sound = false;
    const second = other === 'block' ? 'block' : `else ${other}`;
    context.report('PKT2069', { first: wordsOf(read), second }, node.span, 'decides, too', {
      related: [{ source: context.source, span: read.node.span, text: 'the verdict' }],
      help: `put \`${wordsOf(read)}\` into a rule of its own, below this one`,
    });
  }
  return sound;
}

/** What may stand behind `default`. Nothing is known of a packet that no rule wants: it is not sent anywhere. */
const DEFAULTS: Readonly<Record<string, Verdict>> = { pass: 'pass', drop: 'drop', reject: 'reject', audit: 'audit' };
const DEFAULTS_HELP = 'the default is `pass`, `drop`, `reject` or `audit drop`';

/** The verdict of `default …`; null when it is wrong, which has been told. */
export function resolveDefaultAction(context: Context, node: ActionNode): Verdict | null {
  const { text, span } = node.name;
  const verdict = Object.hasOwn(DEFAULTS, text) ? DEFAULTS[text] : undefined;
  if (verdict !== undefined) return readAction(context, node) && verdict;
  const later = Object.hasOwn(LATER_ACTIONS, text) ? LATER_ACTIONS[text] : undefined;
  if (later === 'verdict' || later === 'rehearse') {
    const what = `\`default ${text}\``;
    return context.report('PKT2008', { what }, span, 'part of the language, but not of this version');
  }
  const action = actionNamed(text);
  const refusal = !action ? 'not a verdict' : isVerdict(action) ? 'only for packets that a rule names' : 'decides nothing';
  const meant = action ? null : suggest(text, Object.keys(DEFAULTS));
  return context.report('PKT2016', { action: text }, span, refusal, {
    help: meant === null ? DEFAULTS_HELP : null,
    fixes: meant === null ? [] : [didYouMean(span, meant === 'audit' ? 'audit drop' : meant)],
  });
}

/** `audit drop` ends the evaluation as `drop` does. */
function isVerdict({ kind }: Action): boolean {
  return kind === 'verdict' || kind === 'rehearse';
}

function logOf(values: Arguments['values']): LogAction {
  return { sample: values.get('sample') ?? 1, payload: values.get('payload') ?? 0 };
}

/** As it is written, without its parameters. */
function wordsOf({ action, given }: Read): string {
  return given.leading === null ? action.name : `${action.name} ${given.leading}`;
}

/** Two verdicts are an error; the same action twice is a warning, and the first one holds. */
function agree(context: Context, reads: readonly Read[]): boolean {
  const first = new Map<string, Read>();
  let verdict: Read | null = null;
  let fits = true;
  for (const read of reads) {
    const { action, node } = read;
    const same = first.get(action.name);
    const label = (one: Read, text: string) => ({ source: context.source, span: one.node.span, text });
    if (same && same.given.leading !== read.given.leading) {
      fits = false;
      context.report('PKT2021', { first: wordsOf(same), second: wordsOf(read) }, node.span, 'another one', {
        related: [label(same, 'the first one')],
        help: `one rule, one \`${action.name}\`: delete one of them`,
      });
    } else if (same) {
      context.report('PKT2022', { action: action.name }, node.span, 'given again', {
        related: [label(same, 'this one holds')],
        help: 'delete one of them',
      });
    } else if (isVerdict(action) && verdict !== null) {
      fits = false;
      context.report('PKT2021', { first: wordsOf(verdict), second: wordsOf(read) }, node.span, 'a second verdict', {
        related: [label(verdict, 'the first verdict')],
        help: 'one rule, one verdict: delete one of them',
      });
    }
    if (isVerdict(action)) verdict ??= read;
    if (!same) first.set(action.name, read);
  }
  return fits;
}

function readAction(context: Context, node: ActionNode): Read | null {
  const { text, span } = node.name;
  const action = actionNamed(text);
  if (action) {
    const given = readArguments(context, action, node);
    return given && { action, node, given };
  }
  if (Object.hasOwn(LATER_ACTIONS, text)) {
    return context.report('PKT2008', { what: `the action \`${text}\`` }, span, 'part of the language, but not of this version');
  }
  const meant = meantAction(text);
  return context.report('PKT2002', { name: text }, span, 'not an action', {
    help: meant === null ? `the actions are ${ACTIONS.map(({ name }) => `\`${name}\``).join(', ')}` : null,
    fixes: meant === null ? [] : [didYouMean(span, meant)],
  });
}

/** How other tools call the verdicts. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  accept: 'pass',
  allow: 'pass',
  permit: 'pass',
  deny: 'drop',
  discard: 'drop',
  refuse: 'reject',
  reset: 'reject',
  forward: 'redirect',
  fwmark: 'mark',
};

function meantAction(text: string): string | null {
  const elsewhere = Object.hasOwn(ELSEWHERE, text) ? ELSEWHERE[text] : undefined;
  return elsewhere ?? suggest(text, [...ACTIONS.map((action) => action.name), ...Object.keys(LATER_ACTIONS)]);
}
