import type { SourceFile } from '../../grammar/source.ts';
import type { Token } from '../../grammar/tokens.ts';
import * as T from '../../grammar/tokens.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

/** Levels of brackets and `not`. The parser and all that walk the syntax after it recurse as deep, and no further. */
export const MAX_NESTING = 100;

/** Finds where a statement nests deeper than {@link MAX_NESTING}, before anything recurses into it. */
export function checkNesting(source: SourceFile, tokens: readonly Token[]): Diagnostic | null {
  /** For each open bracket, how many `not` stand directly before it. */
  const open: number[] = [];
  let depth = 0;
  let nots = 0;
  for (const token of tokens) {
    const type = token.tokenType;
    if (type === T.Reserved.not) {
      nots++;
      depth++;
    } else if (type === T.OpenParen || type === T.OpenBrace || type === T.OpenBracket) {
      open.push(nots);
      nots = 0;
      depth++;
    } else {
      depth -= nots;
      nots = 0;
      const closes = type === T.CloseParen || type === T.CloseBrace || type === T.CloseBracket;
      if (closes && open.length > 0) depth -= 1 + (open.pop() ?? 0);
    }
    if (depth > MAX_NESTING) {
      const place = { source, span: T.spanOf(token), text: 'one level too many' };
      return diagnostic('PKT1013', { limit: MAX_NESTING }, place, {
        help: 'take the inner conditions apart into rules of their own',
      });
    }
  }
  return null;
}
