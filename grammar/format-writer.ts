/** What the pieces of a statement are written with: words, values, and signs that the syntax has no place for. */
import type { Comment, Key, ListNode, RowNode, Scalar, Value, Word } from './ast.ts';
import type { Piece } from './format-layout.ts';
import type { Span } from './source.ts';
import { tokenize } from './tokens.ts';

/** Columns before the lines of a block. */
export const BLOCK_INDENT = 2;

/** Collects the pieces of one statement, and knows where in the source it is. */
export interface Writer {
  readonly pieces: Piece[];
  readonly source: string;
  readonly comments: readonly Comment[];
  /** How many of the comments precede what has been written. */
  passed: number;
  /** Where the last token written ended in the source. */
  end: number;
  /** Indent of what continues a line. */
  indent: number;
  /** The next piece stands directly behind the last. */
  tight: boolean;
  /** Parentheses, lists and guards round what is being written: lines break outside them first. */
  depth: number;
}

export type Form = Partial<Pick<Piece, 'break' | 'space' | 'commentIndent' | 'onlyBroken' | 'keepsBlank'>>;

export function put(writer: Writer, text: string, at: number | null, form: Form): void {
  writer.pieces.push({
    text,
    at,
    space: !writer.tight,
    break: 'never',
    indent: writer.indent,
    commentIndent: writer.indent,
    onlyBroken: false,
    keepsBlank: false,
    ...form,
  });
  writer.tight = false;
}

/** A line may break before the next piece. */
export function breakable(writer: Writer): Form {
  return { break: writer.depth > 0 ? 'last' : 'may' };
}

/** Something that the syntax has a place for. */
export function leaf(writer: Writer, text: string, span: Span, form: Form = {}): void {
  put(writer, text, span.start, form);
  writer.end = span.end;
}

/** A word or sign that the syntax has no place for: it is looked for behind what was written last, and may be new. */
export function mark(writer: Writer, text: string, form: Form = {}): void {
  const at = nextToken(writer.source, writer.end);
  const written = writer.source.startsWith(text, at);
  put(writer, text, written ? at : null, form);
  if (written) writer.end = at + text.length;
}

/** A sign that clings to the text before it: a comment between the two goes behind the sign. */
export function cling(writer: Writer, text: string): void {
  writer.tight = true;
  put(writer, text, null, {});
}

function nextToken(source: string, from: number): number {
  let at = from;
  while (at < source.length) {
    const char = source.charAt(at);
    if (char === '#') while (at < source.length && !/[\n\r]/.test(source.charAt(at))) at++;
    else if (/[ \t\n\r\f]/.test(char)) at++;
    else break;
  }
  return at;
}

export function writeWord(writer: Writer, word: Word, form: Form = {}): void {
  leaf(writer, word.text, word.span, form);
}

export function writeScalar(writer: Writer, scalar: Scalar, form: Form = {}): void {
  leaf(writer, scalarText(scalar), scalar.span, form);
}

function scalarText(scalar: Scalar): string {
  switch (scalar.kind) {
    case 'string':
      return `"${scalar.text}"`;
    case 'word':
      return scalar.times ? `${scalar.text}*${scalar.times.text}` : scalar.text;
    case 'literal':
      return scalar.to ? rangeText(scalar.text, scalar.to.text) : scalar.text;
  }
}

/** `a-b`, unless that would read as something else (`00-11-22-33-44-55 - 66`). */
function rangeText(from: string, to: string): string {
  const read = tokenize(`${from}-${to}`);
  const same = read.length === 3 && read[0]?.text === from && read[2]?.text === to;
  return same ? `${from}-${to}` : `${from} - ${to}`;
}

function writeItem(writer: Writer, item: Scalar | RowNode, form: Form): void {
  if (item.kind === 'row') writeRow(writer, item, form);
  else writeScalar(writer, item, form);
}

/** `(10.0.0.0/8, 22)`, never broken where it need not be. */
export function writeRow(writer: Writer, row: RowNode, form: Form = {}): void {
  leaf(writer, '(', { start: row.span.start, end: row.span.start + 1 }, form);
  for (const [index, value] of row.values.entries()) {
    if (index > 0) cling(writer, ',');
    writer.tight = index === 0;
    writeValue(writer, value);
  }
  writer.tight = true;
  leaf(writer, ')', { start: row.span.end - 1, end: row.span.end });
}

/** A list within a line: it fills lines when it is long. */
export function writeList(writer: Writer, list: ListNode): void {
  leaf(writer, '{', { start: list.span.start, end: list.span.start + 1 });
  for (const [index, item] of list.items.entries()) {
    if (index > 0) cling(writer, ',');
    writeItem(writer, item, index > 0 ? { break: 'last' } : {});
  }
  writer.tight = list.items.length === 0;
  leaf(writer, '}', { start: list.span.end - 1, end: list.span.end });
}

/** A list that stands alone in its statement: a block when it is long or has comments. */
export function writeBlock(writer: Writer, list: ListNode): void {
  leaf(writer, '{', { start: list.span.start, end: list.span.start + 1 });
  writer.indent = BLOCK_INDENT;
  for (const [index, item] of list.items.entries()) {
    if (index > 0) cling(writer, ',');
    writeItem(writer, item, { break: index > 0 ? 'may' : 'must', keepsBlank: true });
  }
  if (list.items.length > 0) put(writer, ',', null, { space: false, onlyBroken: true });
  writer.tight = list.items.length === 0;
  writer.indent = 0;
  leaf(writer, '}', { start: list.span.end - 1, end: list.span.end }, { break: 'must', commentIndent: BLOCK_INDENT });
}

export function writeValue(writer: Writer, value: Value | RowNode): void {
  if (value.kind === 'row') writeRow(writer, value);
  else if (value.kind === 'list') writeList(writer, value);
  else writeScalar(writer, value);
}

export function writeKey(writer: Writer, key: Key, form: Form = {}): void {
  const [only] = key.words;
  if (key.words.length === 1 && only && only.span.start === key.span.start) {
    writeWord(writer, only, form);
    return;
  }
  leaf(writer, '(', { start: key.span.start, end: key.span.start + 1 }, form);
  for (const [index, word] of key.words.entries()) {
    if (index > 0) cling(writer, ',');
    writer.tight = index === 0;
    writeWord(writer, word, index > 0 ? { break: 'last' } : {});
  }
  writer.tight = true;
  leaf(writer, ')', { start: key.span.end - 1, end: key.span.end });
}
