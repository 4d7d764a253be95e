import { describe, expect, test } from 'vitest';
import type { Expression, Predicate, Program, Rule, RuleActions } from '../../compiler/2-resolve/program.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { address, ethernet, frameOf, icmp, ipv4, ipv6, tcp, udp } from '../packets/build-packet.ts';

const span = { start: 0, end: 0 };
const NOTHING: RuleActions = { verdict: null, log: null, mark: null, redirect: null };
const ANY: Expression = { kind: 'and', of: [] };

function program(
  rules: readonly (readonly [Expression, Partial<RuleActions>])[],
  defaultVerdict: 'pass' | 'drop' = 'pass',
): Program {
  return {
    source: { name: 'test.rules', text: '' },
    hook: 'xdp',
    hookSpan: null,
    defaultVerdict,
    rules: rules.map(
      ([condition, actions], index): Rule => ({
        index,
        name: `r${index}`,
        label: null,
        identity: '0'.repeat(16),
        source: { name: 'test.rules', text: '' },
        span,
        line: index + 1,
        condition,
        actions: { ...NOTHING, ...actions },
      }),
    ),
  };
}

const matches = (condition: Expression, frame: Uint8Array): boolean =>
  createInterpreter(program([[condition, {}]]))(frame).rules.length === 1;

const inRange = (field: string, first: number, last = first): Predicate => ({
  kind: 'in',
  field,
  ranges: [[first, last]],
  span,
});
const not = (of: Expression): Expression => ({ kind: 'not', of });

const overTcp = frameOf(ipv4({ proto: 6, src: address('10.1.2.3') }, tcp({ sport: 4000, dport: 22, flags: 0x12 })));
const overUdp6 = frameOf(ipv6({ next: 17, src: address('fd00::9') }, udp({ sport: 53, dport: 5353 })));
const arpRequest = ethernet({ type: 0x0806 }, new Uint8Array(28));

describe('evaluation', () => {
  test('rules run top to bottom, the first verdict ends it', () => {
    const run = createInterpreter(
      program([
        [inRange('dport', 22), {}],
        [inRange('dport', 23), { verdict: 'drop' }],
        [inRange('proto', 6), { log: { sample: 1, payload: 0 } }],
        [inRange('sport', 4000), { verdict: 'drop' }],
        [ANY, { verdict: 'pass' }],
      ]),
    );
    expect(run(overTcp)).toEqual({ verdict: 'drop', rules: [0, 2, 3] });
    expect(run(overUdp6)).toEqual({ verdict: 'pass', rules: [4] });
  });

  test('past the last rule the default holds', () => {
    expect(createInterpreter(program([[inRange('dport', 22), {}]], 'drop'))(overTcp)).toEqual({ verdict: 'drop', rules: [0] });
    expect(createInterpreter(program([]))(overTcp)).toEqual({ verdict: 'pass', rules: [] });
  });

  test('and, or, not', () => {
    expect(matches({ kind: 'and', of: [] }, overTcp)).toBe(true);
    expect(matches({ kind: 'or', of: [] }, overTcp)).toBe(false);
    expect(matches({ kind: 'and', of: [inRange('dport', 22), inRange('sport', 1)] }, overTcp)).toBe(false);
    expect(matches({ kind: 'or', of: [inRange('dport', 1), inRange('sport', 4000)] }, overTcp)).toBe(true);
    expect(matches(not(not(inRange('dport', 22))), overTcp)).toBe(true);
  });
});

describe('comparisons', () => {
  test('a comparison on an absent field is false, and its negation true', () => {
    const absent: readonly Predicate[] = [
      { kind: 'in', field: 'dport', ranges: [[0, 65535]], span },
      { kind: 'bits', field: 'flags', mask: 0, value: 0, span },
      { kind: 'some', field: 'flags', mask: 255, span },
      { kind: 'present', field: 'vlan', span },
      { kind: 'address', field: 'src', v4: [[0, 2 ** 32 - 1]], v6: [[0n, (1n << 128n) - 1n]], span },
    ];
    for (const predicate of absent) {
      expect(matches(predicate, arpRequest), predicate.kind).toBe(false);
      expect(matches(not(predicate), arpRequest), predicate.kind).toBe(true);
    }
  });

  test('ranges include their ends', () => {
    const ranges = [
      [1, 1],
      [3, 5],
      [9, 20],
      [40, 41],
    ] as const;
    for (let port = 0; port < 50; port++) {
      const frame = frameOf(ipv4({ proto: 17 }, udp({ dport: port })));
      const within = ranges.some(([first, last]) => first <= port && port <= last);
      expect(matches({ kind: 'in', field: 'dport', ranges, span }, frame), `${port}`).toBe(within);
    }
  });

  test('an address counts in its own family', () => {
    const net: Predicate = { kind: 'address', field: 'src', v4: [[0x0a000000, 0x0affffff]], v6: [], span };
    expect(matches(net, overTcp)).toBe(true);
    expect(matches(net, overUdp6)).toBe(false);
    const ula: Predicate = { kind: 'address', field: 'src', v4: [], v6: [[0xfdn << 120n, (0xfen << 120n) - 1n]], span };
    expect(matches(ula, overTcp)).toBe(false);
    expect(matches(ula, overUdp6)).toBe(true);
    expect(matches({ kind: 'present', field: 'src', span }, overUdp6)).toBe(true);
  });

  test('bits', () => {
    const bits = (mask: number, value: number): boolean =>
      matches({ kind: 'bits', field: 'flags', mask, value, span }, overTcp);
    expect(bits(0x02, 0x02)).toBe(true);
    expect(bits(0x12, 0x02)).toBe(false);
    expect(bits(0xff, 0x12)).toBe(true);
    expect(bits(0x05, 0x00)).toBe(true);
    expect(matches({ kind: 'some', field: 'flags', mask: 0x14, span }, overTcp)).toBe(true);
    expect(matches({ kind: 'some', field: 'flags', mask: 0x05, span }, overTcp)).toBe(false);
  });

  test('bits of a field wider than 32', () => {
    const group = 0x010000000000;
    const multicast = ethernet({ type: 0x0806, dmac: Uint8Array.of(0x01, 0, 0x5e, 0, 0, 1) }, new Uint8Array(28));
    expect(matches({ kind: 'bits', field: 'dmac', mask: group, value: group, span }, multicast)).toBe(true);
    expect(matches({ kind: 'bits', field: 'dmac', mask: group, value: group, span }, arpRequest)).toBe(false);
    expect(matches({ kind: 'some', field: 'dmac', mask: group, span }, multicast)).toBe(true);
  });

  test('icmp names differ by family only through the rule', () => {
    const echo = frameOf(ipv4({ proto: 1 }, icmp({ type: 8 })));
    expect(matches(inRange('icmp.type', 8), echo)).toBe(true);
    expect(matches(inRange('icmp.type', 128), echo)).toBe(false);
  });

  test('a field that the table does not have is absent', () => {
    expect(matches({ kind: 'present', field: 'no-such-field', span }, overTcp)).toBe(false);
  });
});
