/** The first phase: text to syntax. Whatever the text, it comes back with what could be read and one diagnostic for each statement that could not. */
import type { Comment, Statement, SyntaxFile } from '../../grammar/ast.ts';
import { readStatement } from '../../grammar/parser.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';
import { toStatement } from '../../grammar/to-ast.ts';
import { spanOf, type Token } from '../../grammar/tokens.ts';
import type { Diagnostic, Outcome } from '../diagnostics/diagnostic.ts';
import { checkNesting } from './check-nesting.ts';
import { checkStatement } from './check-statement.ts';
import { explain } from './explain.ts';
import { type StatementTokens, split } from './split.ts';

/**
 * Reads a rule file. Never throws. A statement with any error in it, lexical ones included, becomes an `ErrorNode` with exactly
 * one diagnostic; the statements around it are read as if it were not there. Time and memory are linear in the text.
 */
export function parse(source: SourceFile): Outcome<SyntaxFile> {
  const statements: Statement[] = [];
  const comments: Comment[] = [];
  const diagnostics: Diagnostic[] = [];
  const keep = (some: readonly Comment[]): void => {
    for (const comment of some) comments.push(comment);
  };
  for (const tokens of split(source.text, keep)) {
    const read = parseStatement(source, tokens);
    if ('code' in read) {
      diagnostics.push(read);
      statements.push({ kind: 'error', span: spanAcross(tokens) });
    } else {
      statements.push(read);
    }
  }
  return { value: { statements, comments }, diagnostics };
}

/** One statement, or what is wrong with it. */
export function parseStatement(source: SourceFile, tokens: StatementTokens): Statement | Diagnostic {
  const tooDeep = checkNesting(source, tokens);
  if (tooDeep) return tooDeep;
  const { cst, stop } = readStatement(tokens);
  if (stop) return explain({ source, tokens, stop });
  const statement = toStatement(cst);
  return checkStatement(source, statement) ?? statement;
}

export function spanAcross(tokens: StatementTokens): Span {
  const first = tokens[0] as Token;
  const last = tokens[tokens.length - 1] as Token;
  return { start: first.startOffset, end: spanOf(last).end };
}
