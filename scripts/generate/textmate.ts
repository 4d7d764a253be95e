/** The TextMate grammar that VS Code, GitHub and many other editors highlight with, made from the table. */
import type { Vocabulary } from './vocabulary.ts';

interface Pattern {
  readonly name?: string;
  readonly contentName?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly captures?: Captures;
  readonly beginCaptures?: Captures;
  readonly endCaptures?: Captures;
  readonly patterns?: readonly Pattern[];
  readonly include?: string;
}
type Captures = Readonly<Record<string, { readonly name: string }>>;

const NAME = '[A-Za-z_]\\w*(?:[.-]\\w+)*';
/** Round a word, so that `port` is not found in `no-port` or `port.x`. */
const BEFORE = '(?<![\\w.-])';
const BEHIND = '(?!\\w|[.-]\\w)';
const LABEL = `${BEFORE}(${NAME})(:)(?![\\w:.])`;

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const IPV6 = '[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*';
const MAC = '[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}';
const START = '(?<![\\w.:])';
const TIME = '(?:ms|s|min|m|h|d|w)';

const alternation = (words: readonly string[]): string => `(?:${words.map((word) => word.replaceAll('.', '\\.')).join('|')})`;
const word = (words: readonly string[]): string => `${BEFORE}${alternation(words)}${BEHIND}`;
const include = (...names: readonly string[]): readonly Pattern[] => names.map((name) => ({ include: `#${name}` }));
const scopes = (...names: readonly string[]): Captures =>
  Object.fromEntries(names.map((name, index) => [String(index + 1), { name }]));

/** Where the next statement begins: nothing of the one before reaches further, closed or not. */
const nextStatement = (words: Vocabulary): string => `(?=${word(words.statements)}|${LABEL})`;

function literals(): readonly Pattern[] {
  const slash = 'punctuation.separator.prefix.rules';
  const prefix = 'constant.numeric.prefix-length.rules';
  const port = ['punctuation.separator.port.rules', 'constant.numeric.port.rules'];
  return [
    { name: 'constant.numeric.mac.rules', match: `(?<![\\w:-])${MAC}(?:/(?:${MAC}|\\d+))?(?![\\w:-])` },
    { match: `${START}(${IPV4})(:)(\\d+)(?![\\w.:])`, captures: scopes('constant.numeric.ipv4.rules', ...port) },
    { match: `(\\[${IPV6}\\])(:)(\\d+)(?![\\w.:])`, captures: scopes('constant.numeric.ipv6.rules', ...port) },
    {
      match: `${START}(${IPV6})(?:(/)(12[0-8]|1[01]\\d|[1-9]?\\d)(?![\\w.]))?(?![\\w/])`,
      captures: scopes('constant.numeric.ipv6.rules', slash, prefix),
    },
    {
      match: `${START}(${IPV4})(?:(/)(3[0-2]|[12]?\\d))?(?![\\w:]|[./]\\d)`,
      captures: scopes('constant.numeric.ipv4.rules', slash, prefix),
    },
    { name: 'invalid.illegal.address.rules', match: `${START}(?:\\d+(?:\\.\\d+){2,}(?:[/:][\\w.]*)?|\\d+\\.\\d+/\\d+)` },
    {
      name: 'constant.numeric.rate.rules',
      match: `(?<![\\w.])\\d+(?:\\.\\d+)?([A-Za-z]*)(/)(${TIME})(?![\\w.-])`,
      captures: scopes('keyword.other.unit.rules', 'punctuation.separator.rate.rules', 'keyword.other.unit.rules'),
    },
    {
      name: 'constant.numeric.ratio.rules',
      match: '(?<![\\w.])\\d+(/)\\d+(?![\\w.])',
      captures: scopes('punctuation.separator.ratio.rules'),
    },
    { name: 'constant.numeric.hex.rules', match: '(?<![\\w.])0[xX][0-9A-Fa-f]+(?!\\w)' },
    {
      name: 'constant.numeric.duration.rules',
      match: `(?<![\\w.])\\d+(?:\\.\\d+)?(${TIME})(?!\\w)`,
      captures: scopes('keyword.other.unit.rules'),
    },
    {
      name: 'constant.numeric.rules',
      match: '(?<![\\w.])\\d+(?:\\.\\d+)?([A-Za-z]\\w*|%)?',
      captures: scopes('keyword.other.unit.rules'),
    },
  ];
}

/** Something in brackets, which ends at the next statement even when the bracket was forgotten. */
function bracketed(open: string, close: string, kind: string, words: Vocabulary): Pattern {
  return {
    name: `meta.${kind}.rules`,
    begin: `\\${open}`,
    end: `\\${close}|(?=->)|${nextStatement(words)}`,
    beginCaptures: { 0: { name: `punctuation.section.${kind}.begin.rules` } },
    endCaptures: { 0: { name: `punctuation.section.${kind}.end.rules` } },
    patterns: include('expression'),
  };
}

const STRING: Pattern = {
  name: 'string.quoted.double.rules',
  begin: '"',
  end: '"|$',
  beginCaptures: { 0: { name: 'punctuation.definition.string.begin.rules' } },
  endCaptures: { 0: { name: 'punctuation.definition.string.end.rules' } },
  patterns: [
    { name: 'constant.character.escape.rules', match: '\\\\(?:[nrt"\\\\]|x[0-9A-Fa-f]{2})' },
    { name: 'invalid.illegal.escape.rules', match: '\\\\.' },
  ],
};

const OPERATORS: readonly Pattern[] = [
  { name: 'keyword.operator.arrow.rules', match: '->' },
  { name: 'keyword.operator.comparison.rules', match: '<=|>=|!=|=|<|>' },
  { name: 'keyword.operator.negation.rules', match: '!' },
  { name: 'keyword.operator.mask.rules', match: '&' },
  { name: 'keyword.operator.arithmetic.rules', match: '\\*' },
  { name: 'keyword.operator.range.rules', match: '-' },
  { name: 'punctuation.separator.rules', match: '[,/:]' },
];

/** `let`, `set`, `hook`, `include` and `default`: the word, and the name it gives or takes. */
function statements(words: Vocabulary): readonly Pattern[] {
  const keyword = (name: string): string => `${BEFORE}(${name})${BEHIND}`;
  return [
    { match: LABEL, captures: scopes('entity.name.function.label.rules', 'punctuation.separator.label.rules') },
    {
      match: `${keyword('let')}\\s+(${NAME})\\s*(=)?`,
      captures: scopes('keyword.control.let.rules', 'variable.other.constant.rules', 'keyword.operator.assignment.rules'),
    },
    {
      match: `${keyword('set')}\\s+(${NAME})\\s*(?:(:)(?![\\w:.])|(from)${BEHIND}|(=))`,
      captures: scopes(
        'keyword.control.set.rules',
        'variable.other.constant.rules',
        'punctuation.separator.key.rules',
        'keyword.other.contextual.rules',
        'keyword.operator.assignment.rules',
      ),
    },
    {
      match: `${keyword('hook')}\\s+(?!${alternation(words.statements)}\\b)(${NAME})(?:\\s+(ingress|egress)${BEHIND})?(?!:)`,
      captures: scopes('keyword.control.hook.rules', 'support.constant.hook.rules', 'support.constant.hook.rules'),
    },
    {
      begin: keyword('default'),
      beginCaptures: scopes('keyword.control.default.rules'),
      end: nextStatement(words),
      patterns: include('action'),
    },
    {
      name: 'meta.test.rules',
      begin: keyword('test'),
      beginCaptures: scopes('keyword.control.test.rules'),
      end: `(?<=\\})|${nextStatement(words)}`,
      patterns: include('comment', 'string', 'expectations'),
    },
    { name: 'keyword.control.rules', match: word(words.statements) },
  ];
}

/** What stands between the braces of a `test`. */
function expectations(words: Vocabulary): Pattern {
  const expectation: Pattern = {
    match: `${BEFORE}(expect)\\s+(?:(${alternation(words.verdicts)})${BEHIND}|(${NAME}))(?:\\s+(\\d+))?(?:\\s+(by)\\s+(${NAME}))?`,
    captures: scopes(
      'keyword.control.expect.rules',
      'keyword.control.verdict.rules',
      'variable.other.rules',
      'constant.numeric.rules',
      'keyword.control.rules',
      'entity.name.function.label.rules',
    ),
  };
  return {
    ...bracketed('{', '}', 'test', words),
    patterns: [
      expectation,
      { name: 'keyword.other.contextual.rules', match: word(words.contextual) },
      ...include('expression'),
    ],
  };
}

function repository(words: Vocabulary): Readonly<Record<string, { readonly patterns: readonly Pattern[] }>> {
  return {
    comment: { patterns: [{ name: 'comment.line.number-sign.rules', match: '#.*$' }] },
    string: { patterns: [STRING] },
    literal: { patterns: literals() },
    operator: { patterns: OPERATORS },
    statement: { patterns: statements(words) },
    expectations: { patterns: [expectations(words)] },
    bracket: {
      patterns: [bracketed('{', '}', 'list', words), bracketed('(', ')', 'group', words), bracketed('[', ']', 'slice', words)],
    },
    word: {
      patterns: [
        { name: 'keyword.other.contextual.rules', match: `${BEFORE}nocase(?=\\s*["{])` },
        { name: 'constant.language.flag.rules', match: word(words.flags) },
        { name: 'support.type.field.rules', match: word(words.fields) },
        { name: 'constant.language.condition.rules', match: word(words.bare) },
        { name: 'constant.language.name.rules', match: word(words.names) },
        { name: 'keyword.operator.word.rules', match: word(words.operators) },
        { name: 'keyword.control.rules', match: word(words.connectives) },
        { name: 'variable.other.rules', match: `${BEFORE}${NAME}` },
      ],
    },
    expression: { patterns: include('comment', 'string', 'literal', 'bracket', 'word', 'operator') },
    action: {
      patterns: [
        ...include('comment', 'string', 'literal', 'bracket'),
        { name: 'keyword.control.verdict.rules', match: word(words.verdicts) },
        { name: 'keyword.other.parameter.rules', match: word(words.parameters) },
        { name: 'support.function.action.rules', match: word(words.observers) },
        { name: 'keyword.other.contextual.rules', match: word(words.contextual) },
        ...include('word', 'operator'),
      ],
    },
    actions: {
      patterns: [
        {
          name: 'meta.actions.rules',
          begin: '->',
          beginCaptures: { 0: { name: 'keyword.operator.arrow.rules' } },
          end: nextStatement(words),
          patterns: include('action'),
        },
      ],
    },
  };
}

/** The grammar file's text. */
export function textmateGrammar(words: Vocabulary): string {
  const grammar = {
    information: 'Generated from the field and action table; run `npm run generate` after a change there.',
    name: 'pktc rules',
    scopeName: 'source.rules',
    fileTypes: ['rules'],
    patterns: include('statement', 'actions', 'expression'),
    repository: repository(words),
  };
  return `${JSON.stringify(grammar, null, 2)}\n`;
}
