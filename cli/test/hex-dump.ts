import type { Paint } from '../../compiler/diagnostics/paint.ts';

/** Bytes of a frame, `end` exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const ROW = 16;
/** Rows shown before the first mark matters: the headers of an ordinary packet. */
const ROWS_AT_LEAST = 4;
const ROWS_AT_MOST = 8;

/** Rows of 16 bytes with carets under those that are marked; rows without a mark are left out where there are many. */
export function hexDump(frame: Uint8Array, marks: readonly ByteRange[], paint: Paint): readonly string[] {
  const rows = Math.ceil(frame.length / ROW);
  const isMarked = (at: number): boolean => marks.some(({ start, end }) => start <= at && at < end);
  const marked = Array.from({ length: rows }, (_, row) => rowOf(row).some((at) => at < frame.length && isMarked(at)));
  const shown = Array.from({ length: rows }, (_, row) => row < ROWS_AT_LEAST || marked[row] === true)
    .flatMap((show, row) => (show ? [row] : []))
    .slice(0, ROWS_AT_MOST);
  const lines: string[] = [];
  let next = 0;
  for (const row of shown) {
    if (row > next) lines.push('…');
    lines.push(`${paint('frame', offsetText(row * ROW))}  ${hexRow(frame, row, isMarked, paint)}`);
    if (marked[row]) lines.push(`${' '.repeat(6)}${caretRow(frame, row, isMarked, paint)}`);
    next = row + 1;
  }
  if (next < rows) lines.push(`… ${frame.length} bytes`);
  return lines;
}

function rowOf(row: number): readonly number[] {
  return Array.from({ length: ROW }, (_, column) => row * ROW + column);
}

function offsetText(offset: number): string {
  return offset.toString(16).padStart(4, '0');
}

type IsMarked = (at: number) => boolean;

function hexRow(frame: Uint8Array, row: number, isMarked: IsMarked, paint: Paint): string {
  const cells = rowOf(row).map((at) => {
    const byte = frame[at];
    if (byte === undefined) return '  ';
    const text = byte.toString(16).padStart(2, '0');
    return isMarked(at) ? paint('error', text) : text;
  });
  return `${cells.slice(0, 8).join(' ')}  ${cells.slice(8).join(' ')}`.trimEnd();
}

function caretRow(frame: Uint8Array, row: number, isMarked: IsMarked, paint: Paint): string {
  const cells = rowOf(row).map((at) => (at < frame.length && isMarked(at) ? '^^' : '  '));
  return paint('error', `${cells.slice(0, 8).join(' ')}  ${cells.slice(8).join(' ')}`.trimEnd());
}
