import { type Definitions, quoted } from '../definition.ts';

/** The value right behind an action: `redirect eth0`, `mark 7`, `audit drop`. */
export const ACTION_ARGUMENTS = {
  PKT2070: {
    title: 'action without its value',
    severity: 'error',
    message: (p: { action: string; takes: string }) => `\`${p.action}\` takes ${p.takes}`,
  },
  PKT2071: {
    title: 'pattern where one interface belongs',
    severity: 'error',
    message: (p: { action: string; pattern: string }) => `\`${p.action}\` cannot choose among ${quoted(p.pattern)}`,
  },
  PKT2072: {
    title: 'rehearsal of something else than a drop',
    severity: 'error',
    message: (p: { action: string; given: string }) => `\`${p.action}\` cannot rehearse ${quoted(p.given)}`,
  },
} as const satisfies Definitions;
