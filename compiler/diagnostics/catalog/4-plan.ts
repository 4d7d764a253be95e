import type { Definitions } from '../definition.ts';

export const PLAN = {
  PKT4001: {
    title: 'hook not supported',
    severity: 'error',
    message: (p: { hook: string }) => `programs for the hook \`${p.hook}\` cannot be made yet`,
  },
  PKT4002: {
    title: 'too many rules',
    severity: 'error',
    message: (p: { rules: number; limit: number }) => `${p.rules} rules are more than one program can hold (${p.limit})`,
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
      `the lists of this file have ${p.ranges} separate ranges together, more than ${p.limit}`,
  },
} as const satisfies Definitions;
