/** What the project's Markdown files contain, as far as tests look at it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export interface CodeBlock {
  readonly file: string;
  /** 1-based line of its first line of text. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export function readMarkdown(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** Every fenced block of a Markdown file. */
export function codeBlocks(file: string): readonly CodeBlock[] {
  const text = readMarkdown(file);
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((found) => ({
    file,
    line: text.slice(0, found.index).split('\n').length + 1,
    language: found[1] ?? '',
    text: found[2] ?? '',
  }));
}

/** The rows of every table whose head begins with `head`, each as its cells. */
export function tableRows(file: string, head: string): readonly (readonly string[])[] {
  const lines = readMarkdown(file).split('\n');
  return lines.flatMap((line, index) => {
    if (!line.startsWith(`| ${head} |`)) return [];
    const rows = lines.slice(index + 2);
    return rows
      .slice(
        0,
        rows.findIndex((row) => !row.startsWith('|')),
      )
      .map(cells);
  });
}

const cells = (row: string): readonly string[] =>
  row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

/** The texts between single backticks. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((found) => found[1] ?? '');
}
