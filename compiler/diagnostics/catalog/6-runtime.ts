import { type Definitions, quoted } from '../definition.ts';

export const RUNTIME = {
  PKT6001: {
    title: 'no such interface',
    severity: 'error',
    message: (p: { name: string }) => `there is no interface ${quoted(p.name)}`,
  },
} as const satisfies Definitions;
