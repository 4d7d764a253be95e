import { type Definitions, quoted } from '../definition.ts';

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Bytes, text, masks, tuples, interfaces and tunnels. */
export const MATCHING = {
  PKT2026: {
    title: 'several values where one belongs',
    severity: 'error',
    message: () => 'values in parentheses belong to a tuple of fields',
  },
  PKT2027: {
    title: 'tuple of another length',
    severity: 'error',
    message: (p: { values: number; fields: number }) =>
      `${counted(p.values, 'value')} cannot be compared with ${counted(p.fields, 'field')}`,
  },
  PKT2028: {
    title: 'empty slice',
    severity: 'error',
    message: () => 'a slice of 0 bytes compares nothing',
  },
  PKT2029: {
    title: 'slice too far in',
    severity: 'error',
    message: (p: { end: number; limit: number }) => `this slice ends at byte ${p.end}; none is read beyond byte ${p.limit}`,
  },
  PKT2030: {
    title: 'slice too wide for a number',
    severity: 'error',
    message: (p: { size: number; limit: number }) => `a number has at most ${p.limit} bytes, and this slice has ${p.size}`,
  },
  PKT2031: {
    title: 'empty text',
    severity: 'error',
    message: () => 'empty text is found everywhere',
  },
  PKT2032: {
    title: 'text too long',
    severity: 'error',
    message: (p: { length: number; limit: number }) => `this text has ${p.length} bytes, more than ${p.limit}`,
  },
  PKT2033: {
    title: 'text without an operator',
    severity: 'error',
    message: (p: { field: string }) => `\`${p.field}\` needs an operator before the text`,
  },
  PKT2034: {
    title: 'search bound out of range',
    severity: 'error',
    message: (p: { text: string; limit: number }) => `\`within\` takes 1 to ${p.limit} bytes, not ${quoted(p.text)}`,
  },
  PKT2035: {
    title: 'tunnel in a tunnel',
    severity: 'error',
    message: () => '`inner( … )` cannot stand inside another one',
  },
  PKT2036: {
    title: 'text that does not fit its slice',
    severity: 'error',
    message: (p: { length: number; size: number }) =>
      `text of ${counted(p.length, 'byte')} cannot be compared with a slice of ${counted(p.size, 'byte')}`,
  },
  PKT2037: {
    title: 'nocase without text',
    severity: 'error',
    message: (p: { field: string }) => `\`nocase\` means nothing for \`${p.field}\``,
  },
  PKT2038: {
    title: 'impossible interface name',
    severity: 'error',
    message: (p: { name: string }) =>
      p.name === '' ? 'no interface has an empty name' : `no interface can be called ${quoted(p.name)}`,
  },
  PKT2039: {
    title: 'mask of the other family',
    severity: 'error',
    message: (p: { mask: 4 | 6; value: 4 | 6 }) => `an IPv${p.mask} mask cannot be laid on an IPv${p.value} address`,
  },
  PKT2040: {
    title: 'prefix or range under a mask',
    severity: 'error',
    message: (p: { text: string }) => `${quoted(p.text)} is not one address`,
  },
  PKT2041: {
    title: 'parentheses behind a field',
    severity: 'error',
    message: (p: { name: string }) => `${quoted(p.name)} takes no condition in parentheses`,
  },
  PKT2042: {
    title: 'text longer than the search',
    severity: 'error',
    message: (p: { length: number; within: number }) =>
      `text of ${counted(p.length, 'byte')} is never found within ${counted(p.within, 'byte')}`,
  },
  PKT2043: {
    title: 'bytes without a slice',
    severity: 'error',
    message: (p: { field: string }) => `\`${p.field}\` is read in slices`,
  },
  PKT2044: {
    title: 'field twice in a tuple',
    severity: 'error',
    message: (p: { field: string }) => `\`${p.field}\` stands twice in this tuple`,
  },
  PKT2045: {
    title: 'list without braces behind a field',
    severity: 'error',
    message: (p: { field: string }) => `several values of \`${p.field}\` stand in braces`,
  },
  PKT2046: {
    title: 'not before two predicates',
    severity: 'warning',
    message: (p: { word: string }) => `\`not\` negates \`${p.word}\` alone`,
  },
} as const satisfies Definitions;
