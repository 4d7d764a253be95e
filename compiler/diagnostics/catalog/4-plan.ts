import type { Definitions } from '../definition.ts';

export const PLAN = {
  PKT4001: {
    title: 'action that the hook cannot carry out',
    severity: 'error',
    message: (p: { what: string; hook: string }) => `\`${p.what}\` is not possible at the hook \`${p.hook}\``,
  },
  PKT4002: {
    title: 'too many rules',
    severity: 'error',
    message: (p: { rules: number; limit: number; reason: string }) =>
      `${p.rules} rules, and they cannot be a decision tree (${p.reason}); as a chain at most ${p.limit} can be tried`,
  },
  PKT4003: {
    title: 'too much to verify',
    severity: 'error',
    message: (p: { instructions: number; limit: number }) =>
      `the rules come to about ${p.instructions} instructions, more than can be verified safely (${p.limit})`,
  },
  PKT4004: {
    title: 'rule too large',
    severity: 'error',
    message: (p: { limit: number }) => `this rule makes more than ${p.limit} comparisons`,
  },
  PKT4005: {
    title: 'list too long',
    severity: 'error',
    message: (p: { ranges: number; limit: number }) => `this list has ${p.ranges} separate ranges, more than ${p.limit}`,
  },
  PKT4006: {
    title: 'lists too long together',
    severity: 'error',
    message: (p: { ranges: number; limit: number }) =>
      `the lists of this file have ${p.ranges} separate ranges together, IPv6 counted twice, more than ${p.limit}`,
  },
  PKT4010: {
    title: 'too many interface names',
    severity: 'error',
    message: (p: { patterns: number; limit: number }) =>
      `the rules ask for ${p.patterns} different names and patterns of interfaces, more than ${p.limit}`,
  },
  PKT4025: {
    title: 'too many lists of option kinds',
    severity: 'error',
    message: (p: { lists: number; limit: number }) =>
      `the rules compare options with ${p.lists} different lists of kinds, more than ${p.limit}`,
  },
  PKT4026: {
    title: 'too much to keep of a packet',
    severity: 'error',
    message: (p: { bytes: number; limit: number }) =>
      `the fields that the rules ask for take ${p.bytes} bytes, more than the ${p.limit} that a program can keep`,
  },
  PKT4011: {
    title: 'too many interfaces to redirect to',
    severity: 'error',
    message: (p: { interfaces: number; limit: number }) =>
      `the rules redirect to ${p.interfaces} different interfaces, more than ${p.limit}`,
  },
  PKT4040: {
    title: 'tables too large',
    severity: 'error',
    message: (p: { mebibytes: number; limit: number }) =>
      `the tables of the lists take ${p.mebibytes} MiB, more than ${p.limit} that a program can reach`,
  },
} as const satisfies Definitions;
