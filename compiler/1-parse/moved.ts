/** Syntax at another place: of a file that stands behind others, or of a text that grew before it. */
import type { Span } from '../../grammar/source.ts';

export function moved(span: Span, by: number): Span {
  return by === 0 ? span : { start: span.start + by, end: span.end + by };
}

/** A node of the syntax with all its places moved. */
export function movedSyntax<T>(node: T, by: number): T {
  if (by === 0 || typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((item: unknown) => movedSyntax(item, by)) as T;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]: [string, unknown]) => [
      key,
      isSpan(value) ? moved(value, by) : movedSyntax(value, by),
    ]),
  ) as T;
}

function isSpan(value: unknown): value is Span {
  return typeof value === 'object' && value !== null && 'start' in value && 'end' in value;
}
