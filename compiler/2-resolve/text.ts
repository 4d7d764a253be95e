/** Text compared as bytes: raw reads in pieces for text at a place, `contains` for text anywhere in the payload. */
import type { RawBase } from '../../grammar/fields/field.ts';
import { PAYLOAD_SEARCH_BYTES_MAX } from '../../grammar/fields/payload.ts';
import { RAW_BYTES_MAX, RAW_END_MAX, rawName } from '../../grammar/fields/raw.ts';
import type { Span } from '../../grammar/source.ts';
import { judgeNumber } from '../../grammar/values/number.ts';
import { merged } from '../../grammar/values/ranges.ts';
import { judgeText } from '../../grammar/values/text.ts';
import { both, type Compared, either, type Resolved, refuse } from './compared.ts';
import { replacing, textOf } from './context.ts';
import { given } from './describe.ts';
import { type Item, related } from './items.ts';
import type { BytePattern, Expression, NumberRange } from './program.ts';
import { lastByte, type Stretch } from './slice.ts';
import { unknownValue } from './unknown-value.ts';
import { acceptText } from './value-problem.ts';

/** Longest text that is compared, in bytes. */
export const PATTERN_BYTES_MAX = 256;

/** The `payload` field with any of its operators. */
export function resolveBytes(compared: Compared): Resolved {
  const { context, field, node, operator } = compared;
  if (node.mask) {
    refuse(context, '&', field, node.span, '`payload` is text', 'bits are compared in a slice: `payload[0:1] & 0x80 = 0x80`');
    return null;
  }
  if (operator === null) return needsOperator(compared);
  const within = searchBound(compared);
  if (within === null) return null;
  const patterns = patternsOf(compared);
  if (patterns === null) return null;
  const { span } = node;
  if (operator === 'contains') {
    if (!reachable(compared, patterns, within)) return null;
    return (name) => ({ kind: 'contains', field: name, patterns, within, span });
  }
  const test: (pattern: BytePattern) => Expression =
    operator === 'starts'
      ? (pattern) => textAt('payload', 0, pattern, span)
      : operator === 'ends'
        ? (pattern) => textAtEnd(pattern, span)
        : (pattern) => both([lengthIs(pattern.bytes.length, span), ...parts(textAt('payload', 0, pattern, span))]);
  const any = anyOf(patterns.map(test));
  return () => (operator === '!=' ? presentBut('payload.len', any, span) : any);
}

/** `payload[0:4] = "HTTP"`, `payload[8:32] starts nocase "get"`: null when no text is compared, so that it is a number's turn. */
export function resolveSliceText(compared: Compared, stretch: Stretch): Resolved {
  const { context, field, node, operator } = compared;
  if (operator === 'contains') return containsInSlice(compared, stretch);
  if (node.within) return withoutSearch(compared);
  if (node.mask) {
    refuse(context, '&', field, node.span, 'bits of text mean nothing', 'write the value as a number');
    return null;
  }
  if (operator !== null && /[<>]/.test(operator)) {
    refuse(
      context,
      operator,
      field,
      node.operator?.span ?? node.span,
      'text has no order',
      'compare with `=`, `!=`, `starts` or `ends`',
    );
    return null;
  }
  const partial = operator === 'starts' || operator === 'ends';
  const patterns = patternsOf(compared, (bytes, item) => fitsSlice(compared, stretch, partial, bytes, item));
  if (patterns === null) return null;
  const { span } = node;
  const { base, offset, size } = stretch;
  const any = anyOf(
    patterns.map((pattern) => {
      const length = pattern.bytes.length;
      const at = textAt(base, operator === 'ends' ? offset + size - length : offset, pattern, span);
      return partial && length < size ? both([...parts(at), { kind: 'present', field: lastByte(stretch), span }]) : at;
    }),
  );
  return () => (operator === '!=' ? presentBut(lastByte(stretch), any, span) : any);
}

/** Whether any of the values is text, by way of names or not. */
export function comparesText({ items, node, operator }: Pick<Compared, 'items' | 'node' | 'operator'>): boolean {
  const textual = operator === 'contains' || operator === 'starts' || operator === 'ends' || node.nocase !== null;
  return textual || items.list.some(({ scalar }) => scalar.kind === 'string');
}

/* Predicates */

function parts(expression: Expression): readonly Expression[] {
  return expression.kind === 'and' ? expression.of : [expression];
}

/** Alternatives that compare one read become one comparison with a list. */
function anyOf(alternatives: readonly Expression[]): Expression {
  const ranges = new Map<string, NumberRange[]>();
  for (const one of alternatives) {
    if (one.kind === 'in') ranges.set(one.field, [...(ranges.get(one.field) ?? []), ...one.ranges]);
  }
  const told = new Set<string>();
  return either(
    alternatives.flatMap((one): readonly Expression[] => {
      if (one.kind !== 'in') return [one];
      if (told.has(one.field)) return [];
      told.add(one.field);
      return [{ ...one, ranges: merged(ranges.get(one.field) ?? []) }];
    }),
  );
}

function presentBut(field: string, refused: Expression, span: Span): Expression {
  return both([
    { kind: 'present', field, span },
    { kind: 'not', of: refused },
  ]);
}

function lengthIs(length: number, span: Span): Expression {
  return { kind: 'in', field: 'payload.len', ranges: [[length, length]], span };
}

/** All of a pattern, from byte `offset` of `base` on, as numbers of up to six bytes. */
function textAt(base: RawBase, offset: number, { bytes, nocase }: BytePattern, span: Span): Expression {
  return both(
    pieces(bytes).map(({ at, piece }) => compareBytes(rawName(base, offset + at, piece.length), piece, nocase, span)),
  );
}

function textAtEnd({ bytes, nocase }: BytePattern, span: Span): Expression {
  return both(
    pieces(bytes).map(({ at, piece }) => compareBytes(rawName('tail', bytes.length - at, piece.length), piece, nocase, span)),
  );
}

function pieces(bytes: readonly number[]): readonly { readonly at: number; readonly piece: readonly number[] }[] {
  const list: { readonly at: number; readonly piece: readonly number[] }[] = [];
  for (let at = 0; at < bytes.length; at += RAW_BYTES_MAX) list.push({ at, piece: bytes.slice(at, at + RAW_BYTES_MAX) });
  return list;
}

/** ASCII letters differ from their other case in this bit. */
const CASE_BIT = 0x20;

function compareBytes(field: string, bytes: readonly number[], nocase: boolean, span: Span): Expression {
  const number = (list: readonly number[]): number => list.reduce((value, byte) => value * 256 + byte, 0);
  const masks = bytes.map((byte) => (nocase && isLetter(byte) ? 0xff - CASE_BIT : 0xff));
  const value = number(bytes.map((byte, index) => byte & (masks[index] ?? 0xff)));
  return masks.every((mask) => mask === 0xff)
    ? { kind: 'in', field, ranges: [[value, value]], span }
    : { kind: 'bits', field, mask: number(masks), value, span };
}

function isLetter(byte: number): boolean {
  const lower = byte | CASE_BIT;
  return lower >= 0x61 && lower <= 0x7a;
}

/* Values */

type Fits = (bytes: Uint8Array, item: Item) => boolean;

/** Every text among the values, each once; null: one of them is none, which has been told. */
function patternsOf(compared: Compared, fits: Fits = () => true): readonly BytePattern[] | null {
  const patterns = new Map<string, BytePattern>();
  let refused = false;
  for (const item of compared.items.list) {
    const bytes = bytesOf(compared, item);
    if (bytes === null || !fits(bytes, item)) {
      refused = true;
      continue;
    }
    const nocase = compared.node.nocase !== null && bytes.some(isLetter);
    const list = Array.from(bytes, (byte) => (nocase && isLetter(byte) ? byte | CASE_BIT : byte));
    patterns.set(list.join(), { bytes: list, nocase });
  }
  return refused ? null : [...patterns.values()];
}

function bytesOf(compared: Compared, item: Item): Uint8Array | null {
  const { context } = compared;
  const { scalar } = item;
  if (scalar.kind === 'word') return wordAsText(compared, item);
  if (scalar.kind === 'literal') return numberAsText(compared, item);
  const bytes = acceptText(context, scalar, judgeText(scalar.text));
  if (bytes === null) return null;
  const details = { related: related(context, item, 'by way of this') };
  if (bytes.length === 0) {
    return context.report('PKT2031', {}, item.written, 'no bytes', {
      help: 'write the text, or `payload.len > 0` for any payload at all',
      ...details,
    });
  }
  if (bytes.length > PATTERN_BYTES_MAX) {
    const parameters = { length: bytes.length, limit: PATTERN_BYTES_MAX };
    return context.report('PKT2032', parameters, item.written, 'too long', {
      help: 'a shorter part of it will tell as much',
      ...details,
    });
  }
  return bytes;
}

/** `contains GET`: the quotes were forgotten. */
function wordAsText(compared: Compared, item: Item): null {
  const { context, field, items } = compared;
  const { scalar, written } = item;
  if (scalar.kind !== 'word' || scalar.times !== null || items.braced || written !== scalar.span)
    return unknownValue(compared, item);
  return context.report(
    'PKT2003',
    { name: scalar.text },
    written,
    `not defined in this file; text for \`${field.name}\` is quoted`,
    {
      fixes: [replacing(written, `"${scalar.text}"`)],
    },
  );
}

/** `contains 0x474554`: bytes are written in text. */
function numberAsText({ context, field }: Compared, item: Item): null {
  const { scalar, written } = item;
  const digits = scalar.kind === 'literal' ? /^0[xX]((?:[0-9A-Fa-f]{2}){1,32})$/.exec(scalar.text)?.[1] : undefined;
  const plain = digits !== undefined && written === scalar.span && field.type.kind === 'bytes';
  const parameters = { field: field.name, takes: 'text here', given: given(item) };
  return context.report('PKT2005', parameters, written, `this is ${parameters.given}`, {
    help: plain ? null : 'text stands in quotes, and `\\xNN` in it is any byte',
    fixes: plain ? [replacing(written, `"${digits.replace(/../g, '\\x$&')}"`)] : [],
    related: related(context, item, 'by way of this'),
  });
}

/* What does not fit */

/** `payload "x"` could be meant in three ways. */
function needsOperator({ context, field, node }: Compared): null {
  const at = node.nocase?.span.start ?? node.value?.span.start ?? node.span.end;
  const ways = [
    ['contains', 'anywhere in it'],
    ['starts', 'at its start'],
    ['=', 'for all of it'],
  ] as const;
  return context.report('PKT2033', { field: field.name }, node.span, 'where is the text looked for?', {
    fixes: ways.map(([word, where]) =>
      replacing({ start: at, end: at }, `${word} `, `write \`${field.name} ${word} …\` ${where}`),
    ),
  });
}

/** How far `contains` looks; null: the bound makes no sense, which has been told. */
function searchBound(compared: Compared): number | null {
  const { context, node, operator } = compared;
  if (!node.within) return PAYLOAD_SEARCH_BYTES_MAX;
  if (operator !== 'contains') return withoutSearch(compared);
  const judged = judgeNumber(node.within.text);
  const bound = judged.ok ? judged.value : 0;
  if (judged.ok && bound > 0 && bound <= PAYLOAD_SEARCH_BYTES_MAX) return bound;
  const large = judged.ok && bound > 0;
  return context.report(
    'PKT2034',
    { text: node.within.text, limit: PAYLOAD_SEARCH_BYTES_MAX },
    node.within.span,
    judged.ok ? (large ? 'further than is ever looked' : 'looks nowhere') : judged.problem.label,
    {
      help: large ? 'without `within` the search goes as far as it can' : 'write a number of bytes, such as `within 64`',
      fixes: large ? [replacing(node.within.span, String(PAYLOAD_SEARCH_BYTES_MAX))] : [],
    },
  );
}

function withoutSearch({ context, field, node, operator }: Compared): null {
  const span = node.within?.span ?? node.span;
  const from = node.field.span.end;
  const cut = { start: from, end: span.end };
  const shown = operator ?? '=';
  refuse(context, 'within', field, span, `\`${shown}\` looks at one place`, '`within N` says how far `contains` looks', [
    replacing(cut, '', 'remove it'),
  ]);
  return null;
}

/** Text longer than the bound is never found. */
function reachable({ context, node }: Compared, patterns: readonly BytePattern[], within: number): boolean {
  const longest = patterns.reduce((most, { bytes }) => Math.max(most, bytes.length), 0);
  if (longest <= within || !node.within) return true;
  const place = node.within.span;
  context.report('PKT2042', { length: longest, within }, place, 'too near for the text', {
    help: 'the text lies wholly in the bytes that `within` names',
    fixes: [replacing(place, String(longest), `write \`${longest}\`, which compares the start alone`)],
  });
  return false;
}

function fitsSlice(
  { context, node, items }: Compared,
  stretch: Stretch,
  partial: boolean,
  bytes: Uint8Array,
  item: Item,
): boolean {
  const { offset, size } = stretch;
  if (partial ? bytes.length <= size : bytes.length === size) return true;
  const { slice } = node;
  const lone = items.list.length === 1 && slice !== null && offset + bytes.length <= RAW_END_MAX;
  const fixes = lone ? [replacing(slice.length.span, String(bytes.length), `compare ${bytes.length} bytes`)] : [];
  context.report('PKT2036', { length: bytes.length, size }, item.written, `${bytes.length} ${plural(bytes.length)}`, {
    help: fixes.length > 0 ? null : 'every text that a slice is compared with is as long as the slice',
    fixes,
    related: related(context, item, 'by way of this'),
  });
  return false;
}

function plural(count: number): string {
  return count === 1 ? 'byte' : 'bytes';
}

/** `payload[0:64] contains "x"`: a search has a bound of its own. */
function containsInSlice({ context, field, node }: Compared, { base, offset, size }: Stretch): null {
  const { slice } = node;
  const place = slice?.span ?? node.span;
  const same = base === 'payload' && offset === 0 && size <= PAYLOAD_SEARCH_BYTES_MAX;
  refuse(
    context,
    'contains',
    field,
    node.operator?.span ?? node.span,
    'searches the payload, not a slice',
    same ? undefined : 'write `payload within N contains …`',
    [...(same && !node.within ? [replacing(place, ` within ${size}`, `write \`payload within ${size} contains …\``)] : [])],
  );
  return null;
}

/** `nocase` beside a number, an address or a name. */
export function refuseNocase({ context, node, field, items }: Compared): null {
  const span = node.nocase?.span ?? node.span;
  const after = /^nocase\s*/.exec(textOf(context, { start: span.start, end: node.span.end }))?.[0].length ?? 6;
  const text = items.list.some(({ scalar }) => scalar.kind === 'string');
  return context.report('PKT2037', { field: field.name }, span, 'only text has letters', {
    help: text ? 'text is looked for in `payload`, or compared with a slice: `payload[0:4] = nocase "http"`' : null,
    fixes: text ? [] : [replacing({ start: span.start, end: span.start + after }, '', 'remove it')],
  });
}
