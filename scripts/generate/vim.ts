/** The Vim syntax file, made from the table. Its patterns are Vim's "very magic" ones. */
import type { Vocabulary } from './vocabulary.ts';

const NAME = '[A-Za-z_]\\w*%([.-]\\w+)*';
const BEFORE = '[0-9A-Za-z_.-]@1<!';
const BEHIND = '%([.-]?\\w)@!';
const LABEL = `${BEFORE}${NAME}:[0-9A-Za-z_:.]@!`;
const OCTET = '%(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${OCTET}%(\\.${OCTET}){3}`;
const IPV6 = '\\x*:\\x*:[0-9A-Fa-f:.]*';
const START = '[0-9A-Za-z_.:]@1<!';
const TIME = '%(ms|s|min|m|h|d|w)';

const alternation = (words: readonly string[]): string => `%(${words.map((word) => word.replaceAll('.', '\\.')).join('|')})`;
const word = (words: readonly string[]): string => `${BEFORE}${alternation(words)}${BEHIND}`;
const match = (group: string, pattern: string, options = ''): string => `syn match ${group} '\\v${pattern}'${options}`;

/** Vim gives precedence to the item defined last, so the general ones come first. */
function literals(): readonly string[] {
  return [
    match('pktcNumber', `[0-9A-Za-z_.]@1<!\\d+%(\\.\\d+)?%(\\a\\w*|\\%)?`),
    match('pktcNumber', `[0-9A-Za-z_.]@1<!0[xX]\\x+\\w@!`),
    match('pktcRate', `[0-9A-Za-z_.]@1<!\\d+\\/\\d+[0-9A-Za-z_.]@!`),
    match('pktcRate', `[0-9A-Za-z_.]@1<!\\d+%(\\.\\d+)?\\a*\\/${TIME}[0-9A-Za-z_.-]@!`),
    match('pktcError', `${START}%(\\d+%(\\.\\d+){2,}%([/:][0-9A-Za-z_.]*)?|\\d+\\.\\d+\\/\\d+)`),
    match('pktcAddress', `${START}${IPV4}%(:\\d+|\\/%(3[0-2]|[12]?\\d))?%([0-9A-Za-z_:]|[./]\\d)@!`),
    match('pktcAddress', `${START}${IPV6}%(\\/%(12[0-8]|1[01]\\d|[1-9]?\\d))?[0-9A-Za-z_/]@!`),
    match('pktcAddress', `\\[${IPV6}\\]:\\d+[0-9A-Za-z_.:]@!`),
    match('pktcAddress', '[0-9A-Za-z_:-]@1<!\\x{2}%([:-]\\x{2}){5}%(\\/\\d+)?[0-9A-Za-z_:-]@!'),
  ];
}

function plainWords(words: Vocabulary): readonly string[] {
  return [
    match('pktcName', `${BEFORE}${NAME}`),
    match('pktcConstant', word(words.names)),
    match('pktcConstant', word(words.bare)),
    match('pktcField', word(words.fields)),
    match('pktcFlag', word(words.flags)),
    match('pktcKeyword', word(words.connectives)),
    match('pktcWordOperator', word(words.operators)),
  ];
}

/** Actions reach from `->` or `default` to the next statement; only there is `drop` an action, and not inside brackets. */
function regions(words: Vocabulary): readonly string[] {
  const next = `\\v(${word(words.statements)}|${LABEL})`;
  const inside = ' contained containedin=pktcActions';
  const contents = 'contains=TOP,pktcActions,pktcLabel,pktcStatement';
  const actions = (start: string, group: string): string =>
    `syn region pktcActions matchgroup=${group} start='${start}' end='${next}'me=s-1 ${contents}`;
  return [
    match('pktcParameter', word([...words.contextual, ...words.parameters]), inside),
    match('pktcAction', word(words.observers), inside),
    match('pktcVerdict', word(words.verdicts), inside),
    actions('->', 'pktcOperator'),
    actions(`\\v${word(['default'])}`, 'pktcStatement'),
    `syn region pktcTuple start='(' end=')'${inside} ${contents}`,
  ];
}

/** Words that mean something only behind another word. */
function places(words: Vocabulary): readonly string[] {
  const behind = (before: string, what: string): string => `%(${BEFORE}${before}\\s+)@64<=${what}`;
  return [
    match('pktcName', behind('set', NAME)),
    match('pktcParameter', behind(`set\\s+${NAME}`, `from${BEHIND}`)),
    match('pktcConstant', behind('hook', NAME)),
    match('pktcParameter', `%(^\\s*)@<=%(packet|capture)${BEHIND}`),
    match('pktcParameter', `${BEFORE}nocase%(\\s*["{])@=`),
    match('pktcVerdict', behind('expect', word(words.verdicts))),
    match('pktcKeyword', behind(`expect\\s+\\w+%(\\s+\\d+)?`, `by${BEHIND}`)),
    match('pktcLabel', behind(`expect\\s+\\w+%(\\s+\\d+)?\\s+by`, NAME)),
  ];
}

const LINKS: readonly (readonly [group: string, target: string])[] = [
  ['pktcComment', 'Comment'],
  ['pktcString', 'String'],
  ['pktcEscape', 'SpecialChar'],
  ['pktcError', 'Error'],
  ['pktcNumber', 'Number'],
  ['pktcRate', 'Number'],
  ['pktcAddress', 'Number'],
  ['pktcConstant', 'Constant'],
  ['pktcFlag', 'Constant'],
  ['pktcField', 'Type'],
  ['pktcName', 'Identifier'],
  ['pktcLabel', 'Label'],
  ['pktcKeyword', 'Keyword'],
  ['pktcStatement', 'Statement'],
  ['pktcWordOperator', 'Operator'],
  ['pktcOperator', 'Operator'],
  ['pktcVerdict', 'Statement'],
  ['pktcAction', 'Function'],
  ['pktcParameter', 'Keyword'],
];

/** The text of `editors/vim/syntax/pktc.vim`. */
export function vimSyntax(words: Vocabulary): string {
  const others = words.statements.filter((statement) => statement !== 'default');
  const lines = [
    '" Vim syntax file: pktc rules',
    '" Generated from the field and action table; run `npm run generate` after a change there.',
    '',
    "if exists('b:current_syntax')",
    '  finish',
    'endif',
    '',
    ...plainWords(words),
    ...literals(),
    "syn match pktcOperator '[<>!=&*-]'",
    ...regions(words),
    match('pktcStatement', word(others)),
    match('pktcLabel', LABEL),
    ...places(words),
    "syn region pktcString start='\"' skip='\\\\.' end='\"' end='$' contains=pktcEscape",
    match('pktcError', '\\\\.', ' contained containedin=pktcString'),
    match('pktcEscape', '\\\\%([nrt"\\\\]|x\\x{2})', ' contained'),
    "syn match pktcComment '#.*$' contains=@Spell",
    '',
    ...LINKS.map(([group, target]) => `hi def link ${group} ${target}`),
    '',
    'syn sync fromstart',
    "let b:current_syntax = 'pktc'",
    '',
  ];
  return lines.join('\n');
}
