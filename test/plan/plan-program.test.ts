import { describe, expect, it } from 'vitest';
import { planProgram } from '../../compiler/4-plan/plan-program.ts';
import { analyse } from '../../compiler/index.ts';
import { targetFor } from '../../compiler/targets/target.ts';

const planned = (text: string) => analyse({ name: 'x.rules', text }, { hook: null });
const errors = (text: string) =>
  planned(text)
    .diagnostics.filter((one) => one.severity === 'error')
    .map((one) => one.code);
/** As a chain, whatever the planner would choose. */
const chained = (text: string) => {
  const { program } = planned(text);
  return planProgram(program, targetFor(program.hook), { classifier: 'chain' });
};
const chainErrors = (text: string) => chained(text).diagnostics.map((one) => one.code);
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** Prefixes that do not merge. */
const prefix = (index: number) => `10.${(index >> 7) & 255}.${(index & 127) * 2}.0/24`;

describe('plan', () => {
  it('reads no more of a packet than the rules ask for', () => {
    const { plan } = planned('match dmac broadcast -> count');
    expect(plan?.slots.map((slot) => slot.name)).toEqual(['dmac', 'len']);
    expect(plan?.depth).toBe('link');
    expect(plan?.events).toBeNull();
  });

  it('reads what an event carries when a rule logs', () => {
    const { plan } = planned('match arp -> log payload 64');
    expect(plan?.slots.map((slot) => slot.name)).toEqual(expect.arrayContaining(['src4', 'src6', 'sport', 'payload_off']));
    expect(plan?.events?.payloadBytes).toBe(64);
  });

  it('puts every rule into exactly one block', () => {
    const classifier = chained(lines(2000, (index) => `match src ${prefix(index)} tcp -> count`)).value?.classifier;
    const blocks = classifier?.name === 'chain' ? classifier.blocks : [];
    expect(blocks.length).toBeGreaterThan(1);
    expect(blocks[0]?.[0]).toBe(0);
    expect(blocks.at(-1)?.[1]).toBe(2000);
    blocks.slice(1).forEach(([first], index) => {
      expect(first).toBe(blocks[index]?.[1]);
    });
  });

  it('lets packets be noted ahead of their counters from 32,768 rules on, and never at a cgroup', () => {
    const notes = (count: number, hook = 'xdp') => {
      const rules = lines(count, (index) => `match src ${prefix(index % 16_384)} dport ${1 + (index >> 14)} -> drop`);
      const { plan } = planned(`hook ${hook}\n${rules}`);
      return plan?.classifier.name === 'tree' ? plan.classifier.tallies : null;
    };
    expect([notes(2000), notes(32_767), notes(32_768), notes(32_768, 'cgroup ingress')]).toEqual([false, false, true, false]);
  });

  it('refuses what one program cannot hold', () => {
    expect(chainErrors(lines(4096, (index) => `match len ${index * 2} -> count`))).toEqual([]);
    expect(chainErrors(lines(4097, (index) => `match len ${index * 2} -> count`))).toEqual(['PKT4002']);
    // A condition each that no box carries: neither a chain nor a tree.
    expect(errors(lines(4097, (index) => `match tcp.seq ${index * 65_537} -> count`))).toEqual(['PKT4002']);
    const alternatives = (count: number) => Array.from({ length: count }, (_, index) => `src ${prefix(index)}`).join(' or ');
    expect(errors(`match ${alternatives(100)} -> drop`)).toEqual([]);
    expect(errors(`match ${alternatives(800)} -> drop`)).toEqual(['PKT4004']);
    expect(chainErrors(lines(100, () => `match ${alternatives(300)} -> count`))).toEqual(['PKT4003']);
    const list = (count: number) => Array.from({ length: count }, (_, index) => prefix(index)).join(', ');
    expect(errors(`match src { ${list(5000)} } -> drop`)).toEqual([]);
  });
});
