import { type Definitions, quoted } from '../definition.ts';

/** Sets that the program fills itself, and the actions that fill them. */
export const DYNAMIC_SETS = {
  PKT2060: {
    title: 'set without a size',
    severity: 'error',
    message: (p: { name: string }) => `the set ${quoted(p.name)} does not say how many elements it holds`,
  },
  PKT2061: {
    title: 'option that no set has',
    severity: 'error',
    message: (p: { option: string; problem: string }) => `${quoted(p.option)} ${p.problem}`,
  },
  PKT2062: {
    title: 'size of a set',
    severity: 'error',
    message: (p: { text: string; limit: number }) => `a set holds 1 to ${p.limit} elements, not ${quoted(p.text)}`,
  },
  PKT2063: {
    title: 'time that no element stays',
    severity: 'error',
    message: (p: { text: string }) => `an element cannot stay for ${quoted(p.text)}`,
  },
  PKT2064: {
    title: 'field that is no key',
    severity: 'error',
    message: (p: { field: string; reason: string }) => `${quoted(p.field)} cannot be an element of a set: ${p.reason}`,
  },
  PKT2065: {
    title: 'block without an address',
    severity: 'error',
    message: (p: { key: string }) => `\`block\` needs an address, and ${quoted(p.key)} has none`,
  },
  PKT2066: {
    title: 'nothing to add to',
    severity: 'error',
    message: (p: { name: string; reason: string }) => `${quoted(p.name)} ${p.reason}`,
  },
  PKT2067: {
    title: 'element of another kind',
    severity: 'error',
    message: (p: { name: string; key: string; given: string }) =>
      `elements of ${quoted(p.name)} are ${quoted(p.key)}, which ${quoted(p.given)} is not`,
  },
  PKT2068: {
    title: 'set among values',
    severity: 'error',
    message: (p: { name: string }) => `${quoted(p.name)} is filled at run time and stands alone in a comparison`,
  },
  PKT2069: {
    title: 'two verdicts of one rule',
    severity: 'error',
    message: (p: { first: string; second: string }) =>
      `${quoted(p.first)} and ${quoted(p.second)} decide about the same packet`,
  },
} as const satisfies Definitions;
