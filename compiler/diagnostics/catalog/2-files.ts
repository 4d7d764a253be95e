import { type Definitions, quoted } from '../definition.ts';

/** Files that a rule file names: what it includes, and lists of values. */
export const FILES = {
  PKT2050: {
    title: 'file cannot be read',
    severity: 'error',
    message: (p: { path: string; reason: string }) => `cannot read ${quoted(p.path)}: ${p.reason}`,
  },
  PKT2051: {
    title: 'file outside the roots',
    severity: 'error',
    message: (p: { path: string; reason: string }) =>
      `${quoted(p.path)} is outside of the directories that files may come from`,
  },
  PKT2052: {
    title: 'files include each other',
    severity: 'error',
    message: (p: { chain: readonly string[] }) => `files include each other: ${p.chain.map(quoted).join(' includes ')}`,
  },
  PKT2053: {
    title: 'include too deep',
    severity: 'error',
    message: (p: { limit: number }) => `more than ${p.limit} files include each other`,
  },
  PKT2054: {
    title: 'setting in included file',
    severity: 'error',
    message: (p: { statement: 'hook' | 'default' }) => `\`${p.statement}\` belongs into the main file`,
  },
  PKT2055: {
    title: 'empty set file',
    severity: 'error',
    message: (p: { path: string }) => `${quoted(p.path)} has no values in it`,
  },
  PKT2056: {
    title: 'more wrong lines',
    severity: 'error',
    message: (p: { count: number }) => `${p.count} more ${p.count === 1 ? 'line is' : 'lines are'} wrong`,
  },
  PKT2057: {
    title: 'set of other values',
    severity: 'error',
    message: (p: { field: string; takes: string; name: string; has: string }) =>
      `\`${p.field}\` takes ${p.takes}, and the set ${quoted(p.name)} has ${p.has} in it`,
  },
  PKT2058: {
    title: 'line without a value',
    severity: 'error',
    message: (p: { text: string }) => `${quoted(p.text)} is not a value of a set`,
  },
} as const satisfies Definitions;
