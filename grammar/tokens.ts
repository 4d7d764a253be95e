/**
 * The shapes of the language. The lexer knows no field and no action: a new one never changes how a file is read. Literals
 * are taken generously (`10.1/16` is one wrong literal, not four tokens) and judged strictly in `grammar/values`.
 */
import type { IToken, ITokenConfig, TokenType } from 'chevrotain';
import type { Comment } from './ast.ts';
import { createToken, Lexer } from './chevrotain.ts';
import type { Span } from './source.ts';

export type { IToken as Token, TokenType } from 'chevrotain';
export { EOF as EndOfInput } from './chevrotain.ts';

/** A statement begins with one of these, or with a label before `match`. */
export const STATEMENT_WORDS = ['include', 'hook', 'default', 'let', 'set', 'match', 'test'] as const;

/** No name may be one of these; every other word is contextual. */
export const RESERVED_WORDS = [
  ...STATEMENT_WORDS,
  'and',
  'or',
  'not',
  'in',
  'contains',
  'starts',
  'ends',
  'per',
  'then',
  'within',
  'when',
  'unless',
  'expect',
] as const;

export type ReservedWord = (typeof RESERVED_WORDS)[number];

/** Words that mean something in one place and are names everywhere else. */
export const CONTEXTUAL_WORDS = ['packet', 'capture', 'from', 'by', 'nocase'] as const;

export type ContextualWord = (typeof CONTEXTUAL_WORDS)[number];

const NAME = '[A-Za-z_]\\w*(?:[.-]\\w+)*';

function shape(
  name: string,
  pattern: RegExp | ITokenConfig['pattern'],
  label: string,
  more: Partial<ITokenConfig> = {},
): TokenType {
  return createToken({ name, pattern: pattern as RegExp, label, ...more });
}

/**
 * A string up to its closing quote, or up to the end of the line when there is none. Scanned by hand: a regular expression
 * that reads millions of escapes can run out of stack.
 */
function scanString(text: string, start: number, closed: boolean): [string] | null {
  let at = start + 1;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === 0x22) return closed ? [text.slice(start, at + 1)] : null;
    if (char === 0x0a || char === 0x0d) break;
    const next = text.charCodeAt(at + 1);
    at += char === 0x5c && next !== 0x0a && next !== 0x0d ? 2 : 1;
  }
  return closed ? null : [text.slice(start, Math.min(at, text.length))];
}

export const Word = shape('Word', new RegExp(NAME), 'a name');
/** `syn_scan:`; the colon belongs to it. */
export const Label = shape('Label', new RegExp(`${NAME}:(?![\\w:.])`), 'a label');
/** Any of the literal shapes below. */
export const Literal = shape('Literal', Lexer.NA, 'a value');
export const Text = shape('Text', (text: string, at: number) => scanStringAt(text, at, true), 'a string', {
  start_chars_hint: ['"'],
  line_breaks: false,
});
/** A string whose quote is not closed on its line. */
export const OpenText = shape(
  'OpenText',
  (text: string, at: number) => scanStringAt(text, at, false),
  'an unterminated string',
  { start_chars_hint: ['"'], line_breaks: false },
);

function scanStringAt(text: string, at: number, closed: boolean): [string] | null {
  return text.charCodeAt(at) === 0x22 ? scanString(text, at, closed) : null;
}

function literal(name: string, pattern: RegExp, label: string): TokenType {
  return shape(name, pattern, label, { categories: [Literal] });
}

const Endpoint = literal(
  'Endpoint',
  /(?:\d+(?:\.\d+){3}:\w+|\[[\dA-Fa-f.]*:[\dA-Fa-f.]*:[\dA-Fa-f:.]*\](?::\w+)?)(?![\w.:])/,
  'an address with a port',
);
const Mac = literal(
  'Mac',
  /[\dA-Fa-f]{2}(?:[:-][\dA-Fa-f]{2}){5}(?:\/(?:\d+|[\dA-Fa-f]{2}(?:[:-][\dA-Fa-f]{2}){5}))?(?![\w:-])/,
  'a link-layer address',
);
const Ip6 = literal('Ip6', /[\dA-Fa-f]*:[\dA-Fa-f]*:[\w:.]*(?:%[\w.]+)?(?:\/\d[\w.]*)?/, 'an IPv6 address');
const Ip4 = literal('Ip4', /\d+(?:\.(?:\w+|\*)){2,}(?:\/\d[\w.]*)?/, 'an IPv4 address');
const Rate = literal('Rate', /\d+(?:\.\d+)?[A-Za-z]*\/(?:ms|s|min|m|h|d)(?![\w.])/, 'a rate');
const Ratio = literal('Ratio', /\d+(?:\.\d+)*\/\d[\w.]*/, 'a ratio');
export const Hexadecimal = literal('Hexadecimal', /0[xX]\w+/, 'a hexadecimal number');
/** `80`, `1.2`, `10m`, `100k`, `64KiB`, `5%` */
export const Numeral = literal('Numeral', /\d+(?:\.\d+)?(?:[A-Za-z_]\w*|%)?/, 'a number');
/** `fe80:1`, `eth0:1`, `localhost:80`, `ssh:match`: never right, and one clear error instead of three. */
export const Glued = literal('Glued', /[A-Za-z_][\w.-]*:[\w.:]+/, 'a value');

function reserved<W extends string>(words: readonly W[], contextual: boolean): Readonly<Record<W, TokenType>> {
  const entries = words.map((word) => {
    const category = contextual ? { categories: [Word] } : {};
    return [word, shape(`Word_${word}`, new RegExp(word), `\`${word}\``, { longer_alt: Word, ...category })] as const;
  });
  return Object.fromEntries(entries) as Record<W, TokenType>;
}

/** The reserved words' token types, by word. */
export const Reserved = reserved(RESERVED_WORDS, false);
/** The contextual words' token types, by word; each also counts as a {@link Word}. */
export const Contextual = reserved(CONTEXTUAL_WORDS, true);

function mark(name: string, text: string): TokenType {
  return shape(name, new RegExp(text.replace(/[*()[\]{}]/g, '\\$&')), `\`${text}\``);
}

export const Arrow = mark('Arrow', '->');
export const LessEqual = mark('LessEqual', '<=');
export const GreaterEqual = mark('GreaterEqual', '>=');
export const NotEqual = mark('NotEqual', '!=');
export const Equal = mark('Equal', '=');
export const Less = mark('Less', '<');
export const Greater = mark('Greater', '>');
export const Bang = mark('Bang', '!');
export const Ampersand = mark('Ampersand', '&');
export const Star = mark('Star', '*');
export const Dash = mark('Dash', '-');
export const Comma = mark('Comma', ',');
export const Slash = mark('Slash', '/');
export const Colon = mark('Colon', ':');
export const OpenBrace = mark('OpenBrace', '{');
export const CloseBrace = mark('CloseBrace', '}');
export const OpenParen = mark('OpenParen', '(');
export const CloseParen = mark('CloseParen', ')');
export const OpenBracket = mark('OpenBracket', '[');
export const CloseBracket = mark('CloseBracket', ']');

/** How other languages, and typographers, write what we write differently; never part of a statement. */
export const Foreign = shape('Foreign', /=>|==|&&|\|\||<>|:=|\/\/|\/\*|;|[→⇒≠≤≥–—“”‘’]/, 'foreign spelling');
/** Any other character, a surrogate pair or a run of non-ASCII letters as one. */
export const Stray = shape('Stray', /[\u0080-\uffff]+|[\x00-\x7f]/, 'a stray character', { line_breaks: false });

const White = shape('White', /[ \t\r\n\f]+/, 'space', { group: Lexer.SKIPPED, line_breaks: true });
const CommentText = shape('CommentText', /#[^\n\r]*/, 'a comment', { group: 'comments' });

/** Every token type, first match wins. */
export const TOKEN_TYPES: readonly TokenType[] = [
  White,
  CommentText,
  Text,
  OpenText,
  Endpoint,
  Mac,
  Ip6,
  Ip4,
  Rate,
  Ratio,
  Hexadecimal,
  Numeral,
  Label,
  Glued,
  ...Object.values(Reserved),
  ...Object.values(Contextual),
  Word,
  Literal,
  Foreign,
  Arrow,
  LessEqual,
  GreaterEqual,
  NotEqual,
  Equal,
  Less,
  Greater,
  Bang,
  Ampersand,
  Star,
  Dash,
  Comma,
  Slash,
  Colon,
  OpenBrace,
  CloseBrace,
  OpenParen,
  CloseParen,
  OpenBracket,
  CloseBracket,
  Stray,
];

/** @param validate whether the tokens themselves are looked at, which takes longer than a small file: a test has that done */
export function createLexer(validate: boolean): InstanceType<typeof Lexer> {
  const options = { positionTracking: 'onlyOffset', ensureOptimizations: true, skipValidations: !validate } as const;
  return new Lexer([...TOKEN_TYPES], options);
}

const LEXER = createLexer(false);

/** Characters lexed at once: enough to be fast, few enough that the tokens of a large file are never all alive. */
const SLICE = 1 << 13;
/** The first slice of a part, of which often only a statement is wanted. */
const FIRST_SLICE = 1 << 8;

export interface Slice {
  readonly tokens: readonly IToken[];
  readonly comments: readonly Comment[];
}

/**
 * Lexes a text, or what is behind a line end in it, slice by slice. A slice ends at a line end, which nothing can span: strings and comments end there too.
 * Never throws, and every character that is not white space or a comment ends up in a token.
 */
export function* lex(text: string, from = 0): Generator<Slice> {
  const images = new Map<string, string>();
  let start = from === 0 && text.startsWith('\ufeff') ? 1 : from;
  let size = from === 0 ? SLICE : FIRST_SLICE;
  while (start < text.length) {
    const newline = text.indexOf('\n', Math.min(start + size, text.length));
    const end = newline < 0 ? text.length : newline + 1;
    yield lexSlice(text, start, end, images);
    start = end;
    size = Math.min(2 * size, SLICE);
  }
}

function lexSlice(text: string, start: number, end: number, images: Map<string, string>): Slice {
  const { tokens, groups } = LEXER.tokenize(start === 0 && end === text.length ? text : text.slice(start, end));
  for (const token of tokens) {
    token.startOffset += start;
    token.image = intern(images, token.image);
  }
  const comments = (groups.comments ?? []).map((token) => {
    const at = token.startOffset + start;
    return { text: token.image, span: { start: at, end: at + token.image.length } };
  });
  return { tokens, comments };
}

/** Texts that are shared; a file's own names soon outnumber them, and are not worth the table. */
const SHARED = 1024;

/** One string for every occurrence: a hundred thousand rules say `src` a hundred thousand times. */
function intern(images: Map<string, string>, image: string): string {
  const known = images.get(image);
  if (known !== undefined) return known;
  if (images.size < SHARED) images.set(image, image);
  return image;
}

export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: token.startOffset + token.image.length };
}

/** A token as `--emit tokens` shows it. */
export interface TokenDump {
  readonly name: string;
  readonly text: string;
  readonly span: Span;
}

/** All tokens of a text, comments left out. */
export function tokenize(text: string): readonly TokenDump[] {
  const dump: TokenDump[] = [];
  for (const { tokens } of lex(text)) {
    for (const token of tokens) dump.push({ name: token.tokenType.name, text: token.image, span: spanOf(token) });
  }
  return dump;
}
