/**
 * Cuts a file into statements by its tokens alone, before any of them is parsed: an error in one statement cannot reach
 * another, and the tokens of a large file are never all alive.
 */
import type { Slice, Token, TokenType } from '../../grammar/tokens.ts';
import * as T from '../../grammar/tokens.ts';
import { misspeltStatementWord } from './misspelt.ts';

/** The names that a file declares. */
export type DeclaredNames = () => ReadonlySet<string>;

/** Tokens of one statement, or of text that is none. Never empty. */
export type StatementTokens = readonly Token[];

const STARTERS: ReadonlySet<TokenType> = new Set(T.STATEMENT_WORDS.map((word) => T.Reserved[word]));

/** Behind one of these something has to follow, so that the next line goes on with the statement. */
const UNFINISHED: ReadonlySet<TokenType> = new Set([
  ...Object.values(T.Reserved),
  ...[T.Arrow, T.LessEqual, T.GreaterEqual, T.NotEqual, T.Equal, T.Less, T.Greater, T.Bang, T.Ampersand, T.Star, T.Dash],
  ...[T.Comma, T.Slash, T.Colon, T.OpenBrace, T.OpenParen, T.OpenBracket, T.Label],
]);

/** `ssh:match` and `b:match`, which the lexer takes for one wrong literal. */
export function isGluedLabel(token: Token): boolean {
  return token.tokenType === T.Glued && /^[^:]+:match$/.test(token.image);
}

interface Statement {
  readonly tokens: Token[];
  /** Index of the first `->`, or -1. */
  arrow: number;
  /** Index of the last word behind that arrow that began a line and could begin a condition, or -1. */
  lineAfterArrow: number;
  /** Open braces of a `test`; anything else has none. */
  depth: number;
}

function emptyStatement(): Statement {
  return { tokens: [], arrow: -1, lineAfterArrow: -1, depth: 0 };
}

/**
 * Cuts a source text; `onComments` gets every comment on the way, in order.
 *
 * @param from where to begin: 0, or where a line begins with a statement
 */
export function* split(
  text: string,
  onComments: (comments: Slice['comments']) => void,
  from = 0,
  names: DeclaredNames = declaredNames(text),
): Generator<StatementTokens> {
  let current = emptyStatement();
  let end = Math.max(0, from - 1);
  for (const slice of T.lex(text, from)) {
    onComments(slice.comments);
    for (const token of slice.tokens) {
      const first = beginsLine(text, end, token.startOffset);
      end = token.startOffset + token.image.length;
      const cut = whereToCut(current, token, first);
      if (cut < current.tokens.length || startsHere(current, token, first, names)) {
        const taken = current.tokens.splice(cut);
        if (current.tokens.length > 0) yield current.tokens;
        current = emptyStatement();
        for (const moved of taken) append(current, moved, false);
      }
      append(current, token, first);
    }
  }
  if (current.tokens.length > 0) yield current.tokens;
}

function beginsLine(text: string, from: number, to: number): boolean {
  if (from === 0) return true;
  for (let at = from; at < to; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x0a || char === 0x0d) return true;
  }
  return false;
}

function append(statement: Statement, token: Token, first: boolean): void {
  const { tokens } = statement;
  const previous = tokens[tokens.length - 1];
  if (statement.arrow >= 0 && first && token.tokenType === T.Word && previous && !UNFINISHED.has(previous.tokenType)) {
    statement.lineAfterArrow = tokens.length;
  }
  if (statement.arrow < 0 && token.tokenType === T.Arrow) statement.arrow = tokens.length;
  tokens.push(token);
  if (tokens[0]?.tokenType !== T.Reserved.test) return;
  if (token.tokenType === T.OpenBrace) statement.depth++;
  if (token.tokenType === T.CloseBrace) statement.depth--;
}

/**
 * Names that `let` and `set` give anywhere in the file, looked for when first needed: a line that begins with one goes on with
 * the statement above, however it is spelt.
 */
export function declaredNames(text: string): DeclaredNames {
  let names: ReadonlySet<string> | null = null;
  return () => {
    names ??= new Set(Array.from(text.matchAll(/\b(?:let|set)\s+([A-Za-z_][\w.-]*)/g), ([, name]) => name ?? ''));
    return names;
  };
}

/**
 * How many of the current statement's tokens stay with it when `token` shows that a statement began earlier: at the label
 * before a `match`, or, when a second `->` comes, at the line that has no `match`. All of them otherwise.
 */
function whereToCut(current: Statement, token: Token, first: boolean): number {
  const { tokens } = current;
  const count = tokens.length;
  if (token.tokenType === T.Arrow && current.arrow >= 0 && current.lineAfterArrow > 0) return current.lineAfterArrow;
  if (token.tokenType !== T.Reserved.match || first || current.depth > 0) return count;
  const spaced = tokens[count - 1]?.tokenType === T.Colon && tokens[count - 2]?.tokenType === T.Word;
  return spaced && tokens[count - 3]?.tokenType !== T.Reserved.set ? count - 2 : count;
}

/** Whether a statement begins with `token`. */
function startsHere(current: Statement, token: Token, first: boolean, names: DeclaredNames): boolean {
  const { tokens, depth } = current;
  const previous = tokens[tokens.length - 1];
  if (previous === undefined) return false;
  const type = token.tokenType;
  if (depth > 0 && !first) return false;
  if (STARTERS.has(type)) {
    const labelled = type === T.Reserved.match && tokens.length === 1 && previous.tokenType === T.Label;
    // `let match = …` and `set default …` use a reserved word as a name: one mistake, not two statements.
    const misused = tokens.length === 1 && STARTERS.has(previous.tokenType) && !first;
    return !labelled && !misused;
  }
  if (type === T.Label) return !(tokens.length === 1 && previous.tokenType === T.Reserved.set);
  if (isGluedLabel(token)) return true;
  if (!first || depth > 0 || type !== T.Word || UNFINISHED.has(previous.tokenType)) return false;
  return misspeltStatementWord(token.image) !== null && !names().has(token.image);
}
