/** Pieces of a statement to lines: where a line breaks, and where the comments inside the statement go. */
import type { Comment } from './ast.ts';

/** Columns a line should not exceed. */
export const WIDTH = 100;

/** Text that is never broken, with what may happen before it. */
export interface Piece {
  readonly text: string;
  /** Where its first token stands in the source: a comment that stands earlier goes before it. null: it clings to the piece before. */
  readonly at: number | null;
  /** A space before it when it stands on the line of the piece before. */
  readonly space: boolean;
  /**
   * A line break before it in a statement that does not fit on one line: `must`; `may` when what follows up to the next such place
   * would reach beyond the width; `last`, inside one of those stretches, only when there is no other way. `always` breaks even
   * when everything would fit.
   */
  readonly break: 'never' | 'last' | 'may' | 'must' | 'always';
  /** Columns before it when it begins a line. */
  readonly indent: number;
  /** Columns before comments on lines of their own that precede it. */
  readonly commentIndent: number;
  /** Left out when the statement fits on one line. */
  readonly onlyBroken: boolean;
  /** An empty line before it, or before a comment that precedes it, is kept. */
  readonly keepsBlank: boolean;
}

export interface Layout {
  readonly text: string;
  /** Comments from the middle of the last piece, which follow the statement. */
  readonly rest: readonly Comment[];
}

/** Whether nothing but white space precedes `at` on its line. */
function beginsLine(source: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && /[ \t\f]/.test(source.charAt(before))) before--;
  return before < 0 || /[\n\r]/.test(source.charAt(before)) || (before === 0 && source.startsWith('\ufeff'));
}

/** Whether an empty line precedes the line of `at`. White space is what the lexer skips, and no more. */
export function followsBlankLine(source: string, at: number): boolean {
  let start = at;
  while (start > 0 && /[ \t\f\n\r]/.test(source.charAt(start - 1))) start--;
  return (source.slice(start, at).match(/\r\n|\n|\r/g)?.length ?? 0) > 1;
}

/** `comments` are those inside the statement, in order. */
export function layOut(pieces: readonly Piece[], comments: readonly Comment[], source: string): Layout {
  const flat = pieces.filter((piece) => !piece.onlyBroken);
  const fits = comments.length === 0 && flat.every((piece) => piece.break !== 'always');
  const line = fits ? flat.map((piece, index) => (piece.space && index > 0 ? ' ' : '') + piece.text).join('') : '';
  return fits && line.length <= WIDTH ? { text: line, rest: [] } : breakLines(pieces, comments, source);
}

function breakLines(pieces: readonly Piece[], comments: readonly Comment[], source: string): Layout {
  const stretch = widthsTo(pieces, ['may', 'must', 'always']);
  const reach = widthsTo(pieces, ['last', 'may', 'must', 'always']);
  const lines: string[] = [];
  let line = '';
  let next = 0;
  let commented = false;
  const newLine = (indent: number): void => {
    if (line.trim() !== '' || lines.length > 0) lines.push(line.trimEnd());
    line = ' '.repeat(indent);
  };
  const blank = (at: number): void => {
    if (followsBlankLine(source, at) && line.trim() !== '' && !line.endsWith('{')) newLine(0);
  };
  const comment = ({ text, span }: Comment, piece: Piece): void => {
    if (commented || beginsLine(source, span.start)) {
      if (piece.keepsBlank) blank(span.start);
      newLine(piece.commentIndent);
      line += text.trimEnd();
    } else {
      line += ` ${text.trimEnd()}`;
    }
    commented = true;
  };
  for (const [index, piece] of pieces.entries()) {
    for (; next < comments.length && piece.at !== null; next++) {
      const inside = comments[next] as Comment;
      if (inside.span.start > piece.at) break;
      comment(inside, piece);
    }
    const width = (piece.break === 'may' ? stretch : piece.break === 'last' ? reach : [])[index] ?? 0;
    const tooLong = width > 0 && line.length + width > WIDTH;
    const broken = index > 0 && (commented || tooLong || piece.break === 'must' || piece.break === 'always');
    if (broken) {
      if (piece.keepsBlank) blank(piece.at ?? 0);
      newLine(piece.indent);
    } else if (piece.space && index > 0) {
      line += ' ';
    }
    line += piece.text;
    commented = false;
  }
  lines.push(line.trimEnd());
  return { text: lines.join('\n'), rest: comments.slice(next) };
}

/** For each piece, the columns up to the next place where a line may break in one of these ways. */
function widthsTo(pieces: readonly Piece[], ways: readonly Piece['break'][]): readonly number[] {
  const widths: number[] = new Array(pieces.length).fill(0);
  for (let index = pieces.length - 1; index >= 0; index--) {
    const piece = pieces[index] as Piece;
    const following = pieces[index + 1];
    const glued = following && !ways.includes(following.break) ? (widths[index + 1] ?? 0) : 0;
    widths[index] = (piece.space ? 1 : 0) + piece.text.length + glued;
  }
  return widths;
}
