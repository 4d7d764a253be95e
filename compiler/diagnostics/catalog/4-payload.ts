import type { Definitions } from '../definition.ts';

export const PAYLOAD = {
  PKT4020: {
    title: 'too many payload searches',
    severity: 'error',
    message: (p: { searches: number; limit: number }) =>
      `the rules search payloads for ${p.searches} different lists of patterns, more than ${p.limit}`,
  },
  PKT4021: {
    title: 'patterns too large together',
    severity: 'error',
    message: (p: { patterns: number; mebibytes: number }) =>
      `the table for ${p.patterns} different patterns is larger than ${p.mebibytes} MiB`,
  },
} as const satisfies Definitions;
