import * as T from '../../grammar/tokens.ts';
import { spanOf, type Token, type TokenType } from '../../grammar/tokens.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { inserting, placeOf, replacing, type Trouble, tokenAt } from './trouble.ts';

const CLOSER: ReadonlyMap<TokenType, TokenType> = new Map([
  [T.OpenBrace, T.CloseBrace],
  [T.OpenParen, T.CloseParen],
  [T.OpenBracket, T.CloseBracket],
]);

const CLOSERS: ReadonlySet<TokenType> = new Set(CLOSER.values());

const TEXT: ReadonlyMap<TokenType, string> = new Map([
  [T.CloseBrace, '}'],
  [T.CloseParen, ')'],
  [T.CloseBracket, ']'],
]);

/** A bracket that is open where the parser stopped and that nothing behind closes, or a closing one too many. */
export function unbalanced(trouble: Trouble): Diagnostic | null {
  const { tokens, stop, source } = trouble;
  const open: number[] = [];
  for (const [index, { tokenType }] of tokens.entries()) {
    if (CLOSER.has(tokenType)) open.push(index);
    if (!CLOSERS.has(tokenType)) continue;
    const opener = tokens[open[open.length - 1] ?? -1];
    if (opener && CLOSER.get(opener.tokenType) === tokenType) open.pop();
    else if (index === stop.at && !opener) return closesNothing(trouble);
    else break;
  }
  const at = open.filter((index) => index < stop.at).pop();
  const opener = at === undefined ? undefined : tokens[at];
  if (at === undefined || !opener || !stopsOpen(trouble)) return null;
  const closer = TEXT.get(CLOSER.get(opener.tokenType) ?? opener.tokenType) ?? '';
  const here = tokenAt(trouble);
  const fix =
    here && CLOSERS.has(here.tokenType)
      ? replacing(`close it with \`${closer}\``, spanOf(here), closer)
      : inserting(`close it with \`${closer}\``, closingPlace(trouble, at), closer === '}' ? ' }' : closer);
  const place = { source, span: spanOf(opener) };
  return diagnostic('PKT1006', { bracket: opener.image, opens: true }, place, { fixes: [fix] });
}

/** Where only a closing bracket is missing: at the end, before `->`, or at a bracket of another kind. */
function stopsOpen(trouble: Trouble): boolean {
  const type = tokenAt(trouble)?.tokenType;
  return type === undefined || type === T.Arrow || CLOSERS.has(type);
}

function closingPlace({ tokens, stop }: Trouble, opener: number): number {
  return spanOf(tokens[Math.max(stop.at - 1, opener)] as Token).end;
}

function closesNothing(trouble: Trouble): Diagnostic {
  const token = tokenAt(trouble) as Token;
  const fixes = [replacing('remove it', spanOf(token), '')];
  return diagnostic('PKT1006', { bracket: token.image, opens: false }, placeOf(trouble), { fixes });
}
