/** Syntax to pieces: what stands in a statement in canonical form, and where its lines may break. */
import type {
  ActionNode,
  ArgumentNode,
  Comment,
  CompareNode,
  Condition,
  ErrorNode,
  Key,
  ListNode,
  PacketNode,
  RuleStatement,
  Scalar,
  SetStatement,
  Statement,
  TestItem,
  TestStatement,
  Value,
  Word,
} from './ast.ts';
import { BARE_WORDS } from './fields/bare.ts';
import { fieldNamed } from './fields/index.ts';
import { LATER_FIELDS } from './fields/later.ts';
import type { Piece } from './format-layout.ts';
import type { Span } from './source.ts';
import { tokenize } from './tokens.ts';

const ARROW_INDENT = 2;
const CONDITION_INDENT = 4;
/** Behind `  -> `. */
const ACTION_INDENT = 5;
const BLOCK_INDENT = 2;

/** Collects the pieces of one statement, and knows where in the source it is. */
interface Writer {
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

type Form = Partial<Pick<Piece, 'break' | 'space' | 'commentIndent' | 'onlyBroken' | 'keepsBlank'>>;

/** The pieces of a statement; `comments` are those inside it. */
export function piecesOf(
  statement: Exclude<Statement, ErrorNode>,
  source: string,
  comments: readonly Comment[],
): readonly Piece[] {
  const writer: Writer = {
    pieces: [],
    source,
    comments,
    passed: 0,
    end: statement.span.start,
    indent: CONDITION_INDENT,
    tight: true,
    depth: 0,
  };
  switch (statement.kind) {
    case 'include':
      mark(writer, 'include');
      writeScalar(writer, statement.path);
      break;
    case 'hook':
      mark(writer, 'hook');
      writeWord(writer, statement.name);
      if (statement.direction) writeWord(writer, statement.direction);
      break;
    case 'default':
      mark(writer, 'default');
      writeAction(writer, statement.action, {});
      break;
    case 'let':
      mark(writer, 'let');
      writeWord(writer, statement.name);
      mark(writer, '=');
      if (statement.value.kind === 'list') writeBlock(writer, statement.value);
      else writeScalar(writer, statement.value);
      break;
    case 'set':
      writeSet(writer, statement);
      break;
    case 'rule':
      writeRule(writer, statement);
      break;
    case 'test':
      writeTest(writer, statement);
      break;
  }
  return writer.pieces;
}

/* Writing */

function put(writer: Writer, text: string, at: number | null, form: Form): void {
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
function breakable(writer: Writer): Form {
  return { break: writer.depth > 0 ? 'last' : 'may' };
}

/** Something that the syntax has a place for. */
function leaf(writer: Writer, text: string, span: Span, form: Form = {}): void {
  put(writer, text, span.start, form);
  writer.end = span.end;
}

/** A word or sign that the syntax has no place for: it is looked for behind what was written last, and may be new. */
function mark(writer: Writer, text: string, form: Form = {}): void {
  const at = nextToken(writer.source, writer.end);
  const written = writer.source.startsWith(text, at);
  put(writer, text, written ? at : null, form);
  if (written) writer.end = at + text.length;
}

/** A sign that clings to the text before it: a comment between the two goes behind the sign. */
function cling(writer: Writer, text: string): void {
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

function writeWord(writer: Writer, word: Word, form: Form = {}): void {
  leaf(writer, word.text, word.span, form);
}

function writeScalar(writer: Writer, scalar: Scalar, form: Form = {}): void {
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

/** A list within a line: it fills lines when it is long. */
function writeList(writer: Writer, list: ListNode): void {
  leaf(writer, '{', { start: list.span.start, end: list.span.start + 1 });
  for (const [index, item] of list.items.entries()) {
    if (index > 0) cling(writer, ',');
    writeScalar(writer, item, index > 0 ? { break: 'last' } : {});
  }
  writer.tight = list.items.length === 0;
  leaf(writer, '}', { start: list.span.end - 1, end: list.span.end });
}

/** A list that stands alone in its statement: a block when it is long or has comments. */
function writeBlock(writer: Writer, list: ListNode): void {
  leaf(writer, '{', { start: list.span.start, end: list.span.start + 1 });
  writer.indent = BLOCK_INDENT;
  for (const [index, item] of list.items.entries()) {
    if (index > 0) cling(writer, ',');
    writeScalar(writer, item, { break: index > 0 ? 'may' : 'must', keepsBlank: true });
  }
  if (list.items.length > 0) put(writer, ',', null, { space: false, onlyBroken: true });
  writer.tight = list.items.length === 0;
  writer.indent = 0;
  leaf(writer, '}', { start: list.span.end - 1, end: list.span.end }, { break: 'must', commentIndent: BLOCK_INDENT });
}

function writeValue(writer: Writer, value: Value): void {
  if (value.kind === 'list') writeList(writer, value);
  else writeScalar(writer, value);
}

function writeKey(writer: Writer, key: Key): void {
  const [only] = key.words;
  if (key.words.length === 1 && only && only.span.start === key.span.start) {
    writeWord(writer, only);
    return;
  }
  leaf(writer, '(', { start: key.span.start, end: key.span.start + 1 });
  for (const [index, word] of key.words.entries()) {
    if (index > 0) cling(writer, ',');
    writer.tight = index === 0;
    writeWord(writer, word, index > 0 ? { break: 'last' } : {});
  }
  writer.tight = true;
  leaf(writer, ')', { start: key.span.end - 1, end: key.span.end });
}

/* Statements */

function writeSet(writer: Writer, set: SetStatement): void {
  mark(writer, 'set');
  writeWord(writer, set.name);
  if (set.key) {
    cling(writer, ':');
    writeKey(writer, set.key);
  }
  if (set.from) {
    mark(writer, 'from');
    writeScalar(writer, set.from);
  }
  for (const option of set.options) {
    writeWord(writer, option.name);
    writeScalar(writer, option.value);
  }
}

function writeRule(writer: Writer, rule: RuleStatement): void {
  if (rule.label) leaf(writer, `${rule.label.text}:`, { start: rule.label.span.start, end: rule.label.span.end + 1 });
  mark(writer, 'match');
  writeCondition(writer, rule.condition);
  if (rule.steps) {
    for (const condition of rule.steps.conditions) {
      mark(writer, 'then', { break: 'may' });
      writeCondition(writer, condition);
    }
    mark(writer, 'within', { break: 'may' });
    writeScalar(writer, rule.steps.within);
    mark(writer, 'per');
    writeKey(writer, rule.steps.per);
  }
  writer.indent = ARROW_INDENT;
  mark(writer, '->', { break: 'must' });
  writer.indent = ACTION_INDENT;
  for (const [index, action] of rule.actions.entries()) {
    if (index > 0) cling(writer, ',');
    writeAction(writer, action, index > 0 ? { break: 'may' } : {});
  }
}

function writeTest(writer: Writer, test: TestStatement): void {
  mark(writer, 'test');
  writeScalar(writer, test.name);
  mark(writer, '{');
  for (const item of test.items) writeItem(writer, item);
  writer.indent = 0;
  const empty = test.items.length === 0;
  writer.tight = empty;
  const form: Form = { break: empty ? 'must' : 'always', commentIndent: BLOCK_INDENT };
  leaf(writer, '}', { start: test.span.end - 1, end: test.span.end }, form);
}

function writeItem(writer: Writer, item: TestItem): void {
  const { subject } = item;
  writer.indent = BLOCK_INDENT;
  const word = { start: item.span.start, end: item.span.start + subject.kind.length };
  leaf(writer, subject.kind, word, { break: 'always', keepsBlank: true });
  writer.indent = BLOCK_INDENT + CONDITION_INDENT;
  if (subject.kind === 'packet') writePacket(writer, subject);
  else writeScalar(writer, subject.path);
  mark(writer, 'expect', { break: 'may' });
  writeWord(writer, item.expect);
  if (item.count) writeScalar(writer, item.count);
  if (!item.by) return;
  mark(writer, 'by');
  writeWord(writer, item.by);
}

function writePacket(writer: Writer, packet: PacketNode): void {
  writeWord(writer, packet.protocol);
  if (packet.from && packet.to) {
    writeScalar(writer, packet.from);
    mark(writer, '>');
    writeScalar(writer, packet.to);
  }
  for (const { name, value, more, span } of packet.settings) {
    if (value.kind === 'packet') {
      leaf(writer, `${name.text}(`, name.span, { break: 'last' });
      writer.tight = true;
      writePacket(writer, value);
      writer.tight = true;
      leaf(writer, ')', { start: span.end - 1, end: span.end });
      continue;
    }
    writeWord(writer, name, { break: 'last' });
    writeScalar(writer, value);
    for (const word of more) {
      cling(writer, `,${word.text}`);
      writer.end = word.span.end;
    }
  }
}

/* Conditions */

function writeCondition(writer: Writer, condition: Condition, form: Form = {}): void {
  switch (condition.kind) {
    case 'and':
      writeAnd(writer, condition.of, form);
      break;
    case 'or':
      writeOr(writer, condition.of, form, (part, partForm) => writeCondition(writer, part, partForm));
      break;
    default:
      writeTerm(writer, condition, form);
      break;
  }
}

function writeTerm(writer: Writer, condition: Condition, form: Form): void {
  switch (condition.kind) {
    case 'not':
      leaf(writer, 'not', { start: condition.span.start, end: condition.span.start + 3 }, form);
      writeTerm(writer, condition.of, {});
      break;
    case 'group':
      leaf(writer, '(', { start: condition.span.start, end: condition.span.start + 1 }, form);
      writer.tight = true;
      writer.depth++;
      writeCondition(writer, condition.of);
      writer.depth--;
      writer.tight = true;
      leaf(writer, ')', { start: condition.span.end - 1, end: condition.span.end });
      break;
    case 'bare':
      writeWord(writer, condition.word, form);
      break;
    case 'compare':
      writeCompare(writer, condition, form);
      break;
    case 'call':
      leaf(writer, `${condition.name.text}(`, condition.name.span, form);
      writer.tight = true;
      writer.depth++;
      writeCondition(writer, condition.argument);
      writer.depth--;
      cling(writer, ')');
      writer.end = Math.max(writer.end, condition.argument.span.end);
      if (condition.operator) leaf(writer, condition.operator.text, condition.operator.span);
      if (condition.value) writeValue(writer, condition.value);
      break;
    default:
      writeCondition(writer, condition, form);
      break;
  }
}

function writeOr(writer: Writer, parts: readonly Condition[], form: Form, write: (part: Condition, form: Form) => void): void {
  for (const [index, part] of parts.entries()) {
    if (index > 0) mark(writer, 'or', breakable(writer));
    write(part, index > 0 ? {} : form);
  }
}

/**
 * Predicates stand side by side; `and` is written next to a `not` or a parenthesis, where it reads better, and where
 * leaving it out would change the meaning.
 */
function writeAnd(writer: Writer, parts: readonly Condition[], form: Form): void {
  for (const [index, part] of parts.entries()) {
    const previous = parts[index - 1];
    if (!previous) {
      writeTerm(writer, part, form);
    } else if (isProminent(previous) || isProminent(part) || takesMore(previous) || hasComment(writer, part)) {
      mark(writer, 'and', breakable(writer));
      writeTerm(writer, part, {});
    } else {
      writeTerm(writer, part, beginsWithKnownWord(part) ? breakable(writer) : {});
    }
  }
}

function isProminent(condition: Condition): boolean {
  return condition.kind === 'not' || condition.kind === 'group';
}

/** A field without a value would take what follows for one. */
function takesMore(condition: Condition): boolean {
  return condition.kind === 'compare' && condition.value === null && condition.per === null && condition.more.length === 0;
}

/** Whether a comment will end the line between what was written last and `next`. */
function hasComment(writer: Writer, next: Condition): boolean {
  const { comments } = writer;
  if (comments.length === 0) return false;
  const written = writer.pieces.findLast((piece) => piece.at !== null)?.at ?? 0;
  while ((comments[writer.passed]?.span.start ?? Number.POSITIVE_INFINITY) <= written) writer.passed++;
  return (comments[writer.passed]?.span.start ?? Number.POSITIVE_INFINITY) < next.span.start;
}

/** A line that begins with an unknown word may be taken for a misspelt statement, so no line is broken before one. */
function beginsWithKnownWord(condition: Condition): boolean {
  const name = condition.kind === 'compare' ? condition.field.text : condition.kind === 'call' ? condition.name.text : '';
  return (
    condition.kind === 'bare' ||
    Object.hasOwn(BARE_WORDS, name) ||
    fieldNamed(name) !== undefined ||
    Object.hasOwn(LATER_FIELDS, name)
  );
}

function writeCompare(writer: Writer, compare: CompareNode, form: Form): void {
  const { field, slice, mask, operator, value, per } = compare;
  const sliced = slice ? `[${slice.offset.text}:${slice.length.text}]` : '';
  leaf(writer, field.text + sliced, { start: field.span.start, end: (slice?.length ?? field).span.end }, form);
  if (mask) {
    put(writer, '&', null, {});
    writeScalar(writer, mask);
  }
  if (operator) leaf(writer, operator.text, operator.span);
  if (compare.bang) {
    mark(writer, '!');
    writer.tight = true;
  }
  if (value) writeValue(writer, value);
  if (per) {
    mark(writer, 'per');
    writeKey(writer, per);
  }
  for (const { bang, word } of compare.more) {
    cling(writer, `,${bang ? '!' : ''}${word.text}`);
    writer.end = word.span.end;
  }
}

/* Actions */

function writeAction(writer: Writer, action: ActionNode, form: Form): void {
  writeWord(writer, action.name, form);
  for (const argument of action.arguments) writeArgument(writer, argument);
}

function writeArgument(writer: Writer, argument: ArgumentNode): void {
  switch (argument.kind) {
    case 'list':
      writeList(writer, argument);
      break;
    case 'tuple':
      writeKey(writer, argument.key);
      break;
    case 'per':
      leaf(writer, 'per', { start: argument.span.start, end: argument.span.start + 3 });
      writeKey(writer, argument.key);
      break;
    case 'guard':
      leaf(
        writer,
        argument.word,
        { start: argument.span.start, end: argument.span.start + argument.word.length },
        { break: 'last' },
      );
      writer.depth++;
      writeGuard(writer, argument.condition);
      writer.depth--;
      break;
    default:
      writeScalar(writer, argument);
      break;
  }
}

/** In a guard *and* is always a word: what stands side by side is the action's next argument. */
function writeGuard(writer: Writer, condition: Condition): void {
  if (condition.kind === 'or') {
    writeOr(writer, condition.of, {}, (part) => writeGuard(writer, part));
    return;
  }
  if (condition.kind !== 'and') {
    writeTerm(writer, condition, {});
    return;
  }
  for (const [index, part] of condition.of.entries()) {
    if (index > 0) mark(writer, 'and', breakable(writer));
    writeTerm(writer, part, {});
  }
}
