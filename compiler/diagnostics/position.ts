/** Where an offset is, as people and tools count. */
export interface Position {
  /** UTF-8 bytes from the start of the text. */
  readonly byte: number;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters (Unicode code points). */
  readonly column: number;
}

/** Code points in `text.slice(start, end)`. */
export function countCharacters(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    const pair = code >= 0xd800 && code <= 0xdbff && at + 1 < end;
    if (pair && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) at += 1;
    count += 1;
  }
  return count;
}

/** Start offsets of every line; a line ends at `\n`. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the line that holds `offset`, from 0. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** `starts` is `lineStarts(text)`, worked out once for many positions; offsets beyond the text count as its end. */
export function positionOf(text: string, starts: readonly number[], offset: number): Position {
  const at = Math.max(0, Math.min(offset, text.length));
  const line = lineAt(starts, at);
  return {
    byte: Buffer.byteLength(text.slice(0, at), 'utf8'),
    line: line + 1,
    column: countCharacters(text, starts[line] ?? 0, at) + 1,
  };
}
