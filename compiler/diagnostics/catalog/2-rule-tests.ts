import { type Definitions, quoted } from '../definition.ts';

/** Tests in rule files. */
export const RULE_TESTS = {
  PKT2090: {
    title: 'unknown packet',
    severity: 'error',
    message: (p: { protocol: string }) => `a test cannot build a ${quoted(p.protocol)} packet`,
  },
  PKT2091: {
    title: 'unknown setting',
    severity: 'error',
    message: (p: { setting: string }) => `${quoted(p.setting)} is not a setting of a test packet`,
  },
  PKT2092: {
    title: 'setting does not fit',
    severity: 'error',
    message: (p: { setting: string; protocol: string }) => `\`${p.setting}\` does not fit this \`${p.protocol}\` packet`,
  },
  PKT2093: {
    title: 'setting with another value',
    severity: 'error',
    message: (p: { setting: string; takes: string }) => `\`${p.setting}\` of a test packet takes ${p.takes}`,
  },
  PKT2094: {
    title: 'wrong ends',
    severity: 'error',
    message: (p: { protocol: string }) => `wrong ends for a packet of the protocol \`${p.protocol}\``,
  },
  PKT2095: {
    title: 'expectation without a verdict',
    severity: 'error',
    message: (p: { word: string }) => `a packet cannot be expected to ${quoted(p.word)}`,
  },
  PKT2096: {
    title: 'unknown rule',
    severity: 'error',
    message: (p: { label: string }) => `there is no rule ${quoted(p.label)}`,
  },
  PKT2097: {
    title: "another verdict than the rule's",
    severity: 'error',
    message: (p: { label: string; own: string; verdict: string }) => `the rule ${quoted(p.label)} never says \`${p.verdict}\``,
  },
  PKT2098: {
    title: 'number of packets behind one',
    severity: 'error',
    message: () => 'only a `capture` is expected to have a number of packets',
  },
  PKT2099: {
    title: 'packet that cannot be',
    severity: 'error',
    message: () => 'what the test asks for does not fit into a packet',
  },
} as const satisfies Definitions;
