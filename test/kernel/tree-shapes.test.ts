/** Trees make a program for each shape of file: what clang lays out otherwise in one of them, the verifier may refuse. */
import { expect, test } from 'vitest';
import type { HookName } from '../../grammar/fields/field.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel } from './environment.ts';

const RULES = 60;

type Part = (rule: number, six: boolean) => string;
const PARTS = {
  src: (rule, six) => (six ? `src 2001:db8:${rule.toString(16)}::/48` : `src 10.${rule}.0.0/16`),
  dst: (rule, six) => (six ? `dst 2001:db9:${rule.toString(16)}::/48` : `dst 192.168.${rule}.0/24`),
  sport: (rule) => `sport ${1000 + rule}-${1010 + rule}`,
  dport: (rule) => `dport ${1 + rule}`,
  flags: () => 'flags SYN',
  vlan: (rule) => `vlan ${1 + rule}`,
  ttl: (rule) => `ttl ${rule}`,
} as const satisfies Record<string, Part>;

const SHAPES: readonly (readonly (keyof typeof PARTS)[])[] = [
  ['src'],
  ['dst', 'dport'],
  ['src', 'dst', 'dport'],
  ['src', 'dst', 'sport', 'dport'],
  ['src', 'dst', 'flags'],
  // Here nobody took what a function returned, and clang had left a pointer to the stack there.
  ['src', 'dst', 'dport', 'vlan'],
  ['dport', 'ttl'],
];
const FAMILIES = { IPv4: () => false, IPv6: () => true, both: (rule) => rule % 2 === 1 } as const satisfies Record<
  string,
  (rule: number) => boolean
>;

describeKernel('trees of any shape', () => {
  const cases = (['xdp', 'tc ingress'] as const).flatMap((hook) =>
    (Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]).map((family): [HookName, keyof typeof FAMILIES] => [hook, family]),
  );

  test.each(cases)('are programs that the verifier takes: %s, %s', async (hook, family) => {
    for (const shape of SHAPES) {
      const proto = shape.includes('flags') ? 'tcp' : 'udp';
      const rules = Array.from({ length: RULES }, (_, rule) => {
        const parts = shape.map((part) => PARTS[part](rule, FAMILIES[family](rule)));
        return `match ${proto} ${parts.join(' ')} -> drop`;
      });
      const artifact = await compileRules(rules.join('\n'), hook, { classifier: 'tree' });
      expect(() => loadArtifact(artifact, { offline: true }).close(), shape.join(', ')).not.toThrow();
    }
  });
});
