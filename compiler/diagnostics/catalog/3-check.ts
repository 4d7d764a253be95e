import { type Definitions, quoted } from '../definition.ts';

/** What a program says that cannot be meant. Errors are certain; warnings say what a rule does besides what it seems to. */
export const CHECK = {
  PKT3001: {
    title: 'can never match',
    severity: 'error',
    message: (p: { parts: readonly string[] }) =>
      p.parts.length === 0
        ? 'this condition can never match'
        : `${p.parts.map(quoted).join(' and ')} can never match${p.parts.length > 1 ? ' together' : ''}`,
  },
  PKT3002: {
    title: 'field that the hook cannot see',
    severity: 'error',
    message: (p: { what: string; hook: string }) => `${quoted(p.what)} cannot be seen by the hook \`${p.hook}\``,
  },
  PKT3003: {
    title: 'SYN catches SYN+ACK too',
    severity: 'warning',
    message: (p: { verb: string }) => `this rule also ${p.verb} SYN+ACK, the answer to a connection of your own`,
  },
  PKT3004: {
    title: 'later fragments pass',
    severity: 'warning',
    message: (p: { verb: string }) => `this file ${p.verb} by port and never mentions fragments`,
  },
  PKT3005: {
    title: 'not drops ARP and neighbour discovery',
    severity: 'warning',
    message: (p: { field: string; verb: string }) =>
      `this rule also ${p.verb} packets that have no \`${p.field}\`, ARP and neighbour discovery among them`,
  },
  PKT3006: {
    title: 'rule never reached',
    severity: 'warning',
    message: (p: { rules: number }) =>
      p.rules === 1 ? 'this rule is never reached' : `this rule and ${p.rules - 1} behind it are never reached`,
  },
  PKT3007: {
    title: 'duplicate rule',
    severity: 'warning',
    message: () => 'an earlier rule with the same condition has already decided',
  },
  PKT3008: {
    title: 'not equal matches the other family',
    severity: 'warning',
    message: (p: { other: 'IPv4' | 'IPv6' }) => `this also matches ${p.other}, whatever the address`,
  },
  PKT3011: {
    title: 'search in TLS',
    severity: 'warning',
    message: () => 'this rule searches the payload at ports where TLS encrypts it',
  },
  PKT3012: {
    title: 'search ends before the payload',
    severity: 'warning',
    message: (p: { limit: number; hook: string }) =>
      `the first ${p.limit} bytes of a payload are searched, and at the hook \`${p.hook}\` it may be longer`,
  },
} as const satisfies Definitions;
