/**
 * Reads a file that was read before and has changed since: what stands before and behind the change is taken over. It says what
 * {@link recognise} says of the new text.
 */
import type { Statement } from '../../grammar/ast.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { type Change, type LineStarts, lineStartsAgain } from '../diagnostics/position.ts';
import { movedSyntax } from './moved.ts';
import { createReader, type Reader, type Reading, readOn, recognise } from './recognise.ts';
import { appendRows, roomLike } from './rows.ts';

/** What one analysis may leave for the next, by the name of the file. Whoever analyses again keeps it. */
export interface ReadingMemo {
  readonly readings: Map<string, Reading>;
}

export function createReadingMemo(): ReadingMemo {
  return { readings: new Map() };
}

/** Reads a file, with the help of what is known of it, and notes what it says. */
export function readWith(memo: ReadingMemo, source: SourceFile): Reading {
  const before = memo.readings.get(source.name);
  const reading = (before && readAgain(before, source)) ?? recognise(source);
  memo.readings.set(source.name, reading);
  return reading;
}

/** Shorter files, and those with errors in their syntax, are read anew. */
const WORTH_ROWS = 1000;

/** Null: little can be taken over. */
function readAgain(before: Reading, source: SourceFile): Reading | null {
  const [old, text] = [before.source.text, source.text];
  if (before.rows.count < WORTH_ROWS || before.diagnostics.length > 0) return null;
  const change = changeBetween(old, text);
  // Names decide where some statements begin, wherever in the file they are given.
  if (givesNames(old, change.from, change.oldEnd) || givesNames(text, change.from, change.newEnd)) return null;
  const reader = createReader(source, before.tree, roomLike(before.rows), linesAgain(before, text, change));
  // The statement at the change may go on, or end, the one before it.
  const kept = Math.max(0, itemsBefore(before, change.from) - 2);
  take(reader, before, 0, kept, 0);
  const by = text.length - old.length;
  const isOld = (start: number): boolean =>
    start > change.newEnd && text.lastIndexOf('\n', start - 1) >= change.newEnd && startsIn(before, start - by);
  const met = readOn(reader, kept === 0 ? 0 : startOf(before, kept), isOld);
  if (met < text.length) take(reader, before, itemsBefore(before, met - by), before.order.length, by);
  return reader;
}

/** The line starts of the text before are found out now, or they would keep the reading before, and that the one before it. */
function linesAgain(before: Reading, text: string, change: Change): () => LineStarts {
  const lines = before.lines();
  return () => lineStartsAgain(lines, text, change);
}

/** Texts are compared in pieces of this many characters, which is as fast as memory. */
const PIECE = 1 << 14;

function changeBetween(old: string, text: string): Change {
  const shorter = Math.min(old.length, text.length);
  let from = 0;
  while (from + PIECE <= shorter && old.slice(from, from + PIECE) === text.slice(from, from + PIECE)) from += PIECE;
  while (from < shorter && old.charCodeAt(from) === text.charCodeAt(from)) from += 1;
  let [oldEnd, newEnd] = [old.length, text.length];
  const rest = (): number => Math.min(oldEnd, newEnd) - from;
  while (rest() >= PIECE && old.slice(oldEnd - PIECE, oldEnd) === text.slice(newEnd - PIECE, newEnd)) {
    oldEnd -= PIECE;
    newEnd -= PIECE;
  }
  while (rest() > 0 && old.charCodeAt(oldEnd - 1) === text.charCodeAt(newEnd - 1)) {
    oldEnd -= 1;
    newEnd -= 1;
  }
  return { from, oldEnd, newEnd };
}

/** Whether `let` or `set` stands in the lines of a change, or is the last word before them. */
function givesNames(text: string, from: number, end: number): boolean {
  let start = text.lastIndexOf('\n', from - 1) + 1;
  while (start > 0 && /\s/.test(text[start - 1] ?? '')) start -= 1;
  start = text.lastIndexOf('\n', start - 1) + 1;
  const feed = text.indexOf('\n', end);
  return /\b(?:let|set)\b/.test(text.slice(start, feed < 0 ? text.length : feed));
}

/** Where a statement begins, by its number in the file. */
function startOf({ order, rows, statements }: Reading, item: number): number {
  const at = order[item] ?? 0;
  return at >= 0 ? (rows.start[at] ?? 0) : (statements[~at]?.span.start ?? 0);
}

/** How many statements begin before `place`. */
function itemsBefore(reading: Reading, place: number): number {
  let low = 0;
  let high = reading.order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startOf(reading, middle) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function startsIn(reading: Reading, place: number): boolean {
  const item = itemsBefore(reading, place);
  return item < reading.order.length && startOf(reading, item) === place;
}

/** Takes statements over, which begin `by` characters later now. */
function take(reader: Reader, { order, rows, statements }: Reading, first: number, end: number, by: number): void {
  let firstRow = -1;
  let endRow = -1;
  let shift = 0;
  for (let item = first; item < end; item += 1) {
    const at = order[item] as number;
    if (at < 0) {
      reader.order.push(~reader.statements.length);
      reader.statements.push(movedSyntax(statements[~at] as Statement, by));
      continue;
    }
    if (firstRow < 0) {
      firstRow = at;
      shift = reader.rows.count - at;
    }
    endRow = at + 1;
    reader.order.push(at + shift);
  }
  if (firstRow >= 0) appendRows(reader.rows, rows, firstRow, endRow, by);
}
