/** Conditions to pieces. */
import type { CompareNode, Condition, TupleNode } from './ast.ts';
import { BARE_WORDS } from './fields/bare.ts';
import { fieldNamed } from './fields/index.ts';
import { LATER_FIELDS } from './fields/later.ts';
import {
  breakable,
  cling,
  type Form,
  leaf,
  mark,
  put,
  type Writer,
  writeKey,
  writeScalar,
  writeValue,
  writeWord,
} from './format-writer.ts';

export function writeCondition(writer: Writer, condition: Condition, form: Form = {}): void {
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

export function writeTerm(writer: Writer, condition: Condition, form: Form): void {
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
    case 'tuple':
      writeTuple(writer, condition, form);
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

export function writeOr(
  writer: Writer,
  parts: readonly Condition[],
  form: Form,
  write: (part: Condition, form: Form) => void,
): void {
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
  return condition.kind === 'not' || condition.kind === 'group' || condition.kind === 'tuple';
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

function writeTuple(writer: Writer, { fields, operator, value }: TupleNode, form: Form): void {
  writeKey(writer, fields, form);
  leaf(writer, operator.text, operator.span);
  writeValue(writer, value);
}

function writeCompare(writer: Writer, compare: CompareNode, form: Form): void {
  const { field, slice, mask, within, operator, nocase, value, per } = compare;
  const sliced = slice ? `[${slice.offset.text}:${slice.length.text}]` : '';
  leaf(writer, field.text + sliced, { start: field.span.start, end: (slice ?? field).span.end }, form);
  if (mask) {
    put(writer, '&', null, {});
    writeScalar(writer, mask);
  }
  if (within) {
    mark(writer, 'within');
    writeScalar(writer, within);
  }
  if (operator) leaf(writer, operator.text, operator.span);
  if (nocase) leaf(writer, 'nocase', nocase.span);
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

/** In a guard *and* is always a word: what stands side by side is the action's next argument. */
export function writeGuard(writer: Writer, condition: Condition): void {
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
