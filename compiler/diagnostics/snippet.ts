import type { Severity } from './diagnostic.ts';
import type { Paint } from './paint.ts';
import { displayWidth } from './visible.ts';

/** Something to point at on one line, as shown. */
export interface Mark {
  /** The line up to the mark. */
  readonly before: string;
  /** What the mark stands under. */
  readonly under: string;
  readonly text: string;
  readonly primary: boolean;
}

interface Placed extends Mark {
  readonly column: number;
  readonly width: number;
}

/** The rows under a source line: carets with the last mark's text beside them, the texts of the others below. */
export function renderMarks(marks: readonly Mark[], severity: Severity, paint: Paint): readonly string[] {
  const placed = marks
    .map((mark): Placed => ({ ...mark, column: displayWidth(mark.before), width: Math.max(1, displayWidth(mark.under)) }))
    .sort((a, b) => a.column - b.column || Number(b.primary) - Number(a.primary));
  const overlap = placed.some(
    (mark, index) => index > 0 && mark.column < (placed[index - 1]?.column ?? 0) + (placed[index - 1]?.width ?? 0),
  );
  const style = (mark: Placed): 'frame' | Severity => (mark.primary ? severity : 'frame');
  if (overlap) return placed.flatMap((mark) => row([mark], style, paint));
  return [...row(placed, style, paint), ...hanging(placed.slice(0, -1), style, paint)];
}

type StyleOf = (mark: Placed) => 'frame' | Severity;

function row(marks: readonly Placed[], style: StyleOf, paint: Paint): readonly string[] {
  let text = '';
  let column = 0;
  for (const mark of marks) {
    text += ' '.repeat(mark.column - column) + paint(style(mark), (mark.primary ? '^' : '-').repeat(mark.width));
    column = mark.column + mark.width;
  }
  const last = marks.at(-1);
  return [last && last.text !== '' ? `${text} ${paint(style(last), last.text)}` : text];
}

/** Texts that found no room beside their carets, from right to left, each hanging on a line of its own. */
function hanging(marks: readonly Placed[], style: StyleOf, paint: Paint): readonly string[] {
  const texts = marks.filter((mark) => mark.text !== '');
  const bars = (upTo: readonly Placed[]): { readonly text: string; readonly column: number } => {
    let text = '';
    let column = 0;
    for (const mark of upTo) {
      text += `${' '.repeat(mark.column - column)}${paint(style(mark), '|')}`;
      column = mark.column + 1;
    }
    return { text, column };
  };
  const rows: string[] = texts.length === 0 ? [] : [bars(texts).text];
  for (let index = texts.length - 1; index >= 0; index -= 1) {
    const mark = texts[index];
    if (!mark) continue;
    const left = bars(texts.slice(0, index));
    rows.push(`${left.text}${' '.repeat(mark.column - left.column)}${paint(style(mark), mark.text)}`);
  }
  return rows;
}
