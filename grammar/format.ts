/** Syntax to its canonical text: one statement a line, every comment kept. */
import type { Comment, Statement, SyntaxFile } from './ast.ts';
import { followsBlankLine, type Layout, layOut } from './format-layout.ts';
import { piecesOf } from './format-statement.ts';
import type { SourceFile } from './source.ts';

/**
 * The canonical text of a file that `parse` read from `source`. It means the same and formats to itself. A statement that does not fit
 * on a line breaks before its `->`; an empty line between statements is kept, several become one. A statement that could not be
 * read stays as it was written.
 */
export function format(file: SyntaxFile, source: SourceFile): string {
  const page: Page = { source: source.text, lines: [], end: 0, closed: true };
  const { comments } = file;
  let next = 0;
  for (const statement of file.statements) {
    for (; next < comments.length && startOf(comments[next]) < statement.span.start; next++) addComment(page, comments[next]);
    const first = next;
    while (next < comments.length && startOf(comments[next]) < statement.span.end) next++;
    addStatement(page, statement, comments.slice(first, next));
  }
  for (; next < comments.length; next++) addComment(page, comments[next]);
  const text = page.lines.length === 0 ? '' : `${page.lines.join('\n')}\n`;
  // A byte order mark in the middle is an error; moved to the front it would no longer be one.
  return text.startsWith('\ufeff') ? `\n${text}` : text;
}

interface Page {
  readonly source: string;
  readonly lines: string[];
  /** Where what was added last ended in the source. */
  end: number;
  /** The last line ends in a comment, so that nothing can be added to it. */
  closed: boolean;
}

function startOf(comment: Comment | undefined): number {
  return comment?.span.start ?? 0;
}

/** On the line of what precedes it, where it was there, or on a line of its own. */
function addComment(page: Page, comment: Comment | undefined): void {
  if (!comment) return;
  const { text, span } = comment;
  const trails = !page.closed && !/[\n\r]/.test(page.source.slice(page.end, span.start));
  if (trails) {
    page.lines.push(`${page.lines.pop() ?? ''} ${text.trimEnd()}`);
  } else {
    keepBlankLine(page, span.start);
    page.lines.push(text.trimEnd());
  }
  page.end = span.end;
  page.closed = true;
}

function addStatement(page: Page, statement: Statement, inside: readonly Comment[]): void {
  keepBlankLine(page, statement.span.start);
  const { text, rest } = textOf(statement, inside, page.source);
  page.lines.push(text);
  page.end = statement.span.end;
  page.closed = rest.length > 0;
  for (const [index, { text: comment }] of rest.entries()) {
    if (index === 0) page.lines.push(`${page.lines.pop() ?? ''} ${comment.trimEnd()}`);
    else page.lines.push(comment.trimEnd());
  }
}

function textOf(statement: Statement, inside: readonly Comment[], source: string): Layout {
  if (statement.kind === 'error') return { text: source.slice(statement.span.start, statement.span.end), rest: [] };
  return layOut(piecesOf(statement, source, inside), inside, source);
}

function keepBlankLine(page: Page, at: number): void {
  if (page.lines.length > 0 && followsBlankLine(page.source, at)) page.lines.push('');
}
