import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sampleTrace } from '../../cli/bench/sample-trace.ts';
import { analyse } from '../../compiler/index.ts';
import { createInterpreter } from '../../compiler/interpret.ts';

const RULES = `a: match tcp dport 22 src 10.0.0.0/8 -> drop
b: match icmp6 icmp.type echo-request -> drop
c: match vlan 5 udp sport 100-200 -> drop
d: match flags SYN,!ACK -> drop
e: match payload contains "needle" -> drop
f: match inner( tcp dport 80 ) -> drop
g: match ip6 dst 2001:db8::/32 proto udp -> drop
`;

describe('packets made from rules', () => {
  it('are decided by every rule, and by none', () => {
    const { program } = analyse({ name: 'x.rules', text: RULES }, { hook: null });
    const { frames, unmet } = sampleTrace(program, true);
    const decide = createInterpreter(program);
    const decided = new Set(frames.map((frame) => decide(frame).rules.at(-1) ?? -1));
    expect([...decided].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2, 3, 4, 5, 6]);
    expect(unmet).toBe(0);
    expect(frames.length).toBe(8192);
  });

  it('say for how many rules there are none', () => {
    const { program } = analyse({ name: 'x.rules', text: 'a: match tcp -> drop' }, { hook: null });
    const [rule] = program.rules;
    expect(rule).toBeDefined();
    const { tried, unmet } = sampleTrace({ ...program, rules: [{ ...rule!, condition: { kind: 'or', of: [] } }] }, true);
    expect([tried, unmet]).toEqual([1, 1]);
  });

  it('are found for the rules of an example', () => {
    const text = readFileSync(new URL('../../examples/syn-watch.rules', import.meta.url), 'utf8');
    const { program } = analyse({ name: 'x.rules', text }, { hook: 'xdp' });
    expect(sampleTrace(program, true).unmet).toBe(0);
  });
});
