/**
 * Why a statement could not be read, in words for the one who wrote it. The parser says where it stopped; each explanation below
 * looks there for one mistake that people make, and the first that recognizes its own wins.
 */
import * as T from '../../grammar/tokens.ts';
import { STATEMENT_WORDS, spanOf, type Token, type TokenType } from '../../grammar/tokens.ts';
import { type Details, diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { unbalanced } from './explain-brackets.ts';
import { foreign, stray } from './explain-characters.ts';
import { isAction, misspeltStatementWord } from './misspelt.ts';
import { isGluedLabel } from './split.ts';
import { inserting, isValue, placeOf, replacing, type Trouble, tokenAt, typeAt } from './trouble.ts';

type Explanation = (trouble: Trouble) => Diagnostic | null;

const EXPLANATIONS: readonly Explanation[] = [
  openText,
  foreign,
  stray,
  gluedLabel,
  spacedLabel,
  misspeltWord,
  missingMatch,
  reservedName,
  notBeforeOperator,
  listWithoutBraces,
  sliceShape,
  bareWildcard,
  unbalanced,
  missingAction,
  missingArrow,
];

export function explain(trouble: Trouble): Diagnostic {
  for (const explanation of EXPLANATIONS) {
    const found = explanation(trouble);
    if (found) return found;
  }
  return unexpected(trouble);
}

/* Characters */

function openText(trouble: Trouble): Diagnostic | null {
  const token = tokenAt(trouble);
  if (token?.tokenType !== T.OpenText) return null;
  // The arrow and what follows were hardly meant to be text.
  const arrow = token.image.indexOf(' ->');
  const image = arrow < 0 ? token.image : token.image.slice(0, arrow);
  const fixes = endsInEscape(image) ? [] : [inserting('close it', token.startOffset + image.trimEnd().length, '"')];
  return diagnostic('PKT1007', {}, placeOf(trouble, 'opened here'), { fixes });
}

/** A backslash at the end would take a quote behind it for its own. */
function endsInEscape(image: string): boolean {
  let backslashes = 0;
  while (image.charCodeAt(image.length - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}

/* How a statement begins */

function gluedLabel(trouble: Trouble): Diagnostic | null {
  const [first] = trouble.tokens;
  if (trouble.stop.at !== 0 || !first || !isGluedLabel(first)) return null;
  const label = first.image.slice(0, first.image.indexOf(':'));
  const fix = replacing('put a space behind the colon', spanOf(first), `${label}: match`);
  return diagnostic('PKT1011', { label }, placeOf(trouble), { fixes: [fix] });
}

function spacedLabel(trouble: Trouble): Diagnostic | null {
  const { tokens, stop, source } = trouble;
  const [name, colon, match] = tokens;
  if (stop.at !== 0 || name?.tokenType !== T.Word || colon?.tokenType !== T.Colon) return null;
  if (match?.tokenType !== T.Reserved.match) return null;
  const span = { start: name.startOffset, end: spanOf(colon).end };
  const fix = replacing('write the colon directly behind the name', span, `${name.image}:`);
  return diagnostic('PKT1011', { label: name.image }, { source, span }, { fixes: [fix] });
}

function misspeltWord(trouble: Trouble): Diagnostic | null {
  const { tokens, stop } = trouble;
  const labelled = tokens[0]?.tokenType === T.Label && stop.at === 1;
  const word = tokenAt(trouble);
  if (!(stop.at === 0 || labelled) || word?.tokenType !== T.Word) return null;
  const meant = labelled ? suggest(word.image, ['match']) : misspeltStatementWord(word.image);
  if (meant === null || (labelled && misspeltStatementWord(word.image) === null)) return null;
  const fix = replacing(`did you mean \`${meant}\`?`, spanOf(word), meant);
  return diagnostic('PKT1002', { word: word.image }, placeOf(trouble, 'not a statement word'), { fixes: [fix] });
}

/** `ssh: dport 22 -> drop`, or the same without a label. */
function missingMatch(trouble: Trouble): Diagnostic | null {
  const { tokens, stop } = trouble;
  const [first] = tokens;
  const labelled = first?.tokenType === T.Label;
  if (labelled ? stop.at !== 1 : stop.at !== 0) return null;
  const word = tokenAt(trouble);
  if (!labelled && !tokens.some((token) => token.tokenType === T.Arrow)) {
    const help = `a statement begins with ${STATEMENT_WORDS.map((each) => `\`${each}\``).join(', ')} or a label`;
    return diagnostic('PKT1002', { word: word?.image ?? '' }, placeOf(trouble), { help });
  }
  const fixes = word ? [inserting('write `match` before the conditions', word.startOffset, 'match ')] : [];
  return diagnostic('PKT1012', {}, placeOf(trouble, '`match` belongs here'), { fixes });
}

function reservedName(trouble: Trouble): Diagnostic | null {
  const { stop } = trouble;
  const token = tokenAt(trouble);
  const isName = stop.expected === 'a name' || stop.rule === 'key' || stop.rule === 'set';
  if (!token || !isName || !Object.values(T.Reserved).includes(token.tokenType)) return null;
  const name = `${token.image}_1`;
  const fix = replacing(`choose another name, such as \`${name}\``, spanOf(token), name);
  return diagnostic('PKT1008', { word: token.image }, placeOf(trouble), { fixes: [fix] });
}

/* Conditions */

/** `src not in lan` could mean `src != lan` or `not src in lan`, which differ about packets that have no `src`. */
function notBeforeOperator(trouble: Trouble): Diagnostic | null {
  const [field, not, operator] = [tokenAt(trouble, -2), tokenAt(trouble, -1), tokenAt(trouble)];
  if (field?.tokenType === T.CloseParen || not?.tokenType === T.CloseParen) return notAfterTuple(trouble);
  if (not?.tokenType !== T.Reserved.not || field?.tokenType !== T.Word || !operator) return null;
  const words: readonly TokenType[] = [T.Reserved.in, T.Reserved.contains, T.Reserved.starts, T.Reserved.ends];
  if (!words.includes(operator.tokenType)) return null;
  const both = { start: not.startOffset, end: spanOf(operator).end };
  const whole = { start: field.startOffset, end: both.end };
  const word = operator.image;
  const negated = replacing(
    `to match packets without the field too, write \`not ${field.image} ${word} …\``,
    whole,
    `not ${field.image} ${word}`,
  );
  const unequal = replacing(`to match only packets that have the field, write \`${field.image} != …\``, both, '!=');
  const fixes = operator.tokenType === T.Reserved.in ? [unequal, negated] : [negated];
  return diagnostic('PKT1005', { operator: word }, { source: trouble.source, span: both }, { fixes });
}

/** `(src, dport) not in pairs`: the parser stops at the `not`. */
function notAfterTuple(trouble: Trouble): Diagnostic | null {
  const { tokens, stop, source } = trouble;
  const [close, not, operator] = [tokenAt(trouble, -1), tokenAt(trouble), tokenAt(trouble, 1)];
  if (stop.rule !== 'operator' || not?.tokenType !== T.Reserved.not || operator?.tokenType !== T.Reserved.in) return null;
  const open = tokens[tokens.findLastIndex((token, index) => index < stop.at && token.tokenType === T.OpenParen)];
  if (!open || !close) return null;
  const fields = source.text.slice(open.startOffset, spanOf(close).end);
  const both = { start: not.startOffset, end: spanOf(operator).end };
  const fixes = [
    replacing(`to match only packets that have all fields, write \`${fields} != …\``, both, '!='),
    replacing(
      `to match packets without them too, write \`not ${fields} in …\``,
      { start: open.startOffset, end: both.end },
      `not ${fields} in`,
    ),
  ];
  return diagnostic('PKT1005', { operator: 'in' }, { source, span: both }, { fixes });
}

/** `payload[4]`, `payload[4:]`, `payload[-4:4]` */
function sliceShape(trouble: Trouble): Diagnostic | null {
  const { stop } = trouble;
  if (stop.rule !== 'sliced') return null;
  const found = tokenAt(trouble)?.image ?? null;
  const back = typeAt(trouble) === T.Dash;
  const single = typeAt(trouble) === T.CloseBracket && stop.expected === '`:`';
  const at = tokenAt(trouble)?.startOffset ?? 0;
  return diagnostic('PKT1001', { expected: stop.expected || 'a value', found }, placeOf(trouble), {
    help: back
      ? 'bytes are counted from the front; `payload ends "…"` compares the end'
      : 'a slice is `[offset:length]`, both in bytes',
    fixes: single ? [inserting('read one byte', at, ':1')] : [],
  });
}

/** `iface veth*` */
function bareWildcard(trouble: Trouble): Diagnostic | null {
  const [name, star] = [tokenAt(trouble, -2), tokenAt(trouble, -1)];
  if (trouble.stop.rule !== 'scalar' || star?.tokenType !== T.Star || name?.tokenType !== T.Word) return null;
  const span = { start: name.startOffset, end: spanOf(star).end };
  const found = tokenAt(trouble)?.image ?? null;
  const fixes = [replacing('quote a pattern', span, `"${name.image}*"`)];
  return diagnostic('PKT1001', { expected: trouble.stop.expected, found }, placeOf(trouble), { fixes });
}

/** `dport 22, 80`, `let web = 80, 443` */
function listWithoutBraces(trouble: Trouble): Diagnostic | null {
  const { tokens, stop, source } = trouble;
  // The comma before a literal is taken for `flags SYN,ACK`, so the parser stops behind it in a condition and at it in a `let`.
  const comma = typeAt(trouble) === T.Comma ? stop.at : stop.at - 1;
  if (tokens[comma]?.tokenType !== T.Comma || !isValue(tokens[comma - 1]?.tokenType)) return null;
  if (!isValue(tokens[comma + 1]?.tokenType) || tokens.slice(0, comma).some((token) => token.tokenType === T.Arrow))
    return null;
  const ranged = (at: number): boolean => tokens[at]?.tokenType === T.Dash;
  const first = ranged(comma - 2) ? comma - 3 : comma - 1;
  let last = comma - 1;
  while (tokens[last + 1]?.tokenType === T.Comma && isValue(tokens[last + 2]?.tokenType)) last += ranged(last + 3) ? 4 : 2;
  const [from, to] = [tokens[first], tokens[last]];
  if (!from || !to) return null;
  const end = spanOf(to).end;
  const edits = [
    { span: { start: from.startOffset, end: from.startOffset }, text: '{ ' },
    { span: { start: end, end }, text: ' }' },
  ];
  const place = { source, span: { start: from.startOffset, end } };
  return diagnostic('PKT1016', {}, place, { fixes: [{ title: 'put the values in braces', edits }] });
}

/* Arrow and actions */

function missingAction(trouble: Trouble): Diagnostic | null {
  const { tokens, stop } = trouble;
  const previous = tokens[stop.at - 1];
  const separators: readonly (TokenType | undefined)[] = [T.Comma, T.Slash];
  const arrow = tokens.findIndex((token) => token.tokenType === T.Arrow);
  if (!previous || arrow < 0 || stop.at <= arrow || stop.rule !== 'action') return null;
  const span = spanOf(previous);
  const isArrow = previous.tokenType === T.Arrow;
  if (!isArrow && !separators.includes(previous.tokenType)) return null;
  if (tokenAt(trouble) && !separators.includes(typeAt(trouble))) return null;
  const details: Details = isArrow
    ? { help: 'say what to do with the packets, such as `-> count` or `-> drop`' }
    : { fixes: [replacing(`remove the \`${previous.image}\``, span, '')] };
  return diagnostic('PKT1010', { behind: previous.image }, { source: trouble.source, span }, details);
}

function missingArrow(trouble: Trouble): Diagnostic | null {
  const { tokens, source } = trouble;
  const match = tokens.findIndex((token) => token.tokenType === T.Reserved.match);
  if (match < 0 || match > 1 || tokens.some((token) => token.tokenType === T.Arrow)) return null;
  if (tokenAt(trouble) && !tokens.slice(match, trouble.stop.at + 1).some(namesAction)) return null;
  const action = tokens.find((token, index) => index > match && namesAction(token));
  const end = spanOf(tokens[tokens.length - 1] as Token).end;
  if (!action) {
    const place = { source, span: { start: end, end }, text: '`->` and an action belong here' };
    return diagnostic('PKT1003', {}, place, { help: 'say what to do with the packets, such as `-> count` or `-> drop`' });
  }
  const fix = inserting('write `->` before the actions', action.startOffset, '-> ');
  return diagnostic('PKT1003', {}, { source, span: spanOf(action), text: 'the first action' }, { fixes: [fix] });
}

function namesAction(token: Token): boolean {
  return token.tokenType === T.Word && isAction(token.image);
}

/* Anything else */

const EXPECTED_IN: Readonly<Record<string, string>> = {
  statement: 'the end of the statement',
  rule: 'a condition or `->`',
  term: 'a condition',
  guarded: 'a condition',
  compare: 'a value',
  searched: 'a value',
  sliced: 'a value',
  row: '`,` or `)`',
  value: 'a value',
  scalar: 'a value',
  list: '`,` or `}`',
  tuple: 'a field, `,` or `)`',
  key: 'a field, or several in parentheses',
  operator: 'an operator such as `=`',
  set: '`:` and a key, `=` and values, or `from` and a file',
  actions: '`,` and another action',
  action: 'an action',
  argument: 'an argument',
  test: '`packet`, `capture` or `}`',
  item: '`packet` or `capture`',
  packet: 'a protocol',
  setting: 'a value',
};

function unexpected(trouble: Trouble): Diagnostic {
  const { stop } = trouble;
  const precise = stop.expected !== '' && !['rule', 'list', 'tuple', 'row', 'test', 'action'].includes(stop.rule);
  const expected = precise ? stop.expected : (EXPECTED_IN[stop.rule] ?? 'something else');
  const found = tokenAt(trouble)?.image ?? null;
  return diagnostic('PKT1001', { expected, found }, placeOf(trouble), { help: hint(trouble) });
}

function hint(trouble: Trouble): string | null {
  const [before, here] = [tokenAt(trouble, -1), tokenAt(trouble)];
  if (before?.tokenType === T.Dash && here?.tokenType === T.Word) {
    const name = `${tokenAt(trouble, -2)?.image ?? ''}-${here.image}`;
    return `a range is written between literals; a name that looks like a number is quoted: "${name}"`;
  }
  const second = trouble.tokens.slice(0, trouble.stop.at).some((token) => token.tokenType === T.Arrow);
  return here?.tokenType === T.Arrow && second ? 'a rule has one `->`' : null;
}
