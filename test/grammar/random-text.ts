/** Seeded random `.rules` text: right, nearly right, and rubbish. The same seed makes the same text on every machine. */
import { STATEMENTS } from './statements.ts';

/** Gives an integer from 0 up to below `limit`. */
export type Random = (limit: number) => number;

/** xorshift32; the seed must not be 0. */
export function randomFrom(seed: number): Random {
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)] as T;
}

const SHORT = STATEMENTS.map(([, text]) => text).filter((text) => text.length < 60);

const PIECES: readonly string[] = [
  ...['match', 'let', 'set', 'test', 'hook', 'default', 'include', 'and', 'or', 'not', 'in', 'contains', 'starts', 'ends'],
  ...['per', 'when', 'unless', 'then', 'within', 'expect', 'packet', 'capture', 'by', 'from', 'macth', 'lett', 'defualt'],
  ...['tcp', 'any', 'dport', 'src', 'flags', 'SYN', 'drop', 'count', 'log', 'a', 'a:', 'x:match', 'inner(', 'lest'],
  ...[
    'nocase',
    'payload',
    'payload[0:4]',
    'frame[12:2]',
    '(src, dport)',
    '(10.0.0.1, 22)',
    'within 64',
    'ip.df',
    'iface',
    '"veth*"',
    '& 2',
  ],
  ...['->', ',', '/', '{', '}', '(', ')', '[', ']', '!', '=', '!=', '<', '<=', '>', '>=', '&', '*', '-', ':'],
  ...['22', '1.2', '10m', '0x10', '1/10', '5k/s', '5%', '10.0.0.0/8', '10.0.0.1:80', 'fe80::1', '[fd00::1]:80', '10.0.0.*'],
  ...[
    'aa:bb:cc:dd:ee:ff',
    '00-11-22-33-44-55',
    'fe80::1%eth0',
    'baseline*3',
    '[4:2]',
    '"x"',
    '"a\\"',
    '"',
    '\\',
    '#c',
    '# c\n',
  ],
  ...[
    '\n',
    '\r\n',
    '\r',
    '\t',
    '\f',
    '\n\n',
    '\n# own\n',
    '\ufeff',
    '\0',
    '\x1b',
    '\x7f',
    '\ud800',
    '\udc00',
    '😀',
    'é',
    '\u2028',
    '\u00a0',
  ],
  ...['=>', '==', '&&', '||', ';', '//', '→', '“', '@', '|', '`', "'"],
];

/** Any sequence of shapes that the lexer knows, and some that it does not. */
export function rubbish(random: Random): string {
  let text = '';
  for (let left = 1 + random(14); left > 0; left--) text += pick(random, PIECES) + (random(3) === 0 ? '' : ' ');
  return text;
}

/** Any UTF-16 units. */
export function noise(random: Random): string {
  const length = 1 + random(24);
  return Array.from({ length }, () => String.fromCharCode(random(random(4) === 0 ? 0x10000 : 0x80))).join('');
}

/** Statements that parse, one or several, on lines of their own or not. */
export function statements(random: Random, most: number, from: readonly string[] = SHORT): string {
  let text = '';
  for (let left = 1 + random(most); left > 0; left--) text += pick(random, from) + (random(5) === 0 ? ' ' : '\n');
  return text;
}

/** One small injury: text put in, cut out, doubled, or put in place of other text. */
export function injured(random: Random, text: string): string {
  const at = random(text.length + 1);
  const end = Math.min(text.length, at + 1 + random(6));
  switch (random(4)) {
    case 0:
      return text.slice(0, at) + pick(random, PIECES) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return `${text.slice(0, end)} ${text.slice(at)}`;
    default:
      return `${text.slice(0, at)} ${pick(random, PIECES)} ${text.slice(end)}`;
  }
}

const SPACES: readonly string[] = ['\n', '\n\n', '  ', '  # a comment\n', '\n  # its own line\n', '\n\n# apart\n\n', '\r\n'];

/** The same tokens with other white space and comments between them. */
export function respaced(random: Random, text: string): string {
  return text.replace(/ +(?=(?:[^"\n]*"[^"\n]*")*[^"\n]*$)/gm, (space) => (random(6) === 0 ? pick(random, SPACES) : space));
}
