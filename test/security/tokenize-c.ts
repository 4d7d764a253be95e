/** C as a compiler sees it, up to tokens: trigraphs, line splices, comments (C11 5.1.1.2, phases 1 to 3). Shares nothing with the printer. */

export interface Token {
  /** `broken`: a literal or a comment without an end, or a character that C has no use for. */
  readonly kind: 'identifier' | 'number' | 'string' | 'character' | 'punctuation' | 'broken';
  readonly text: string;
}

export interface CommentSeen {
  readonly text: string;
  /** How many tokens came before it. */
  readonly at: number;
  /** Whether something stands behind it on its line. */
  readonly followed: boolean;
}

export interface Tokens {
  readonly tokens: readonly Token[];
  readonly comments: readonly CommentSeen[];
}

const TRIGRAPHS: Readonly<Record<string, string>> = {
  '=': '#',
  '/': '\\',
  "'": '^',
  '(': '[',
  ')': ']',
  '!': '|',
  '<': '{',
  '>': '}',
  '-': '~',
};

/** Longest first. */
const PUNCTUATION = [
  ...['%:%:', '...', '<<=', '>>='],
  ...['->', '++', '--', '<<', '>>', '<=', '>=', '==', '!=', '&&', '||', '*=', '/=', '%=', '+=', '-=', '&=', '^=', '|=', '##'],
  ...['<:', ':>', '<%', '%>', '%:'],
  ...'[](){}.&*+-~!/%<>^|?:;=,#'.split(''),
];

/** @param trigraphs as with `-std=c11`; with `-std=gnu11` they are no more than their characters */
export function tokenizeC(c: string, trigraphs: boolean): Tokens {
  const phase1 = trigraphs ? c.replace(/\?\?([=/'()!<>-])/g, (_, third: string) => TRIGRAPHS[third] ?? '') : c;
  // Compilers join lines over blanks behind the backslash, too.
  const text = phase1.replace(/\\[ \t\v\f]*(?:\r\n|\n|\r)/g, '');
  const tokens: Token[] = [];
  const comments: CommentSeen[] = [];
  const comment = (start: number, end: number) => {
    const rest = /^[^\n]*/.exec(text.slice(end))?.[0] ?? '';
    comments.push({ text: text.slice(start, end), at: tokens.length, followed: rest.trim() !== '' });
  };
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at, at + 4);
    if (/^\s/.test(rest)) {
      at++;
    } else if (rest.startsWith('//')) {
      const end = text.indexOf('\n', at);
      comment(at, end < 0 ? text.length : end);
      at = end < 0 ? text.length : end;
    } else if (rest.startsWith('/*')) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) return { tokens: [...tokens, { kind: 'broken', text: text.slice(at) }], comments };
      comment(at, end + 2);
      at = end + 2;
    } else {
      const token = tokenAt(text, at);
      tokens.push(token);
      at += token.text.length;
    }
  }
  return { tokens, comments };
}

/** clang takes `$` and letters of other alphabets for identifiers. */
const SHAPES: readonly (readonly [Token['kind'], RegExp])[] = [
  ['string', /(?:u8|[uUL])?"(?:[^"\\\n]|\\[^\n])*"/uy],
  ['character', /[uUL]?'(?:[^'\\\n]|\\[^\n])*'/uy],
  ['identifier', /(?:[A-Za-z_$]|[^\0-\x7f]|\\u[\dA-Fa-f]{4})(?:[\w$]|[^\0-\x7f]|\\u[\dA-Fa-f]{4})*/uy],
  ['number', /\.?\d(?:[eEpP][+-]|[\w.])*/uy],
];

function tokenAt(text: string, at: number): Token {
  for (const [kind, shape] of SHAPES) {
    shape.lastIndex = at;
    const found = shape.exec(text)?.[0];
    if (found !== undefined) return { kind, text: found };
  }
  const punctuation = PUNCTUATION.find((one) => text.startsWith(one, at));
  if (punctuation !== undefined) return { kind: 'punctuation', text: punctuation };
  return { kind: 'broken', text: text[at] ?? '' };
}
