/** Syntax to pieces: what stands in a statement in canonical form, and where its lines may break. */
import type {
  ActionNode,
  ArgumentNode,
  Comment,
  ErrorNode,
  PacketNode,
  RuleStatement,
  SetStatement,
  Statement,
  TestItem,
  TestStatement,
} from './ast.ts';
import { writeCondition, writeGuard } from './format-condition.ts';
import type { Piece } from './format-layout.ts';
import {
  BLOCK_INDENT,
  cling,
  type Form,
  leaf,
  mark,
  type Writer,
  writeBlock,
  writeKey,
  writeList,
  writeScalar,
  writeValue,
  writeWord,
} from './format-writer.ts';

const ARROW_INDENT = 2;
const CONDITION_INDENT = 4;
/** Behind `  -> `. */
const ACTION_INDENT = 5;

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
      mark(writer, statement.word);
      writeWord(writer, statement.name);
      mark(writer, '=');
      if (statement.value.kind === 'list') writeBlock(writer, statement.value);
      else writeValue(writer, statement.value);
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
