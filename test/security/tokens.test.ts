/**
 * Nothing that a user writes becomes code: the C of hundreds of hostile rule files has no token but those that the templates and the
 * emitter have of their own, and where only names, comments and the file's name are hostile it has the very tokens of its harmless twin.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import type { Plan } from '../../compiler/4-plan/plan.ts';
import { type Emission, emit } from '../../compiler/5-emit/emit.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { analyse } from '../../compiler/index.ts';
import { HOOK_WORDS } from '../../grammar/fields/hooks.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { createRandom } from '../packets/random.ts';
import { type Files, referencedFiles } from '../sets/files-in-memory.ts';
import { type Attack, attack } from './hostile-rules.ts';
import { type Token, tokenizeC } from './tokenize-c.ts';

const TEMPLATES = readTemplates();
const FILES = 400;
/** Of those that chance makes, so many compile at least: the others never become C. */
const COMPILED_MIN = 250;

const emitted = (plan: Plan): Emission => emit(plan, TEMPLATES);

/** null: the rules have errors. Every third file as a tree, where it can be one. */
function planOf(source: SourceFile, files: Files, tree: boolean): Plan | null {
  const found = referencedFiles(source, { ...files, [source.name]: source.text });
  const plan = (planning: object) => analyse(source, { hook: null, files: found, planning }).plan;
  return (tree ? plan({ classifier: 'tree' }) : null) ?? plan({});
}

interface Vocabulary {
  readonly identifiers: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
  readonly punctuation: ReadonlySet<string>;
}

/** `pktc_rules_17` and `pktc_rules_3` are one: their numbers count functions and lists. */
function numberless(identifier: string): string {
  return /^pktc_/i.test(identifier) ? identifier.replace(/\d+/g, '0') : identifier;
}

/** Of what chance may leave out, at each hook, and of the rules that the hostile files began as. */
function vocabularyOf(benign: readonly Plan[]): Vocabulary {
  const identifiers = new Set<string>();
  const strings = new Set<string>();
  const punctuation = new Set<string>();
  const plain = HOOK_WORDS.flatMap((hook) =>
    PLAIN_RULES.flatMap((rules) => planOf({ name: 'plain.rules', text: `hook ${hook}\n${rules}\n` }, {}, false) ?? []),
  );
  for (const plan of [...plain, ...benign]) {
    for (const { kind, text } of tokenizeC(emitted(plan).c, false).tokens) {
      if (kind === 'identifier') identifiers.add(numberless(text));
      else if (kind === 'string') strings.add(text);
      else if (kind === 'punctuation') punctuation.add(text);
    }
  }
  return { identifiers, strings, punctuation };
}

/** Payload searches and raw bytes of each kind, interfaces, and every field alone. */
const PLAIN_RULES: readonly string[] = [
  'match payload within 100 contains "a" -> count\nmatch payload within 9 contains nocase { "ab", "cd" } -> log',
  'match payload starts "GET" -> log, drop\nmatch payload ends nocase "x" -> log',
  'match payload[0:4] = "abcd" -> count\nmatch payload[2:3] = "abc" -> log',
  'match iface "lo" -> log\nmatch iface { "eth*", "lo" } -> redirect "lo"',
  'match udp -> redirect "lo"',
  ...FIELDS.map(({ name }) => `match ${name} any -> count`),
];

/** What is wrong with the C, in the order in which it is found; empty: nothing of the user's is a token. */
function strangersIn(emission: Emission, known: Vocabulary, tree: boolean): readonly string[] {
  const found: string[] = [];
  const plain = tokenizeC(emission.c, false);
  const withTrigraphs = tokenizeC(emission.c, true);
  if (textOf(plain.tokens) !== textOf(withTrigraphs.tokens)) found.push('trigraphs change the tokens');
  if (emission.c.split('\n').some((line) => /(?:\\|\?\?\/)[ \t]*$/.test(line))) found.push('a line is joined to the next');
  if (/[^\x20-\x7e\n\t]/.test(emission.c)) found.push('the C is not printable ASCII');
  for (const token of plain.tokens) if (!isOurs(token, known)) found.push(`${token.kind} ${JSON.stringify(token.text)}`);
  for (const { text, followed } of plain.comments) {
    if (followed) found.push(`code stands behind the comment ${JSON.stringify(text)}`);
    if (text.startsWith('/*') && text.slice(2).includes('/*')) found.push(`a comment begins in ${JSON.stringify(text)}`);
  }
  if (!tree) found.push(...misplaced(emission, plain));
  return found;
}

function isOurs({ kind, text }: Token, known: Vocabulary): boolean {
  switch (kind) {
    case 'identifier':
      return known.identifiers.has(numberless(text));
    case 'string':
      return known.strings.has(text);
    case 'punctuation':
      return known.punctuation.has(text);
    case 'number':
      return /^(?:0x[\da-f]+|\d+)(?:U|ULL)?$/.test(text);
    default:
      return false;
  }
}

/** A rule's comment ends where its `if` begins, and stands alone: one comment a rule. */
function misplaced({ lineMap }: Emission, { tokens, comments }: ReturnType<typeof tokenizeC>): readonly string[] {
  const ofRules = comments.filter(({ text }) => /^\/\*[\s*]*(?:[^\n]{0,300} )?line \d+: /.test(text));
  const rules = lineMap.filter(({ rule }) => rule >= 0).length;
  const wrong = ofRules.filter(({ at }) => tokens[at]?.text !== 'if' || !['{', '}', ';'].includes(tokens[at - 1]?.text ?? ''));
  return [
    ...(ofRules.length === rules ? [] : [`${ofRules.length} comments for ${rules} rules`]),
    ...wrong.map(({ text }) => `no rule behind the comment ${JSON.stringify(text)}`),
  ];
}

function textOf(tokens: readonly Token[]): string {
  return tokens.map(({ kind, text }) => `${kind} ${text}`).join('\n');
}

interface Case {
  readonly seed: number;
  readonly attack: Attack;
  readonly plan: Plan;
  /** Of the rules that it began as. */
  readonly benign: Plan;
}

/** Those that compile; every third as a tree, where it can be one. */
function hostileCases(): readonly Case[] {
  return Array.from({ length: FILES }, (_, seed) => seed).flatMap((seed) => {
    const one = attack(createRandom(0xbad_0000 + seed));
    const plan = planOf(one.source, one.files, seed % 3 === 0);
    const benign = plan === null ? null : planOf(one.benign, {}, seed % 3 === 0);
    return plan === null || benign === null ? [] : [{ seed, attack: one, plan, benign }];
  });
}

function judge({ attack: { same }, plan, benign }: Case, known: Vocabulary, emitHostile: typeof emitted): readonly string[] {
  const emission = emitHostile(plan);
  const strangers = strangersIn(emission, known, plan.classifier.name === 'tree');
  const tokens = (c: string) => textOf(tokenizeC(c, false).tokens);
  if (!same || tokens(emission.c) === tokens(emitted(benign).c)) return strangers;
  return [...strangers, 'other tokens than those of the same rules under harmless names'];
}

const cases = hostileCases();
const known = vocabularyOf(cases.map(({ benign }) => benign));

describe('hostile rule text', () => {
  test('never becomes a token of the C', () => {
    const found = cases.flatMap((one) => {
      const strangers = judge(one, known, emitted);
      return strangers.length === 0 ? [] : [{ seed: one.seed, source: one.attack.source, strangers }];
    });
    expect(found).toEqual([]);
  });

  test('was there: names, comments, strings, file names, included files', () => {
    expect(cases.length).toBeGreaterThanOrEqual(COMPILED_MIN);
    const count = (holds: (one: Attack) => boolean) => cases.filter((one) => holds(one.attack)).length;
    expect(count(({ same }) => same)).toBeGreaterThan(100);
    expect(count(({ same, source }) => !same && /contains|starts|ends/.test(source.text))).toBeGreaterThan(30);
    expect(count(({ source }) => /# .*\n -> /.test(source.text))).toBeGreaterThan(50);
    expect(count(({ source }) => /^(?:asm|__asm__|goto|return)\w*:/m.test(source.text))).toBeGreaterThan(10);
    expect(count(({ source }) => /[*\\\n\u2028]/.test(source.name))).toBeGreaterThan(100);
    expect(count(({ files }) => Object.keys(files).length > 0)).toBeGreaterThan(10);
    expect(count(({ source }) => source.text.includes('??/'))).toBeGreaterThan(20);
    expect(count(({ source }) => source.text.includes('\u2028'))).toBeGreaterThan(5);
  });

  test('stays out of the vocabulary that it is measured by', () => {
    expect([...known.identifiers].filter((one) => /evil|asm|goto/.test(one))).toEqual([]);
    expect([...known.strings].filter((one) => !/^"[\w/. ]+"$/.test(one))).toEqual([]);
    expect(known.punctuation.has('?')).toBe(false);
    expect(known.identifiers.size).toBeGreaterThan(100);
  });
});

/** Mistakes that somebody could make; each is planted into a copy of the source and must be seen. */
const PLANTED: readonly (readonly [about: string, file: string, from: string, to: string])[] = [
  [
    'nothing is escaped',
    'printer.ts',
    'export function commentText(text: string): string {',
    'export function commentText(text: string): string {\n  if (text !== null) return text;',
  ],
  ['the end of a comment', 'printer.ts', ".replace(/\\*(?=\\/)/g, '* ')", ''],
  ['the beginning of a comment', 'printer.ts', ".replace(/\\/(?=\\*)/g, '/ ')", ''],
  ['trigraphs', 'printer.ts', ".replace(/\\?(?=\\?)/g, '? ')", ''],
  ['a backslash at the end of a line', 'printer.ts', " && !line.endsWith('\\\\')", ''],
  [
    'other alphabets',
    'printer.ts',
    'if (code >= 0x20 && code < 0x7f) return character;',
    'if (code >= 0x20) return character;',
  ],
];

describe('a mistake in the printer', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-planted-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => {
    vi.doUnmock('../../compiler/5-emit/printer.ts');
    vi.resetModules();
  });

  test.each(PLANTED)('is seen: %s', async (about, file, from, to) => {
    const source = readFileSync(path.join(import.meta.dirname, '../../compiler/5-emit', file), 'utf8');
    expect(source.split(from), 'the place in the source').toHaveLength(2);
    const { outputText } = ts.transpileModule(
      source.replace(from, () => to),
      {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
      },
    );
    const planted = path.join(folder, `${about.replaceAll(' ', '-')}.mjs`);
    writeFileSync(planted, outputText);
    vi.resetModules();
    vi.doMock('../../compiler/5-emit/printer.ts', () => import(/* @vite-ignore */ planted));
    const mistaken = await import('../../compiler/5-emit/emit.ts');
    const emitMistaken = (plan: Plan) => mistaken.emit(plan, TEMPLATES);
    const seen = cases.find((one) => judge(one, known, emitMistaken).length > 0);
    expect(seen, `${cases.length} files`).toBeDefined();
  });
});

describe('the tokenizer', () => {
  const texts = (c: string, trigraphs = false) => tokenizeC(c, trigraphs).tokens.map(({ text }) => text);

  test.each([
    ['a/* b */c', ['a', 'c']],
    ['a/* b *\\\n/c', ['a', 'c']],
    ['a // b \\\nc\nd', ['a', 'd']],
    ['"/* a */" b', ['"/* a */"', 'b']],
    ['"a\\"b" c', ['"a\\"b"', 'c']],
    ['0x1fULL->b', ['0x1fULL', '->', 'b']],
    ['%: define', ['%:', 'define']],
  ])('%j', (c, expected) => {
    expect(texts(c)).toEqual(expected);
  });

  test('trigraphs join lines only where they are asked for', () => {
    expect(texts('a // b ??/\nc', false)).toEqual(['a', 'c']);
    expect(texts('a // b ??/\nc', true)).toEqual(['a']);
  });

  test('a comment without an end is broken', () => {
    expect(tokenizeC('a /* b', false).tokens.map(({ kind }) => kind)).toEqual(['identifier', 'broken']);
  });
});
