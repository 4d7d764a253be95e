import { describe, expect, test } from 'vitest';
import type { BytePattern, Expression, Predicate, Program, Rule, RuleActions } from '../../compiler/2-resolve/program.ts';
import { createInterpreter, type PacketAbout } from '../../compiler/interpret.ts';
import { address, concat, ethernet, frameOf, icmp, integer, ipv4, ipv6, option, tcp, udp } from '../packets/build-packet.ts';

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

describe('masked addresses', () => {
  const masked = (family: 4 | 6, mask: bigint, value: bigint, negated = false): Predicate => ({
    kind: 'masked',
    field: 'src',
    family,
    mask,
    value,
    negated,
    span,
  });

  test('only the bits of the mask count, in its own family', () => {
    expect(matches(masked(4, 0xff00ff00n, 0x0a000200n), overTcp)).toBe(true);
    expect(matches(masked(4, 0xff00ff00n, 0x0a000300n), overTcp)).toBe(false);
    expect(matches(masked(6, (0xffn << 120n) | 0xffn, (0xfdn << 120n) | 9n), overUdp6)).toBe(true);
    expect(matches(masked(6, (0xffn << 120n) | 0xffn, (0xfdn << 120n) | 8n), overUdp6)).toBe(false);
    expect(matches(masked(4, 0n, 0n), overUdp6)).toBe(false);
    expect(matches(masked(6, 0n, 0n), overTcp)).toBe(false);
  });

  test('!=: every other address, of either family, if there is one', () => {
    expect(matches(masked(4, 0xff00ff00n, 0x0a000200n, true), overTcp)).toBe(false);
    expect(matches(masked(4, 0xff00ff00n, 0x0a000300n, true), overTcp)).toBe(true);
    expect(matches(masked(4, 0xff00ff00n, 0x0a000200n, true), overUdp6)).toBe(true);
    expect(matches(masked(4, 0xff00ff00n, 0x0a000200n, true), arpRequest)).toBe(false);
  });
});

test('kinds', () => {
  const options = concat(integer(1, 1), option(2, integer(1460, 2)), option(3, integer(7, 1)));
  const withOptions = frameOf(ipv4({ proto: 6 }, tcp({ options })));
  const kinds = (negated: boolean, ...list: readonly number[]): Predicate => ({
    kind: 'kinds',
    field: 'tcp.option',
    kinds: list,
    negated,
    span,
  });
  expect(matches(kinds(false, 2), withOptions)).toBe(true);
  expect(matches(kinds(false, 8, 3), withOptions)).toBe(true);
  expect(matches(kinds(false, 0, 8), withOptions)).toBe(false);
  expect(matches(kinds(true, 8), withOptions)).toBe(true);
  expect(matches(kinds(true, 8, 3), withOptions)).toBe(false);
  expect(matches({ kind: 'present', field: 'tcp.option', span }, withOptions)).toBe(true);
  for (const negated of [false, true]) {
    expect(matches(kinds(negated, 2), overTcp)).toBe(false);
  }
});

describe('text', () => {
  const pattern = (text: string, nocase = false): BytePattern => ({ bytes: [...Buffer.from(text, 'latin1')], nocase });
  const contains = (within: number, ...patterns: readonly BytePattern[]): Predicate => ({
    kind: 'contains',
    field: 'payload',
    patterns,
    within,
    span,
  });
  const saying = (text: string): Uint8Array => frameOf(ipv4({ proto: 6 }, tcp({}, Buffer.from(text, 'latin1'))));

  test('anywhere, whole', () => {
    for (const text of ['attack', 'an attack', 'attacks', 'atattack', '\0attack\xff']) {
      expect(matches(contains(16_384, pattern('attack')), saying(text)), text).toBe(true);
    }
    for (const text of ['', 'attac', 'at tack', 'Attack', 'ttack']) {
      expect(matches(contains(16_384, pattern('attack')), saying(text)), text).toBe(false);
    }
  });

  test('one of several patterns', () => {
    const either = contains(16_384, pattern('abc'), pattern('xyz'));
    expect(matches(either, saying('--xyz'))).toBe(true);
    expect(matches(either, saying('--ab-yz'))).toBe(false);
  });

  test('nocase is about ASCII letters alone', () => {
    const nocase = contains(16_384, pattern('get [\xe4]', true));
    expect(matches(nocase, saying('GeT [\xe4]'))).toBe(true);
    expect(matches(nocase, saying('get {\xe4}'))).toBe(false);
    expect(matches(nocase, saying('get [\xc4]'))).toBe(false);
    expect(matches(contains(16_384, pattern('@`', true)), saying('`@'))).toBe(false);
  });

  test('all of it within the bound', () => {
    expect(matches(contains(8, pattern('xyz')), saying('12345xyz'))).toBe(true);
    expect(matches(contains(7, pattern('xyz')), saying('12345xyz'))).toBe(false);
    expect(matches(contains(8, pattern('xyz')), saying('123456xyz'))).toBe(false);
  });

  test('up to the end of the datagram, not of the frame', () => {
    const frame = concat(saying('12345xy'), Buffer.from('z'));
    expect(matches(contains(16_384, pattern('xyz')), frame)).toBe(false);
  });

  test('no payload contains nothing, and an empty one neither', () => {
    expect(matches(contains(16_384, pattern('a')), arpRequest)).toBe(false);
    expect(matches(contains(16_384, pattern('a')), overTcp)).toBe(false);
    expect(matches({ kind: 'present', field: 'payload', span }, overTcp)).toBe(true);
    expect(matches({ kind: 'present', field: 'payload', span }, arpRequest)).toBe(false);
  });
});

describe('what comes with a packet', () => {
  const decide = (condition: Expression, about?: PacketAbout): boolean =>
    createInterpreter(program([[condition, {}]]))(overTcp, about).rules.length === 1;
  const iface = (negated: boolean, ...names: readonly string[]): Predicate => ({
    kind: 'interface',
    field: 'iface',
    names,
    negated,
    span,
  });

  test.each([
    ['eth0', 'eth0', true],
    ['eth0', 'eth00', false],
    ['eth0', 'Eth0', false],
    ['veth*', 'veth', true],
    ['veth*', 'vethabc', true],
    ['veth*', 'xveth', false],
    ['*', 'anything', true],
    ['*.100', 'eth0.100', true],
    ['*.100', 'eth0x100', false],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'a-bb-c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['**', '', true],
    ['a*a*a', 'aa', false],
  ])('%s and %s', (pattern, name, expected) => {
    expect(decide(iface(false, pattern), { iface: name })).toBe(expected);
    expect(decide(iface(true, pattern), { iface: name })).toBe(!expected);
    expect(decide(iface(false, 'other', pattern), { iface: name })).toBe(expected);
  });

  test('an interface that nobody knows is absent', () => {
    for (const about of [undefined, {}, { iface: null }]) {
      expect(decide(iface(false, '*'), about)).toBe(false);
      expect(decide(iface(true, 'x'), about)).toBe(false);
    }
  });

  test('the mark, 0 unless said', () => {
    expect(decide(inRange('mark', 0))).toBe(true);
    expect(decide(inRange('mark', 0xffffffff), { mark: 0xffffffff })).toBe(true);
  });

  test('the direction, where a hook sees both', () => {
    const leaves = (hook: Program['hook'], about?: PacketAbout): boolean =>
      createInterpreter({ ...program([[inRange('direction', 1), {}]]), hook })(overTcp, about).rules.length === 1;
    expect(leaves('tc', { direction: 'egress' })).toBe(true);
    expect(leaves('tc')).toBe(false);
    expect(leaves('cgroup', { direction: 'egress' })).toBe(true);
    expect(leaves('tc egress')).toBe(true);
    expect(leaves('socket')).toBe(false);
  });

  test('mark is no verdict, and is not seen by later rules', () => {
    const run = createInterpreter(
      program([
        [ANY, { mark: 7 }],
        [inRange('mark', 7), { verdict: 'drop' }],
      ]),
    );
    expect(run(overTcp)).toEqual({ verdict: 'pass', rules: [0] });
    expect(run(overTcp, { mark: 7 })).toEqual({ verdict: 'drop', rules: [0, 1] });
  });
});

test.each(['pass', 'drop', 'reject', 'redirect', 'audit'] as const)('%s ends the evaluation', (verdict) => {
  const run = createInterpreter(
    program([
      [ANY, { verdict }],
      [ANY, { verdict: 'pass' }],
    ]),
  );
  expect(run(overTcp)).toEqual({ verdict, rules: [0] });
  expect(createInterpreter({ ...program([]), defaultVerdict: verdict })(overTcp)).toEqual({ verdict, rules: [] });
});

describe('inner', () => {
  const inner = (of: Expression): Expression => ({ kind: 'inner', of, span });
  const tunnelled = frameOf(ipv4({ proto: 41, src: address('10.9.9.9') }, overUdp6.subarray(14)));

  test('holds for the packet in the tunnel', () => {
    expect(matches(inner(inRange('dport', 5353)), tunnelled)).toBe(true);
    expect(matches(inRange('dport', 5353), tunnelled)).toBe(false);
    expect(matches(inner(inRange('dport', 22)), tunnelled)).toBe(false);
    expect(matches({ kind: 'and', of: [inner(ANY), inRange('proto', 41)] }, tunnelled)).toBe(true);
  });

  test('is false for what is no tunnel, not inside included', () => {
    for (const frame of [overUdp6, overTcp, arpRequest]) {
      expect(matches(inner(ANY), frame)).toBe(false);
      expect(matches(inner(not(inRange('dport', 1))), frame)).toBe(false);
      expect(matches(not(inner(inRange('dport', 5353))), frame)).toBe(true);
    }
    expect(matches(inner(not(inRange('dport', 1))), tunnelled)).toBe(true);
  });

  test('interface, mark and direction are those of the outer packet', () => {
    const about = { iface: 'eth0', mark: 3 };
    const all: Expression = {
      kind: 'and',
      of: [
        { kind: 'interface', field: 'iface', names: ['eth0'], negated: false, span },
        inRange('mark', 3),
        inRange('direction', 1),
      ],
    };
    const run = createInterpreter({ ...program([[inner(all), {}]]), hook: 'tc egress' });
    expect(run(tunnelled, about).rules).toEqual([0]);
    expect(run(overTcp, about).rules).toEqual([]);
  });
});
