import type { Definitions } from '../definition.ts';

export const PLAN = {
  PKT4001: {
    title: 'hook not supported',
    severity: 'error',
    message: (p: { hook: string }) => `programs for the hook \`${p.hook}\` cannot be made yet`,
  },
} as const satisfies Definitions;
