/** What tests ask of syntax: its text without positions, and all its nodes. */
import { parse } from '../../compiler/1-parse/parse.ts';
import type { Diagnostic, Outcome } from '../../compiler/diagnostics/diagnostic.ts';
import type { SyntaxFile } from '../../grammar/ast.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';

export function sourceOf(text: string): SourceFile {
  return { name: 'test.rules', text };
}

export function parseText(text: string): Outcome<SyntaxFile> {
  return parse(sourceOf(text));
}

/** Equal for syntax that differs only in where it stands. */
export function withoutSpans(value: unknown): string {
  return JSON.stringify(value, (key, inner) => (key === 'span' ? undefined : inner));
}

export interface SpannedNode {
  readonly span: Span;
  readonly [member: string]: unknown;
}

/** Every object of a tree that has a span, parents before children. */
export function* spannedNodes(value: unknown): Generator<SpannedNode> {
  if (typeof value !== 'object' || value === null) return;
  if ('span' in value) yield value as SpannedNode;
  for (const inner of Object.values(value)) yield* spannedNodes(inner);
}

/** Applies the edits of one fix. */
export function applyFix(text: string, fix: Diagnostic['fixes'][number]): string {
  const edits = [...fix.edits].sort((a, b) => b.span.start - a.span.start);
  return edits.reduce((done, { span, text: inserted }) => done.slice(0, span.start) + inserted + done.slice(span.end), text);
}

/** A flattened file: one line, comments left out. */
export function flattened(text: string): string {
  return text.replace(/#.*/g, '').replace(/\s*\n\s*/g, ' ');
}
