import type { Definitions } from '../definition.ts';

export const CHECK = {
  PKT3001: {
    title: 'can never match',
    severity: 'error',
    message: () => 'this condition can never be true',
  },
} as const satisfies Definitions;
