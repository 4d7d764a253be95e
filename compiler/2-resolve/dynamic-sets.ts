/** `set blocked : src size 100k timeout 10m`, and the sets that `block src` comes to. */
import type { ActionNode, Key, LiteralScalar, RuleStatement, Scalar, SetStatement, Word } from '../../grammar/ast.ts';
import type { Field } from '../../grammar/fields/field.ts';
import type { Span } from '../../grammar/source.ts';
import { judgeDuration } from '../../grammar/values/duration.ts';
import { judgeNumber } from '../../grammar/values/number.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { type Context, didYouMean, textOf } from './context.ts';
import { keyFields, keyOfWord, keyText, quietKey, sameKind, wordsText } from './set-key.ts';
import { accept } from './value-problem.ts';

/** Elements of one set: places for them take 64 bytes and more each. */
export const SET_SIZE_MAX = 4_194_304;

/** Of the sets that `block` fills. */
export const BLOCK_SET_SIZE = 65_536;

/** Ten years: past that nobody waits. */
const TIMEOUT_MAX_MS = 3_650 * 86_400_000;

/** A set that the program fills, as names stand for it. */
export interface DeclaredSet {
  /** Among all dynamic sets of the program. */
  readonly place: number;
  readonly name: string;
  readonly fields: readonly Field[];
  readonly size: number;
  readonly timeout_ms: number | null;
  readonly blocks: boolean;
  /** In the whole. */
  readonly span: Span;
}

const OPTIONS = ['size', 'timeout'] as const;

/** Null when something in it is wrong, which has been told. */
export function readDynamicSet(context: Context, statement: SetStatement, key: Key, place: number): DeclaredSet | null {
  const { name, options, span } = statement;
  const fields = keyFields(context, key);
  const given = new Map<string, Scalar>();
  let sound = fields !== null;
  for (const { name: option, value } of options) {
    const known = OPTIONS.some((one) => one === option.text);
    if (known && !given.has(option.text)) given.set(option.text, value);
    else {
      sound = false;
      reportOption(context, option, known);
    }
  }
  const size = readSize(context, name, key, given.get('size'));
  const timeout = given.get('timeout');
  const timeout_ms = timeout === undefined ? null : readTime(context, timeout);
  if (!sound || fields === null || size === null || (timeout !== undefined && timeout_ms === null)) return null;
  return { place, name: name.text, fields, size, timeout_ms, blocks: false, span };
}

function reportOption(context: Context, option: Word, known: boolean): void {
  const meant = known ? null : suggest(option.text, OPTIONS);
  const problem = known ? 'is given twice' : 'is not an option of a set';
  context.report('PKT2061', { option: option.text, problem }, option.span, known ? 'given again' : 'not an option', {
    help: meant === null ? 'a set has a `size`, and may have a `timeout`' : null,
    fixes: meant === null ? [] : [didYouMean(option.span, meant)],
  });
}

function readSize(context: Context, name: Word, key: Key, written: Scalar | undefined): number | null {
  if (written === undefined) {
    const end = key.span.end;
    return context.report('PKT2060', { name: name.text }, name.span, 'how many elements?', {
      fixes: [{ title: 'give it a size', edits: [{ span: { start: end, end }, text: ' size 64k' }] }],
    });
  }
  const refused = (label: string) =>
    context.report('PKT2062', { text: textOf(context, written.span), limit: SET_SIZE_MAX }, written.span, label, {
      help: 'write for example `size 100k`',
    });
  if (written.kind !== 'literal' || written.to !== null) return refused('not a number');
  const size = accept(context, written, judgeNumber(written.text));
  if (size === null) return null;
  return size >= 1 && size <= SET_SIZE_MAX ? size : refused(size === 0 ? 'no elements at all' : 'too many');
}

/** Milliseconds; null: it is no time that an element can stay, which has been told. */
export function readTime(context: Context, written: Scalar): number | null {
  const refused = (label: string) =>
    context.report('PKT2063', { text: textOf(context, written.span) }, written.span, label, {
      help: 'write for example `10m`: units are `ms`, `s`, `m`, `h` and `d`',
    });
  if (written.kind !== 'literal' || written.to !== null) return refused('not a time');
  const time = accept(context, written satisfies LiteralScalar, judgeDuration(written.text));
  if (time === null) return null;
  return time >= 1 && time <= TIMEOUT_MAX_MS ? time : refused(time === 0 ? 'no time at all' : 'longer than ten years');
}

/** `block.src`: no name that a user gives to a set has a dot in it. */
export function blockSetName(fields: readonly Field[]): string {
  return `block.${fields.map(({ name }) => name).join('+')}`;
}

/** What stands right behind `add` or `block`: null: no key. */
export function keyArgument({ arguments: [first] }: ActionNode): Key | null {
  if (first?.kind === 'tuple') return first.key;
  return first?.kind === 'word' && first.times === null && !['to', 'for'].includes(first.text) ? keyOfWord(first) : null;
}

/** One set for each different key that rules block by, in the order of the file. Wrong ones are told where the rule is resolved. */
export function blockSets(rules: readonly RuleStatement[], firstPlace: number): readonly DeclaredSet[] {
  const sets = new Map<string, DeclaredSet>();
  for (const { actions } of rules) {
    for (const action of actions) {
      const key = action.name.text === 'block' ? keyArgument(action) : null;
      const fields = key && quietKey(key.words);
      if (!fields || !hasAddress(fields)) continue;
      const name = blockSetName(fields);
      if (sets.has(name)) continue;
      const place = firstPlace + sets.size;
      sets.set(name, { place, name, fields, size: BLOCK_SET_SIZE, timeout_ms: null, blocks: true, span: action.span });
    }
  }
  return [...sets.values()];
}

export function hasAddress(fields: readonly Field[]): boolean {
  return fields.some(({ type }) => type.kind === 'address' || type.kind === 'mac');
}

/** Whether values of these fields are elements of the set. */
export function fits(context: Context, set: DeclaredSet, fields: readonly Field[], key: Key): boolean {
  if (sameKind(set.fields, fields)) return true;
  const parameters = { name: set.name, key: keyText(set.fields), given: wordsText(key) };
  context.report('PKT2067', parameters, key.span, 'of another kind', {
    related: [{ source: context.source, span: set.span, text: 'the set' }],
    help: `name fields of the kinds that \`${keyText(set.fields)}\` has, in that order`,
  });
  return false;
}
