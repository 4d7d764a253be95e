import type { Definitions } from '../definition.ts';

export const BUILD = {
  PKT5001: {
    title: 'clang not found',
    severity: 'error',
    message: () => '`clang` is not installed',
  },
  PKT5002: {
    title: 'clang too old',
    severity: 'error',
    message: (p: { version: string; oldest: number }) => `\`${p.version}\` is too old: pktc needs clang ${p.oldest} or newer`,
  },
  PKT5003: {
    title: 'clang refuses the C',
    severity: 'error',
    message: (p: { version: string }) => `\`${p.version}\` refuses the C that pktc made`,
  },
  PKT5004: {
    title: 'clang does not run',
    severity: 'error',
    message: (p: { message: string }) => `clang did not finish: ${p.message}`,
  },
} as const satisfies Definitions;
