/** A statement that could not be read, and what the explanations ask about it. */
import type { Stop } from '../../grammar/parser.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';
import * as T from '../../grammar/tokens.ts';
import { spanOf, type Token, type TokenType } from '../../grammar/tokens.ts';
import type { Place } from '../diagnostics/catalog.ts';
import type { Fix } from '../diagnostics/diagnostic.ts';
import type { StatementTokens } from './split.ts';

/** A statement and where the parser stopped in it. */
export interface Trouble {
  readonly source: SourceFile;
  readonly tokens: StatementTokens;
  readonly stop: Stop;
}

/** The token the parser stopped at, or one so many before or behind it. */
export function tokenAt({ tokens, stop }: Trouble, offset = 0): Token | undefined {
  return tokens[stop.at + offset];
}

export function typeAt(trouble: Trouble, offset = 0): TokenType | undefined {
  return tokenAt(trouble, offset)?.tokenType;
}

/** The token itself, or the end of a statement that ends too early. */
export function placeOf(trouble: Trouble, text?: string): Place {
  const { source, tokens } = trouble;
  const token = tokenAt(trouble);
  const end = spanOf(tokens[tokens.length - 1] as Token).end;
  const span = token ? spanOf(token) : { start: end, end };
  return text === undefined ? { source, span } : { source, span, text };
}

export function replacing(title: string, span: Span, text: string): Fix {
  return { title, edits: [{ span, text }] };
}

export function inserting(title: string, at: number, text: string): Fix {
  return replacing(title, { start: at, end: at }, text);
}

export function isValue(type: TokenType | undefined): boolean {
  return type === T.Text || (type?.CATEGORIES ?? []).includes(T.Literal);
}
