import { type Definitions, quoted } from '../definition.ts';

export const SYNTAX = {
  PKT1001: {
    title: 'unexpected text',
    severity: 'error',
    /** `found` is null at the end of the statement. */
    message: (p: { expected: string; found: string | null }) =>
      p.found === null
        ? `expected ${p.expected}, but the statement ends here`
        : `expected ${p.expected}, found ${quoted(p.found)}`,
  },
  PKT1002: {
    title: 'not a statement',
    severity: 'error',
    message: (p: { word: string }) => `no statement begins with ${quoted(p.word)}`,
  },
  PKT1003: {
    title: 'missing arrow',
    severity: 'error',
    message: () => 'this rule has no `->`',
  },
  PKT1004: {
    title: 'spelling of another language',
    severity: 'error',
    message: (p: { found: string }) => `${quoted(p.found)} means nothing here`,
  },
  PKT1005: {
    title: 'not before an operator',
    severity: 'error',
    message: (p: { operator: string }) => `\`not ${p.operator}\` is ambiguous about packets without the field`,
  },
  PKT1006: {
    title: 'unbalanced bracket',
    severity: 'error',
    message: (p: { bracket: string; opens: boolean }) =>
      p.opens ? `this \`${p.bracket}\` is never closed` : `this \`${p.bracket}\` closes nothing`,
  },
  PKT1007: {
    title: 'unterminated string',
    severity: 'error',
    message: () => 'this string has no closing `"` on its line',
  },
  PKT1008: {
    title: 'reserved word as a name',
    severity: 'error',
    message: (p: { word: string }) => `\`${p.word}\` is a reserved word and cannot be a name`,
  },
  PKT1009: {
    title: 'stray character',
    severity: 'error',
    message: (p: { what: string }) => `${p.what} cannot stand outside a string or comment`,
  },
  PKT1010: {
    title: 'missing action',
    severity: 'error',
    message: (p: { behind: string }) => `no action behind \`${p.behind}\``,
  },
  PKT1011: {
    title: 'label out of shape',
    severity: 'error',
    message: (p: { label: string }) => `the label ${quoted(p.label)} has its colon in the wrong place`,
  },
  PKT1012: {
    title: 'missing match',
    severity: 'error',
    message: () => 'this rule has no `match`',
  },
  PKT1013: {
    title: 'nested too deep',
    severity: 'error',
    message: (p: { limit: number }) => `brackets and \`not\` nest deeper than ${p.limit} levels`,
  },
  PKT1014: {
    title: 'or mixed with and',
    severity: 'error',
    message: () => '`or` and *and* are mixed without parentheses',
  },
  PKT1015: {
    title: 'compound key without parentheses',
    severity: 'error',
    message: (p: { word: string }) => `${quoted(p.word)} is a field, not an action`,
  },
  PKT1016: {
    title: 'list without braces',
    severity: 'error',
    message: () => 'a list of values needs braces',
  },
} as const satisfies Definitions;
