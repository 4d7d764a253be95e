import type { SourceFile } from '../../grammar/source.ts';
import type { Diagnostic, Fix, Label } from './diagnostic.ts';
import { type Paint, painter } from './paint.ts';
import { countCharacters, type LineStarts, lineAt, lineStarts } from './position.ts';
import { type Mark, renderMarks } from './snippet.ts';
import { visible, visibleLine } from './visible.ts';

export interface RenderOptions {
  readonly color: boolean;
}

/** Longest stretch of a line that is shown. */
const WIDEST = 160;
const BEFORE = 60;

interface Sheet {
  readonly source: SourceFile;
  readonly starts: LineStarts;
}

/** A label on one line, with the stretch of it that is shown. */
interface Note {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly primary: boolean;
  readonly text: string;
}

/**
 * The text that people read, like rustc's; every diagnostic ends with an empty line. Nothing a user wrote reaches the terminal as
 * a control character; colour only when asked.
 */
export function renderDiagnostics(list: readonly Diagnostic[], options: RenderOptions): string {
  const paint = painter(options.color);
  const sheets = new Map<SourceFile, Sheet>();
  const sheetOf = (source: SourceFile): Sheet => {
    const sheet = sheets.get(source) ?? { source, starts: lineStarts(source.text) };
    sheets.set(source, sheet);
    return sheet;
  };
  return list.map((diagnostic) => `${renderOne(diagnostic, sheetOf, paint).join('\n')}\n\n`).join('');
}

function renderOne(diagnostic: Diagnostic, sheetOf: (source: SourceFile) => Sheet, paint: Paint): readonly string[] {
  const { code, severity, message, primary } = diagnostic;
  const head = `${paint(severity, `${severity}[${code}]`)}${paint('bold', `: ${visible(message)}`)}`;
  const labels = primary ? [primary, ...diagnostic.related] : diagnostic.related;
  const bySource = groupedBy(labels, (label) => label.source);
  const notes = [...bySource].map(([source, list]) => ({
    sheet: sheetOf(source),
    notes: list.flatMap((label) => notesOf(label, sheetOf(source), label === primary)),
  }));
  const fixed = primary ? diagnostic.fixes.flatMap((fix) => fixLine(fix, sheetOf(primary.source))) : [];
  const widest = Math.max(0, ...notes.flatMap((group) => group.notes.map((note) => note.line + 1)));
  const gutter = Math.max(1, String(widest).length);
  const lines = [head];
  for (const [index, group] of notes.entries()) {
    lines.push(paint('frame', `${' '.repeat(gutter)}${index === 0 ? '-->' : ':::'} `) + placeOf(group.sheet, group.notes));
    lines.push(...renderSheet(group.sheet, group.notes, gutter, severity, paint));
  }
  const note = (text: string): string => `${paint('frame', `${' '.repeat(gutter + 1)}=`)} ${paint('help', 'help:')} ${text}`;
  if (diagnostic.help !== null) lines.push(note(visible(diagnostic.help)));
  for (const fix of fixed) {
    lines.push(note(visible(fix.title)));
    if (fix.line === null) continue;
    lines.push(`${paint('frame', `${String(fix.line + 1).padStart(gutter)} +`)} ${fix.text}`);
  }
  return lines;
}

/** `edge.rules:2:22`, of the primary label where there is one. */
function placeOf(sheet: Sheet, notes: readonly Note[]): string {
  const first = notes.find((note) => note.primary) ?? notes[0];
  const start = sheet.starts[first?.line ?? 0] ?? 0;
  const column = countCharacters(sheet.source.text, start, first?.start ?? start) + 1;
  return `${visible(sheet.source.name)}:${(first?.line ?? 0) + 1}:${column}`;
}

/** In order of first appearance. (`Map.groupBy` came after Node 20.) */
function groupedBy<T, K>(list: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Where a line ends, without its `\n` or `\r\n`. */
function lineEnd(sheet: Sheet, line: number): number {
  const { text } = sheet.source;
  const next = sheet.starts[line + 1];
  const end = next === undefined ? text.length : next - 1;
  return text[end - 1] === '\r' && end > (sheet.starts[line] ?? 0) ? end - 1 : end;
}

/** A label on several lines becomes its first and its last line; the text stands on the last. */
function notesOf(label: Label, sheet: Sheet, primary: boolean): readonly Note[] {
  const { length } = sheet.source.text;
  const start = Math.max(0, Math.min(label.span.start, length));
  const end = Math.max(start, Math.min(label.span.end, length));
  const first = lineAt(sheet.starts, start);
  const last = lineAt(sheet.starts, Math.max(start, end - 1));
  if (first === last)
    return [{ line: first, start, end: Math.min(end, Math.max(start, lineEnd(sheet, first))), primary, text: label.text }];
  const { text } = sheet.source;
  const from = sheet.starts[last] ?? 0;
  const indent = /^[ \t]*/.exec(text.slice(from, Math.min(end, from + WIDEST)))?.[0].length ?? 0;
  return [
    { line: first, start, end: Math.max(start, lineEnd(sheet, first)), primary, text: '' },
    { line: last, start: from + indent, end: Math.min(end, lineEnd(sheet, last)), primary, text: label.text },
  ];
}

/** The stretch of a line to show round a note: everything, unless the line is very long. */
function windowOf(sheet: Sheet, line: number, around: number): readonly [start: number, end: number] {
  const start = sheet.starts[line] ?? 0;
  const end = lineEnd(sheet, line);
  if (end - start <= WIDEST) return [start, end];
  const from = Math.max(start, Math.min(around - BEFORE, end - WIDEST));
  return [wholeCharacter(sheet.source.text, from), wholeCharacter(sheet.source.text, Math.min(end, from + WIDEST))];
}

/** Never cuts a surrogate pair in two. */
function wholeCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at;
}

function renderSheet(
  sheet: Sheet,
  notes: readonly Note[],
  gutter: number,
  severity: Diagnostic['severity'],
  paint: Paint,
): readonly string[] {
  const lines: string[] = [];
  let previous: number | null = null;
  const byLine = [...groupedBy(notes, (note) => note.line)].sort(([a], [b]) => a - b);
  for (const [line, all] of byLine) {
    if (previous !== null && line > previous + 1) lines.push(paint('frame', '...'));
    previous = line;
    const long = lineEnd(sheet, line) - (sheet.starts[line] ?? 0) > WIDEST;
    // On a clipped line the notes may be megabytes apart, so each gets its own stretch of it.
    for (const together of long ? all.map((note) => [note]) : [all]) {
      const [from, to] = windowOf(sheet, line, together[0]?.start ?? 0);
      const before = from > (sheet.starts[line] ?? 0) ? '…' : '';
      const after = to < lineEnd(sheet, line) ? '…' : '';
      const show = (start: number, end: number): string => visibleLine(sheet.source.text.slice(start, Math.max(start, end)));
      lines.push(`${paint('frame', `${String(line + 1).padStart(gutter)} |`)} ${before}${show(from, to)}${after}`.trimEnd());
      const marks = together.map(
        (note): Mark => ({
          before: before + show(from, Math.min(note.start, to)),
          under: show(Math.min(note.start, to), Math.min(note.end, to)),
          text: visible(note.text),
          primary: note.primary,
        }),
      );
      const frame = `${paint('frame', `${' '.repeat(gutter)} |`)} `;
      lines.push(...renderMarks(marks, severity, paint).map((row) => frame + row));
    }
  }
  return lines;
}

/** A fix as its title and the line as it will be; no line when the edits span several, the line is very long, or nothing but the title says it. */
function fixLine(
  fix: Fix,
  sheet: Sheet,
): readonly { readonly title: string; readonly line: number | null; readonly text: string }[] {
  const edits = [...fix.edits].sort((a, b) => a.span.start - b.span.start);
  const first = edits[0];
  const last = edits.at(-1);
  const none = [{ title: fix.title, line: null, text: '' }];
  if (!first || !last) return none;
  const line = lineAt(sheet.starts, first.span.start);
  const end = lineEnd(sheet, line);
  const start = sheet.starts[line] ?? 0;
  if (last.span.end > end || end - start > WIDEST) return none;
  let text = '';
  let at = start;
  for (const edit of edits) {
    text += sheet.source.text.slice(at, edit.span.start) + edit.text;
    at = edit.span.end;
  }
  return [{ title: fix.title, line, text: visibleLine(text + sheet.source.text.slice(at, end)) }];
}
