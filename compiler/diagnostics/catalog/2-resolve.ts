import { type Definitions, quoted } from '../definition.ts';

/** What a value code's message is made from: the literal as written. */
export interface Written {
  readonly text: string;
}

/** Names and meaning; PKT21xx are literals that `grammar/values` refuses. */
export const RESOLVE = {
  PKT2001: {
    title: 'unknown field',
    severity: 'error',
    message: (p: { name: string }) => `unknown field ${quoted(p.name)}`,
  },
  PKT2002: {
    title: 'unknown action',
    severity: 'error',
    message: (p: { name: string }) => `unknown action ${quoted(p.name)}`,
  },
  PKT2003: {
    title: 'unknown name',
    severity: 'error',
    message: (p: { name: string }) => `unknown name ${quoted(p.name)}`,
  },
  PKT2004: {
    title: 'missing value',
    severity: 'error',
    message: (p: { field: string }) => `\`${p.field}\` has no value`,
  },
  PKT2005: {
    title: 'value of the wrong type',
    severity: 'error',
    message: (p: { field: string; takes: string; given: string }) => `\`${p.field}\` takes ${p.takes}, not ${p.given}`,
  },
  PKT2006: {
    title: 'operator does not fit',
    severity: 'error',
    message: (p: { operator: string; field: string }) => `\`${p.operator}\` does not fit \`${p.field}\``,
  },
  PKT2007: {
    title: 'list of flags elsewhere',
    severity: 'error',
    message: (p: { field: string }) => `\`!\` before a value belongs to \`flags\`, not to \`${p.field}\``,
  },
  PKT2008: {
    title: 'not supported yet',
    severity: 'error',
    message: (p: { what: string }) => `${p.what} is not supported yet`,
  },
  PKT2009: {
    title: 'duplicate label',
    severity: 'error',
    message: (p: { label: string }) => `the label ${quoted(p.label)} is given twice`,
  },
  PKT2010: {
    title: 'name defined twice',
    severity: 'error',
    message: (p: { name: string }) => `the name ${quoted(p.name)} is defined twice`,
  },
  PKT2011: {
    title: 'name defined by itself',
    severity: 'error',
    message: (p: { names: readonly string[] }) =>
      p.names.length === 1
        ? `${quoted(p.names[0] ?? '')} is defined by itself`
        : `${p.names.slice(0, 4).map(quoted).join(', ')}${p.names.length > 4 ? ' and others' : ''} are defined by each other`,
  },
  PKT2012: {
    title: 'name never used',
    severity: 'warning',
    message: (p: { name: string }) => `the name ${quoted(p.name)} is never used`,
  },
  PKT2013: {
    title: 'name hides a built-in one',
    severity: 'warning',
    message: (p: { name: string }) => `the name ${quoted(p.name)} hides a word of the language`,
  },
  PKT2014: {
    title: 'statement given twice',
    severity: 'error',
    message: (p: { statement: 'hook' | 'default' }) => `a file has one \`${p.statement}\` statement`,
  },
  PKT2015: {
    title: 'unknown hook',
    severity: 'error',
    message: (p: { hook: string }) => `unknown hook ${quoted(p.hook)}`,
  },
  PKT2016: {
    title: 'default without a verdict',
    severity: 'error',
    message: (p: { action: string }) => `${quoted(p.action)} cannot be the default`,
  },
  PKT2017: {
    title: 'empty list',
    severity: 'error',
    message: () => 'an empty list matches nothing',
  },
  PKT2018: {
    title: 'unexpected argument',
    severity: 'error',
    message: (p: { action: string; argument: string }) => `the action \`${p.action}\` takes no ${quoted(p.argument)}`,
  },
  PKT2019: {
    title: 'missing comma between actions',
    severity: 'error',
    message: (p: { first: string; second: string }) => `there is no comma between \`${p.first}\` and \`${p.second}\``,
  },
  PKT2020: {
    title: 'parameter without a value',
    severity: 'error',
    message: (p: { action: string; parameter: string }) => `\`${p.parameter}\` of the action \`${p.action}\` has no value`,
  },
  PKT2021: {
    title: 'two verdicts',
    severity: 'error',
    message: (p: { first: string; second: string }) => `a rule cannot both ${quoted(p.first)} and ${quoted(p.second)}`,
  },
  PKT2022: {
    title: 'action given twice',
    severity: 'warning',
    message: (p: { action: string }) => `the action \`${p.action}\` is given twice`,
  },
  PKT2023: {
    title: 'flags that exclude each other',
    severity: 'error',
    message: (p: { first: string; second: string }) => `\`${p.first}\` and \`${p.second}\` exclude each other`,
  },
  PKT2024: {
    title: 'any in a list or behind an operator',
    severity: 'error',
    message: (p: { field: string }) => `\`any\` stands alone behind \`${p.field}\``,
  },
  PKT2025: {
    title: 'parameter given twice',
    severity: 'error',
    message: (p: { action: string; parameter: string }) => `\`${p.parameter}\` of the action \`${p.action}\` is given twice`,
  },
  PKT2101: {
    title: 'host bits set',
    severity: 'error',
    message: (p: Written) => `the prefix ${quoted(p.text)} has host bits set`,
  },
  PKT2102: {
    title: 'leading zero',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} has a leading zero`,
  },
  PKT2103: {
    title: 'not an address',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} is not an address`,
  },
  PKT2104: {
    title: 'shortened address',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} leaves octets out`,
  },
  PKT2105: {
    title: 'netmask instead of a prefix length',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} has a netmask where a prefix length belongs`,
  },
  PKT2106: {
    title: 'wrong prefix length',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} has a prefix length that does not fit`,
  },
  PKT2107: {
    title: 'port behind an address',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} is an address and a port`,
  },
  PKT2108: {
    title: 'zone behind an address',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} names a zone`,
  },
  PKT2109: {
    title: 'range across families',
    severity: 'error',
    message: (p: Written) => `the range ${quoted(p.text)} mixes IPv4 and IPv6`,
  },
  PKT2110: {
    title: 'range backwards',
    severity: 'error',
    message: (p: Written) => `the range ${quoted(p.text)} runs backwards`,
  },
  PKT2111: {
    title: 'not a MAC address',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} is not a MAC address`,
  },
  PKT2112: {
    title: 'not a number',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} is not a whole number`,
  },
  PKT2113: {
    title: 'unit where a number belongs',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} has a unit, but a plain number belongs here`,
  },
  PKT2114: {
    title: 'value out of range',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} is out of range`,
  },
  PKT2115: {
    title: 'unknown escape',
    severity: 'error',
    message: (p: Written) => `the string ${quoted(p.text)} has an escape that does not exist`,
  },
  PKT2116: {
    title: 'not a ratio',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} is not a ratio such as \`1/100\``,
  },
  PKT2117: {
    title: 'not a quantity',
    severity: 'error',
    message: (p: Written) => `${quoted(p.text)} is neither a duration nor a rate`,
  },
} as const satisfies Definitions;
