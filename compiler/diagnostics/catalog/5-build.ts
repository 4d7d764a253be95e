import type { Definitions } from '../definition.ts';

export const BUILD = {
  PKT5001: {
    title: 'clang not found',
    severity: 'error',
    message: () => '`clang` is not installed',
  },
} as const satisfies Definitions;
