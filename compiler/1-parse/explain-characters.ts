import * as T from '../../grammar/tokens.ts';
import { spanOf, type Token } from '../../grammar/tokens.ts';
import { type Details, diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { placeOf, replacing, type Trouble, tokenAt } from './trouble.ts';

/** What other languages, and typographers, write where we write something else. */
const OURS: Readonly<Record<string, string>> = {
  '=>': '->',
  '→': '->',
  '⇒': '->',
  '==': '=',
  '<>': '!=',
  '≠': '!=',
  '≤': '<=',
  '≥': '>=',
  ':=': '=',
  '&&': 'and',
  '||': 'or',
  '–': '-',
  '—': '-',
  '//': '#',
  '/*': '#',
  '“': '"',
  '”': '"',
};

/** `=>`, `==`, `&&`, `;`, and `!` before a condition: each has one thing that was meant. */
export function foreign(trouble: Trouble): Diagnostic | null {
  const token = tokenAt(trouble);
  if (token?.tokenType === T.Bang) return bang(trouble, token);
  if (token?.tokenType !== T.Foreign) return null;
  return diagnostic('PKT1004', { found: token.image }, placeOf(trouble), meant(token));
}

function meant(token: Token): Details {
  const span = spanOf(token);
  if (token.image === ';') return { fixes: [replacing('remove it: a statement ends where the next one begins', span, '')] };
  if (token.image === '/*') return { help: 'a comment begins with `#` and ends with its line' };
  const ours = OURS[token.image];
  return ours === undefined
    ? { help: 'strings stand in double quotes' }
    : { fixes: [replacing(`write \`${ours}\``, span, ours)] };
}

function bang(trouble: Trouble, token: Token): Diagnostic | null {
  if (trouble.stop.rule !== 'term' && trouble.stop.rule !== 'guarded') return null;
  const fixes = [replacing('write `not`', spanOf(token), 'not ')];
  return diagnostic('PKT1004', { found: '!' }, placeOf(trouble, 'negates one flag, not a condition'), { fixes });
}

/** A character that has no place in the language. */
export function stray(trouble: Trouble): Diagnostic | null {
  const token = tokenAt(trouble);
  if (token?.tokenType !== T.Stray) return null;
  const help = token.image === "'" ? 'strings stand in double quotes' : helpFor(token.image.codePointAt(0) ?? 0);
  return diagnostic('PKT1009', { what: nameOf(token.image) }, placeOf(trouble), { help });
}

function helpFor(code: number): string | null {
  if (code === 0xa0 || code === 0xfeff || (code >= 0x2000 && code <= 0x200f))
    return 'replace it with an ordinary space, or with nothing';
  return code > 0x7f ? 'names are made of ASCII letters, digits, `_`, and `-` or `.` between them; other text is quoted' : null;
}

/** `@` in backticks; what cannot be seen by its number. */
function nameOf(image: string): string {
  const code = image.codePointAt(0) ?? 0;
  const seen = /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(image);
  if (seen && image.length <= 20) return `\`${image}\``;
  return `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
