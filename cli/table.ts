import { displayWidth } from '../compiler/diagnostics/visible.ts';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** A cell's text has gone through `visible`; `style` adds colour without changing the width. */
export interface Cell {
  readonly text: string;
  readonly style?: (text: string) => string;
}

/** A table that fits its content: two spaces between the columns, titles on top, every line ends with a newline. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  title: (text: string) => string,
): string {
  const widths = columns.map((column, index) =>
    rows.reduce((width, row) => Math.max(width, displayWidth(row[index]?.text ?? '')), displayWidth(column.title)),
  );
  const head = columns.map((column) => ({ text: column.title, style: title }));
  return [head, ...rows].map((row) => `${renderRow(columns, widths, row)}\n`).join('');
}

/** One line, each cell padded to its column's width; the last one is not padded on the right. */
export function renderRow(columns: readonly Column[], widths: readonly number[], row: readonly Cell[]): string {
  const cells = row.map((cell, index) => {
    const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell.text)));
    const text = cell.style ? cell.style(cell.text) : cell.text;
    if (columns[index]?.align === 'right') return padding + text;
    return index === row.length - 1 ? text : text + padding;
  });
  return cells.join('  ').trimEnd();
}
