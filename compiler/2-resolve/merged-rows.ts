import { merged } from '../../grammar/values/ranges.ts';
import type { Expression } from './program.ts';

type Row = readonly Expression[];

/**
 * The same rows in fewer: those that differ in one place only become one with both values there. Every row has as many places, and
 * each place the same field. Linear in the rows.
 */
export function mergedRows(rows: readonly Row[]): readonly Row[] {
  let table = rows;
  const columns = rows[0]?.length ?? 0;
  for (let column = columns - 1; column >= 0; column -= 1) table = mergeColumn(table, column);
  return table;
}

function mergeColumn(rows: readonly Row[], column: number): readonly Row[] {
  const groups = new Map<string, Expression[]>();
  const first: Row[] = [];
  for (const row of rows) {
    const cell = row[column];
    if (cell === undefined) continue;
    const key = `${cell.kind} ${row.map((part, at) => (at === column ? '' : keyOf(part))).join('|')}`;
    const group = groups.get(key);
    if (group) group.push(cell);
    else {
      groups.set(key, [cell]);
      first.push(row);
    }
  }
  const unions = [...groups.values()].map(union);
  return first.flatMap((row, index) => (unions[index] ?? []).map((cell) => row.with(column, cell)));
}

/** Cells of one kind as one, where ranges can be put together; each once otherwise. */
function union(cells: readonly Expression[]): readonly Expression[] {
  const [first] = cells;
  if (first === undefined || cells.length === 1) return cells;
  if (first.kind === 'in') {
    return [{ ...first, ranges: merged(cells.flatMap((cell) => (cell.kind === 'in' ? cell.ranges : []))) }];
  }
  if (first.kind === 'address') {
    const v4 = merged(cells.flatMap((cell) => (cell.kind === 'address' ? cell.v4 : [])));
    const v6 = merged(cells.flatMap((cell) => (cell.kind === 'address' ? cell.v6 : [])));
    return [{ ...first, v4, v6 }];
  }
  return [...new Map(cells.map((cell) => [keyOf(cell), cell])).values()];
}

function keyOf(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) =>
    key === 'span' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
}
