/**
 * Concrete to abstract syntax: the only reader of chevrotain's tree, and only of the tree of a statement without errors, so that
 * every child the grammar demands is there.
 */
import type { CstElement, CstNode, IToken } from 'chevrotain';
import type {
  ActionNode,
  ArgumentNode,
  Comparison,
  Condition,
  Key,
  ListNode,
  LiteralScalar,
  Operator,
  PacketNode,
  PacketSetting,
  RowNode,
  Scalar,
  SetStatement,
  Slice,
  Statement,
  Steps,
  StringScalar,
  TestItem,
  Value,
  Word,
} from './ast.ts';
import { BARE_WORDS } from './fields/bare.ts';
import type { Span } from './source.ts';
import { spanOf } from './tokens.ts';

/** Shared by the many nodes that have none of something. */
const NONE: readonly never[] = Object.freeze([]);

function children(cst: CstNode, name: string): readonly CstElement[] {
  return cst.children[name] ?? NONE;
}

function nodes(cst: CstNode, name: string): readonly CstNode[] {
  return children(cst, name) as readonly CstNode[];
}

function tokens(cst: CstNode, name: string): readonly IToken[] {
  return children(cst, name) as readonly IToken[];
}

function node(cst: CstNode, name: string): CstNode {
  return nodes(cst, name)[0] as CstNode;
}

function token(cst: CstNode, name: string, index = 0): IToken {
  return tokens(cst, name)[index] as IToken;
}

function has(cst: CstNode, name: string): boolean {
  return cst.children[name] !== undefined;
}

function across(first: { readonly span: Span }, last: { readonly span: Span }): Span {
  return { start: first.span.start, end: last.span.end };
}

/** The last of a non-empty list. */
function last<T>(list: readonly T[]): T {
  return list[list.length - 1] as T;
}

/* Statements */

/** What a statement's tree means as syntax. */
export function toStatement(cst: CstNode): Statement {
  const [kind] = Object.keys(cst.children);
  const inner = node(cst, kind as string);
  switch (kind) {
    case 'include':
      return toInclude(inner);
    case 'hook':
      return toHook(inner);
    case 'default':
      return toDefault(inner);
    case 'let':
      return toLet(inner, 'let');
    case 'set':
      return has(inner, 'Equal') ? toLet(inner, 'set') : toSet(inner);
    case 'test':
      return toTest(inner);
    default:
      return toRule(inner);
  }
}

function toInclude(cst: CstNode): Statement {
  const path = toText(token(cst, 'Text'));
  return { kind: 'include', span: { start: token(cst, 'Word_include').startOffset, end: path.span.end }, path };
}

function toHook(cst: CstNode): Statement {
  const name = toWord(token(cst, 'Word'));
  const second = tokens(cst, 'Word')[1];
  const direction = second ? toWord(second) : null;
  return {
    kind: 'hook',
    span: { start: token(cst, 'Word_hook').startOffset, end: (direction ?? name).span.end },
    name,
    direction,
  };
}

function toDefault(cst: CstNode): Statement {
  const action = toAction(node(cst, 'action'));
  return { kind: 'default', span: { start: token(cst, 'Word_default').startOffset, end: action.span.end }, action };
}

/** `let NAME = …`, and `set NAME = …`, which says the same. */
function toLet(cst: CstNode, word: 'let' | 'set'): Statement {
  const value = toValueOrRow(cst);
  return {
    kind: 'let',
    word,
    span: { start: token(cst, `Word_${word}`).startOffset, end: value.span.end },
    name: toWord(token(cst, 'Word')),
    value,
  };
}

function toSet(cst: CstNode): SetStatement {
  const name = has(cst, 'Label') ? withoutColon(token(cst, 'Label')) : toWord(token(cst, 'Word'));
  const key = has(cst, 'key') ? toKey(node(cst, 'key')) : null;
  const from = has(cst, 'Text') ? toText(token(cst, 'Text')) : null;
  const options = nodes(cst, 'setOption').map((option) => ({
    name: toWord(token(option, 'Word')),
    value: toScalar(node(option, 'scalar')),
  }));
  const end = options.length > 0 ? last(options).value.span.end : (key ?? from ?? name).span.end;
  return { kind: 'set', span: { start: token(cst, 'Word_set').startOffset, end }, name, key, from, options };
}

function toRule(cst: CstNode): Statement {
  const label = has(cst, 'Label') ? withoutColon(token(cst, 'Label')) : null;
  const actions = nodes(node(cst, 'actions'), 'action').map(toAction);
  return {
    kind: 'rule',
    span: { start: label ? label.span.start : token(cst, 'Word_match').startOffset, end: last(actions).span.end },
    label,
    condition: toEither(node(cst, 'either')),
    steps: has(cst, 'steps') ? toSteps(node(cst, 'steps')) : null,
    actions,
  };
}

function toSteps(cst: CstNode): Steps {
  const per = toKey(node(cst, 'key'));
  return {
    span: { start: token(cst, 'Word_then').startOffset, end: per.span.end },
    conditions: nodes(cst, 'either').map(toEither),
    within: toLiteral(token(cst, 'Numeral')),
    per,
  };
}

function toTest(cst: CstNode): Statement {
  const end = spanOf(token(cst, 'CloseBrace')).end;
  return {
    kind: 'test',
    span: { start: token(cst, 'Word_test').startOffset, end },
    name: toText(token(cst, 'Text')),
    items: nodes(cst, 'item').map(toItem),
  };
}

function toItem(cst: CstNode): TestItem {
  const packet = has(cst, 'packet');
  const start = token(cst, packet ? 'Word_packet' : 'Word_capture').startOffset;
  const expect = toWord(token(cst, 'Word'));
  const second = tokens(cst, 'Word')[1];
  const by = second ? toWord(second) : null;
  const count = has(cst, 'Numeral') ? toLiteral(token(cst, 'Numeral')) : null;
  return {
    span: { start, end: (by ?? count ?? expect).span.end },
    subject: packet ? toPacket(node(cst, 'packet')) : { kind: 'capture', path: toText(token(cst, 'Text')) },
    expect,
    count,
    by,
  };
}

function toPacket(cst: CstNode): PacketNode {
  const protocol = toWord(token(cst, 'Word'));
  const addressed = has(cst, 'Literal');
  const from = addressed ? toLiteral(token(cst, 'Literal')) : null;
  const to = addressed ? toLiteral(token(cst, 'Literal', 1)) : null;
  const settings = nodes(cst, 'setting').map(toSetting);
  const end = settings.length > 0 ? last(settings).span.end : (to ?? protocol).span.end;
  return { kind: 'packet', span: { start: protocol.span.start, end }, protocol, from, to, settings };
}

function toSetting(cst: CstNode): PacketSetting {
  const [first, ...rest] = tokens(cst, 'Word');
  const name = toWord(first as IToken);
  const more = rest.length > 0 ? rest.map(toWord) : NONE;
  const nested = has(cst, 'packet');
  const value = nested ? toPacket(node(cst, 'packet')) : toScalar(node(cst, 'scalar'));
  const end = nested ? spanOf(token(cst, 'CloseParen')).end : more.length > 0 ? last(more).span.end : value.span.end;
  return { span: { start: name.span.start, end }, name, value, more };
}

/* Conditions */

/** One operand stands for itself, several make an `and` or an `or`. */
function joined(kind: 'and' | 'or', of: readonly Condition[]): Condition {
  const first = of[0] as Condition;
  return of.length === 1 ? first : { kind, span: across(first, last(of)), of };
}

function toEither(cst: CstNode): Condition {
  return joined('or', nodes(cst, 'both').map(toBoth));
}

function toBoth(cst: CstNode): Condition {
  return joined('and', nodes(cst, 'term').map(toTerm));
}

function toGuard(cst: CstNode): Condition {
  return joined('or', nodes(cst, 'allOf').map(toAllOf));
}

function toAllOf(cst: CstNode): Condition {
  return joined('and', nodes(cst, 'guarded').map(toTerm));
}

/** `term` and `guarded`, which lacks the tail. */
function toTerm(cst: CstNode): Condition {
  const operand = toOperand(cst);
  return tokens(cst, 'Word_not').reduceRight<Condition>(
    (of, not) => ({ kind: 'not', span: { start: not.startOffset, end: of.span.end }, of }),
    operand,
  );
}

function toOperand(cst: CstNode): Condition {
  if (has(cst, 'either')) return toGroup(cst);
  if (has(cst, 'tupled')) return toTupled(node(cst, 'tupled'));
  return withTail(toComparison(node(cst, 'compare')), cst);
}

function toTupled(cst: CstNode): Comparison {
  const fields = toTuple(node(cst, 'tuple'));
  const value = toValueOrRow(cst);
  const operator = toOperator(node(cst, 'operator'));
  return { kind: 'tuple', span: across(fields, value), fields, operator, value };
}

function toGroup(cst: CstNode): Condition {
  const span = { start: token(cst, 'OpenParen').startOffset, end: spanOf(token(cst, 'CloseParen')).end };
  return { kind: 'group', span, of: toEither(node(cst, 'either')) };
}

function withTail(comparison: Comparison, cst: CstNode): Comparison {
  if (comparison.kind !== 'compare' || !(has(cst, 'key') || has(cst, 'more'))) return comparison;
  const per = has(cst, 'key') ? toKey(node(cst, 'key')) : null;
  const more = nodes(cst, 'more').map((part) => ({ bang: has(part, 'Bang'), word: toWord(token(part, 'Word')) }));
  const end = more.length > 0 ? last(more).word.span.end : (per ?? comparison).span.end;
  return { ...comparison, span: { start: comparison.span.start, end }, more, per };
}

function toComparison(cst: CstNode): Comparison {
  const field = toWord(token(cst, 'Word'));
  if (has(cst, 'call')) return toCall(field, node(cst, 'call'));
  if (has(cst, 'sliced')) return toSliced(field, node(cst, 'sliced'));
  if (has(cst, 'masked')) return toCompare(field, null, node(cst, 'masked'));
  if (has(cst, 'searched')) return toCompare(field, null, node(cst, 'searched'));
  if (has(cst, 'valued')) return toCompare(field, null, node(cst, 'valued'));
  if (Object.hasOwn(BARE_WORDS, field.text)) return { kind: 'bare', span: field.span, word: field };
  return { ...NOTHING_COMPARED, span: field.span, field };
}

const NOTHING_COMPARED = {
  kind: 'compare',
  slice: null,
  mask: null,
  within: null,
  operator: null,
  nocase: null,
  bang: false,
  value: null,
  more: NONE,
  per: null,
} as const;

function toCall(name: Word, cst: CstNode): Comparison {
  const value = has(cst, 'value') ? toValue(node(cst, 'value')) : null;
  return {
    kind: 'call',
    span: { start: name.span.start, end: (value?.span ?? spanOf(token(cst, 'CloseParen'))).end },
    name,
    argument: toEither(node(cst, 'either')),
    operator: has(cst, 'operator') ? toOperator(node(cst, 'operator')) : null,
    value,
  };
}

function toSliced(field: Word, cst: CstNode): Comparison {
  const slice: Slice = {
    span: { start: token(cst, 'OpenBracket').startOffset, end: spanOf(token(cst, 'CloseBracket')).end },
    offset: toLiteral(token(cst, 'Literal')),
    length: toLiteral(token(cst, 'Literal', 1)),
  };
  return toCompare(field, slice, node(cst, has(cst, 'masked') ? 'masked' : 'valued'));
}

/** `masked`, `searched` and `valued`, of which each has what the others lack. */
function toCompare(field: Word, slice: Slice | null, cst: CstNode): Comparison {
  const value = toValue(node(cst, 'value'));
  const literal = has(cst, 'Literal') ? toLiteral(token(cst, 'Literal')) : null;
  const searched = has(cst, 'Word_within');
  return {
    kind: 'compare',
    span: { start: field.span.start, end: value.span.end },
    field,
    slice,
    mask: searched ? null : literal,
    within: searched ? literal : null,
    operator: has(cst, 'operator') ? toOperator(node(cst, 'operator')) : null,
    nocase: has(cst, 'Word_nocase') ? { span: spanOf(token(cst, 'Word_nocase')) } : null,
    bang: has(cst, 'Bang'),
    value,
    more: NONE,
    per: null,
  };
}

function toOperator(cst: CstNode): { readonly text: Operator; readonly span: Span } {
  const [written] = Object.values(cst.children)[0] as IToken[];
  return { text: (written as IToken).image as Operator, span: spanOf(written as IToken) };
}

/* Values */

function toWord(written: IToken): Word {
  return { text: written.image, span: spanOf(written) };
}

function withoutColon(label: IToken): Word {
  const span = { start: label.startOffset, end: label.startOffset + label.image.length - 1 };
  return { text: label.image.slice(0, -1), span };
}

function toLiteral(written: IToken): LiteralScalar {
  return { kind: 'literal', text: written.image, span: spanOf(written), to: null };
}

function toText(written: IToken): StringScalar {
  return { kind: 'string', text: written.image.slice(1, -1), span: spanOf(written) };
}

function toValue(cst: CstNode): Value {
  return has(cst, 'list') ? toList(node(cst, 'list')) : toScalar(node(cst, 'scalar'));
}

function toValueOrRow(cst: CstNode): Value | RowNode {
  return has(cst, 'row') ? toRow(node(cst, 'row')) : toValue(node(cst, 'value'));
}

/** Scalars and rows come as two lists, each in its own order. */
function toList(cst: CstNode): ListNode {
  const span = { start: token(cst, 'OpenBrace').startOffset, end: spanOf(token(cst, 'CloseBrace')).end };
  const scalars = nodes(cst, 'scalar').map(toScalar);
  if (!has(cst, 'row')) return { kind: 'list', span, items: scalars };
  const rows = nodes(cst, 'row').map(toRow);
  return { kind: 'list', span, items: [...scalars, ...rows].sort((a, b) => a.span.start - b.span.start) };
}

function toRow(cst: CstNode): RowNode {
  const span = { start: token(cst, 'OpenParen').startOffset, end: spanOf(token(cst, 'CloseParen')).end };
  return { kind: 'row', span, values: nodes(cst, 'value').map(toValue) };
}

function toScalar(cst: CstNode): Scalar {
  if (has(cst, 'Text')) return toText(token(cst, 'Text'));
  if (has(cst, 'Word')) {
    const word = toWord(token(cst, 'Word'));
    const times = has(cst, 'Numeral') ? toLiteral(token(cst, 'Numeral')) : null;
    return { kind: 'word', text: word.text, span: times ? across(word, times) : word.span, times };
  }
  const from = toLiteral(token(cst, 'Literal'));
  if (!has(cst, 'Dash')) return from;
  const to = toWord(token(cst, 'Literal', 1));
  return { ...from, span: across(from, to), to };
}

function toKey(cst: CstNode): Key {
  if (has(cst, 'tuple')) return toTuple(node(cst, 'tuple'));
  const word = toWord(token(cst, 'Word'));
  return { span: word.span, words: [word] };
}

function toTuple(cst: CstNode): Key {
  const span = { start: token(cst, 'OpenParen').startOffset, end: spanOf(token(cst, 'CloseParen')).end };
  return { span, words: tokens(cst, 'Word').map(toWord) };
}

/* Actions */

function toAction(cst: CstNode): ActionNode {
  const name = toWord(token(cst, 'Word'));
  if (!has(cst, 'argument')) return { span: name.span, name, arguments: NONE };
  const list = nodes(cst, 'argument').map(toArgument);
  return { span: across(name, last(list)), name, arguments: list };
}

function toArgument(cst: CstNode): ArgumentNode {
  if (has(cst, 'scalar')) return toScalar(node(cst, 'scalar'));
  if (has(cst, 'list')) return toList(node(cst, 'list'));
  if (has(cst, 'tuple')) {
    const key = toTuple(node(cst, 'tuple'));
    return { kind: 'tuple', span: key.span, key };
  }
  if (has(cst, 'key')) {
    const key = toKey(node(cst, 'key'));
    return { kind: 'per', span: { start: token(cst, 'Word_per').startOffset, end: key.span.end }, key };
  }
  const word = has(cst, 'Word_when') ? 'when' : 'unless';
  const condition = toGuard(node(cst, 'guard'));
  return { kind: 'guard', span: { start: token(cst, `Word_${word}`).startOffset, end: condition.span.end }, word, condition };
}
