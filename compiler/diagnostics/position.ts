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

/** Where each line of a text begins, ascending. */
export type LineStarts = Int32Array;

/** Characters of a line, about. */
const LINE_LENGTH = 40;

/** Start offsets of every line; a line ends at `\n`. */
export function lineStarts(text: string): LineStarts {
  return lineStartsAgain(new Int32Array(1), text, { from: 0, oldEnd: 0, newEnd: text.length });
}

/** Where two texts differ: what is before `from` is the same in both, and what is behind the two ends. */
export interface Change {
  readonly from: number;
  readonly oldEnd: number;
  readonly newEnd: number;
}

/** Line starts of a text that differs from another one there; @param before the line starts of that */
export function lineStartsAgain(before: LineStarts, text: string, { from, oldEnd, newEnd }: Change): LineStarts {
  const kept = lineAt(before, from) + 1;
  const behind = lineAt(before, oldEnd) + 1;
  let starts = new Int32Array(before.length + Math.ceil((newEnd - from) / LINE_LENGTH) + 1);
  starts.set(before.subarray(0, kept));
  let count = kept;
  for (let at = text.indexOf('\n', from); at >= 0 && at < newEnd; at = text.indexOf('\n', at + 1)) {
    if (count + before.length - behind >= starts.length) {
      const more = new Int32Array(2 * starts.length);
      more.set(starts);
      starts = more;
    }
    starts[count] = at + 1;
    count += 1;
  }
  const by = newEnd - oldEnd;
  for (let line = behind; line < before.length; line += 1) {
    starts[count] = (before[line] as number) + by;
    count += 1;
  }
  return starts.subarray(0, count);
}

/** Index of the line that holds `offset`, from 0. */
export function lineAt(starts: LineStarts, offset: number): number {
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
export function positionOf(text: string, starts: LineStarts, offset: number): Position {
  const at = Math.max(0, Math.min(offset, text.length));
  const line = lineAt(starts, at);
  return {
    byte: Buffer.byteLength(text.slice(0, at), 'utf8'),
    line: line + 1,
    column: countCharacters(text, starts[line] ?? 0, at) + 1,
  };
}
