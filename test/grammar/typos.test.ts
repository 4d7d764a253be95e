import { describe, expect, it } from 'vitest';
import { SYNTAX } from '../../compiler/diagnostics/catalog/1-syntax.ts';
import type { Statement } from '../../grammar/ast.ts';
import { RESERVED_WORDS } from '../../grammar/tokens.ts';
import { applyFix, parseText } from './syntax-tree.ts';

interface Typo {
  readonly text: string;
  /** What each statement became; `a` is the rule labelled so. */
  readonly statements: readonly string[];
  readonly said: readonly (readonly [code: string, at: string, message: string])[];
  /** The text after each offered fix in turn. */
  readonly fixed?: readonly string[];
}

const REST = '\nb: match arp -> pass';
const GOOD = 'b: match arp -> pass\n';

/** One mistake before a good rule. */
function broken(
  text: string,
  said: readonly [string, string, string],
  fixed: readonly string[] = [],
  before: readonly string[] = [],
): Typo {
  const fixes = fixed.map((each) => each + REST);
  return { text: text + REST, statements: [...before, 'error', 'b'], said: [said], fixed: fixes };
}

const TYPOS: Readonly<Record<string, Typo>> = {
  'misspelt statement word': {
    text: `a: match src lan -> count\nmacth dport 22 -> drop${REST}`,
    statements: ['a', 'error', 'b'],
    said: [['PKT1002', 'macth', 'no statement begins with `macth`']],
    fixed: [`a: match src lan -> count\nmatch dport 22 -> drop${REST}`],
  },
  'misspelt default': {
    text: 'a: match arp -> pass\ndefualt drop',
    statements: ['a', 'error'],
    said: [['PKT1002', 'defualt', 'no statement begins with `defualt`']],
    fixed: ['a: match arp -> pass\ndefault drop'],
  },
  'statement word in capitals': broken('LET x = 3', ['PKT1002', 'LET', 'no statement begins with `LET`'], ['let x = 3']),
  'misspelt match behind a label': broken(
    'a: macth arp -> drop',
    ['PKT1002', 'macth', 'no statement begins with `macth`'],
    ['a: match arp -> drop'],
  ),
  'no statement at all': broken('dport 22 drop', ['PKT1002', 'dport', 'no statement begins with `dport`']),
  'missing arrow': broken(
    'a: match src lan dport 22 drop',
    ['PKT1003', 'drop', 'this rule has no `->`'],
    ['a: match src lan dport 22 -> drop'],
  ),
  'missing arrow before a list of actions': broken(
    'a: match src lan dport 22 count, drop',
    ['PKT1003', 'count', 'this rule has no `->`'],
    ['a: match src lan dport 22 -> count, drop'],
  ),
  'conditions alone': broken('a: match src lan', ['PKT1003', '', 'this rule has no `->`']),
  '=> for ->': broken('a: match src lan => drop', ['PKT1004', '=>', '`=>` means nothing here'], ['a: match src lan -> drop']),
  '== for =': broken(
    'a: match dport == 22 -> drop',
    ['PKT1004', '==', '`==` means nothing here'],
    ['a: match dport = 22 -> drop'],
  ),
  '&& for and': broken(
    'a: match arp && dport 22 -> drop',
    ['PKT1004', '&&', '`&&` means nothing here'],
    ['a: match arp and dport 22 -> drop'],
  ),
  '|| for or': broken(
    'a: match arp || dport 22 -> drop',
    ['PKT1004', '||', '`||` means nothing here'],
    ['a: match arp or dport 22 -> drop'],
  ),
  '! for not': broken(
    'a: match !dport 22 -> drop',
    ['PKT1004', '!', '`!` means nothing here'],
    ['a: match not dport 22 -> drop'],
  ),
  'a semicolon': broken('a: match arp -> drop;', ['PKT1004', ';', '`;` means nothing here'], ['a: match arp -> drop']),
  '// for #': broken('a: match arp -> drop // no', ['PKT1004', '//', '`//` means nothing here'], ['a: match arp -> drop # no']),
  '→ for ->': broken('a: match arp → drop', ['PKT1004', '→', '`→` means nothing here'], ['a: match arp -> drop']),
  'not in': broken(
    'a: match src not in lan -> drop',
    ['PKT1005', 'not in', '`not in` is ambiguous about packets without the field'],
    ['a: match src != lan -> drop', 'a: match not src in lan -> drop'],
  ),
  'not contains': broken(
    'a: match payload not contains "x" -> drop',
    ['PKT1005', 'not contains', '`not contains` is ambiguous about packets without the field'],
    ['a: match not payload contains "x" -> drop'],
  ),
  'unclosed brace': broken('let web = { 80, 443', ['PKT1006', '{', 'this `{` is never closed'], ['let web = { 80, 443 }']),
  'unclosed brace in a rule': broken(
    'a: match dport { 80, 443 -> drop',
    ['PKT1006', '{', 'this `{` is never closed'],
    ['a: match dport { 80, 443 } -> drop'],
  ),
  'unclosed parenthesis': broken(
    'a: match (dport 22 or dport 23 -> drop',
    ['PKT1006', '(', 'this `(` is never closed'],
    ['a: match (dport 22 or dport 23) -> drop'],
  ),
  'unclosed key': broken(
    'a: match arp -> count by (src, dst',
    ['PKT1006', '(', 'this `(` is never closed'],
    ['a: match arp -> count by (src, dst)'],
  ),
  'wrong bracket': broken('a: match (arp} -> drop', ['PKT1006', '(', 'this `(` is never closed'], ['a: match (arp) -> drop']),
  'bracket that closes nothing': broken(
    'a: match arp) -> drop',
    ['PKT1006', ')', 'this `)` closes nothing'],
    ['a: match arp -> drop'],
  ),
  'unclosed test': broken(
    'test "x" { packet arp expect pass',
    ['PKT1006', '{', 'this `{` is never closed'],
    ['test "x" { packet arp expect pass }'],
  ),
  'unterminated string': broken(
    'a: match http.path starts "/api -> drop',
    ['PKT1007', '"/api -> drop', 'this string has no closing `"` on its line'],
    ['a: match http.path starts "/api" -> drop'],
  ),
  'unterminated string at the end': broken(
    'include "x.rules',
    ['PKT1007', '"x.rules', 'this string has no closing `"` on its line'],
    ['include "x.rules"'],
  ),
  'reserved word as a name': broken(
    'let match = { 80 }',
    ['PKT1008', 'match', '`match` is a reserved word and cannot be a name'],
    ['let match_1 = { 80 }'],
  ),
  'reserved word as a label': broken(
    'default: match arp -> drop',
    ['PKT1008', 'default', '`default` is a reserved word and cannot be a name'],
    ['default_1: match arp -> drop'],
  ),
  'reserved word as a key': broken(
    'set x: in',
    ['PKT1008', 'in', '`in` is a reserved word and cannot be a name'],
    ['set x: in_1'],
  ),
  'a stray character': broken('a: match @arp -> drop', ['PKT1009', '@', '`@` cannot stand outside a string or comment']),
  'a NUL byte': broken('a: match \0arp -> drop', [
    'PKT1009',
    '\0',
    'the character U+0000 cannot stand outside a string or comment',
  ]),
  'a space that is none': broken('a: match\u00a0arp -> drop', [
    'PKT1009',
    '\u00a0',
    'the character U+00A0 cannot stand outside a string or comment',
  ]),
  'a letter of another alphabet': broken('a: match größe 3 -> drop', [
    'PKT1009',
    'öß',
    '`öß` cannot stand outside a string or comment',
  ]),
  'single quotes': broken("a: match iface 'eth0' -> drop", ['PKT1009', "'", "`'` cannot stand outside a string or comment"]),
  'trailing comma': broken('a: match arp -> drop,', ['PKT1010', ',', 'no action behind `,`'], ['a: match arp -> drop']),
  'trailing slash': broken('a: match arp -> drop/', ['PKT1010', '/', 'no action behind `/`'], ['a: match arp -> drop']),
  'double comma': broken('a: match arp -> drop,,log', ['PKT1010', ',', 'no action behind `,`'], ['a: match arp -> drop,log']),
  'no action': broken('a: match arp ->', ['PKT1010', '->', 'no action behind `->`']),
  'spaced label': broken(
    'a : match arp -> pass',
    ['PKT1011', 'a :', 'the label `a` has its colon in the wrong place'],
    ['a: match arp -> pass'],
  ),
  'glued label': broken(
    'ssh:match arp -> pass',
    ['PKT1011', 'ssh:match', 'the label `ssh` has its colon in the wrong place'],
    ['ssh: match arp -> pass'],
  ),
  'missing match': broken('a: src lan -> drop', ['PKT1012', 'src', 'this rule has no `match`'], ['a: match src lan -> drop']),
  'missing match without a label': {
    text: `${GOOD}src lan -> drop`,
    statements: ['b', 'error'],
    said: [['PKT1012', 'src', 'this rule has no `match`']],
    fixed: [`${GOOD}match src lan -> drop`],
  },
  'or mixed with and': broken(
    'a: match tcp or udp and dport 53 or arp -> drop',
    ['PKT1014', 'udp and dport 53', '`or` and *and* are mixed without parentheses'],
    ['a: match tcp or (udp and dport 53) or arp -> drop'],
  ),
  'or mixed with side by side': broken(
    'a: match tcp dport 22 or udp dport 53 -> drop',
    ['PKT1014', 'tcp dport 22', '`or` and *and* are mixed without parentheses'],
    ['a: match (tcp dport 22) or (udp dport 53) -> drop'],
  ),
  'or mixed with and in a guard': broken(
    'a: match tcp -> block src unless src lan or tcp and arp',
    ['PKT1014', 'tcp and arp', '`or` and *and* are mixed without parentheses'],
    ['a: match tcp -> block src unless src lan or (tcp and arp)'],
  ),
  'or mixed with and deep inside': broken(
    'a: match not inner(tcp or udp arp) -> drop',
    ['PKT1014', 'udp arp', '`or` and *and* are mixed without parentheses'],
    ['a: match not inner(tcp or (udp arp)) -> drop'],
  ),
  'compound key without parentheses': broken(
    'a: match arp -> count by src, dport, drop',
    ['PKT1015', 'dport', '`dport` is a field, not an action'],
    ['a: match arp -> count by (src, dport), drop'],
  ),
  'list without braces': broken(
    'a: match dport 22, 80-90, 443 -> drop',
    ['PKT1016', '22, 80-90, 443', 'a list of values needs braces'],
    ['a: match dport { 22, 80-90, 443 } -> drop'],
  ),
  'let list without braces': broken(
    'let web = 80, 443',
    ['PKT1016', '80, 443', 'a list of values needs braces'],
    ['let web = { 80, 443 }'],
  ),
  'list without commas': broken('let web = { 80 443 }', ['PKT1001', '443', 'expected `,` or `}`, found `443`']),
  'operator without a value': broken('a: match dport = -> drop', ['PKT1001', '->', 'expected a value, found `->`']),
  'nothing behind match': broken('a: match -> drop', ['PKT1001', '->', 'expected a condition, found `->`']),
  'two arrows': broken('a: match arp -> count -> drop', ['PKT1001', '->', 'expected the end of the statement, found `->`']),
  'a name that looks like a number': broken('a: match iface 3g-wan -> drop', [
    'PKT1001',
    'wan',
    'expected a value, found `wan`',
  ]),
  'a set without a key': broken('set x', [
    'PKT1001',
    '',
    'expected `:` and a key, `=` and values, or `from` and a file, but the statement ends here',
  ]),
  'a packet without a verdict': broken('test "x" { packet arp }', ['PKT1001', '}', 'expected `expect`, found `}`']),
  'two broken rules': {
    text: `a: match (dport 22 -> drop\nc: match dport { 80 -> pass${REST}`,
    statements: ['error', 'error', 'b'],
    said: [
      ['PKT1006', '(', 'this `(` is never closed'],
      ['PKT1006', '{', 'this `{` is never closed'],
    ],
  },
  'many mistakes in one statement': broken('a: match @ = ( } "x ;', [
    'PKT1009',
    '@',
    '`@` cannot stand outside a string or comment',
  ]),
};

function outline(statement: Statement): string {
  return statement.kind === 'rule' && statement.label ? statement.label.text : statement.kind;
}

describe('typos', () => {
  for (const [name, typo] of Object.entries(TYPOS)) {
    it(name, () => {
      const { value, diagnostics } = parseText(typo.text);
      expect(value.statements.map(outline)).toEqual(typo.statements);
      const said = diagnostics.map(({ code, message, primary }) => [code, spanText(typo.text, primary?.span), message]);
      expect(said).toEqual(typo.said);
      expect(diagnostics.every(({ severity }) => severity === 'error')).toBe(true);
      if (!typo.fixed) return;
      const fixed = diagnostics.flatMap(({ fixes }) => fixes.map((fix) => applyFix(typo.text, fix)));
      expect(fixed).toEqual(typo.fixed);
      for (const text of fixed) expect(parseText(text).diagnostics, text).toEqual([]);
    });
  }

  it('cover every syntax code but the depth limit, which has its own test', () => {
    const covered = new Set(Object.values(TYPOS).flatMap(({ said }) => said.map(([code]) => code)));
    expect([...covered, 'PKT1013'].sort()).toEqual(Object.keys(SYNTAX).sort());
  });

  it('on one line still cost only the statement they are in', () => {
    const line =
      'a: match src lan => drop b: match arp -> pass let x = { 80 c: match (udp -> drop d : match tcp -> pass e: match tcp -> drop';
    expect(parseText(line).value.statements.map(outline)).toEqual(['error', 'b', 'error', 'error', 'error', 'e']);
  });
});

function spanText(text: string, span: { readonly start: number; readonly end: number } | undefined): string | undefined {
  return span && text.slice(span.start, span.end);
}

describe('misspelt statement words', () => {
  it('are only looked for where a statement may begin', () => {
    for (const text of [
      'let lest = 22\nmatch dport\nlest -> drop',
      'match dport\nlest -> drop\nlet lest = 22',
      'match dport in\nlest -> drop',
      'match tcp and\nlets 3 -> drop',
      'let x = { lest,\nhooks }',
      'match tcp -> drop, macth',
      'test "x" { packet udp\ntests 3 expect pass }',
    ]) {
      expect(parseText(text).diagnostics, text).toEqual([]);
    }
  });

  it('are never words that the language knows', () => {
    for (const text of ['match tcp\nlen 3 -> drop', 'match dport 22\nport 3 -> log'])
      expect(parseText(text).diagnostics, text).toEqual([]);
  });
});

describe('reserved words', () => {
  for (const word of RESERVED_WORDS) {
    it(`\`${word}\` is no name`, () => {
      for (const text of [`let ${word} = 3`, `set ${word}: src`, `${word}: match tcp -> drop`]) {
        const { value, diagnostics } = parseText(text);
        expect(
          value.statements.map(({ kind }) => kind),
          text,
        ).toEqual(['error']);
        expect(
          diagnostics.map(({ code }) => code),
          text,
        ).toEqual(['PKT1008']);
      }
    });
  }

  it('are every word that is none', () => {
    for (const word of ['packet', 'capture', 'from', 'by', 'drop', 'tcp', 'sample', 'matches', 'in-house']) {
      expect(parseText(`let ${word} = 3\n${word}: match tcp -> drop`).diagnostics, word).toEqual([]);
    }
  });
});
