import { describe, expect, test } from 'vitest';
import { bitsOf } from '../../runtime/interface-map.ts';
import { expandPatterns, interfaceNames, matchesPattern } from '../../runtime/interfaces.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import { testFrame } from '../../runtime/test-frame.ts';
import { outcomeOf } from '../../runtime/test-run.ts';

describe('patterns of interface names', () => {
  test.each([
    ['eth0', 'eth0', true],
    ['eth0', 'eth01', false],
    ['eth*', 'eth', true],
    ['eth*', 'eth0.100', true],
    ['eth*', 'xeth', false],
    ['*', 'anything', true],
    ['*.100', 'eth0.100', true],
    ['*.100', 'eth0x100', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXcYb', false],
    ['a*bc*c', 'abc', false],
    ['**', '', true],
    ['e?h0', 'eth0', false],
    ['e?h0', 'e?h0', true],
    ['ETH*', 'eth0', false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });

  test('are a bit each', () => {
    const patterns = ['eth0', 'eth*', '*', 'wlan*', ...Array.from({ length: 59 }, (_, index) => `x${index}`), 'e*0'];
    expect(bitsOf('eth0', patterns)).toBe(0b111n | (1n << 63n));
    expect(bitsOf('wlan1', patterns)).toBe(0b1100n);
  });

  test('are expanded over what there is; a name stays as it is, each counts once', () => {
    expect(expandPatterns(['*'])).toEqual(interfaceNames());
    expect(expandPatterns(['nowhere0', 'lo', 'l*', 'nowhere0'])).toEqual(expect.arrayContaining(['nowhere0', 'lo']));
    expect(expandPatterns(['nowhere0', 'lo', 'nowhere0'])).toEqual(['nowhere0', 'lo']);
    try {
      expandPatterns(['lo', 'zz*zz']);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RuntimeError);
      expect(error).toMatchObject({ code: 'PKT6031', help: expect.stringContaining('lo') });
    }
  });
});

describe('frames for test runs', () => {
  const ip = [...new Array<number>(12).fill(1), 0x08, 0x00, 0x45, 9, 9];
  const tagged = [...new Array<number>(12).fill(1), 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd, 0x60, 9];

  test('as they are, where the kernel takes nothing off', () => {
    for (const at of ['xdp', 'tc ingress', 'tc egress'] as const)
      expect([...testFrame(at, Uint8Array.from(tagged))]).toEqual(tagged);
  });

  test('behind a header that the kernel takes off, for a socket', () => {
    expect([...testFrame('socket', Uint8Array.from(tagged))].slice(14)).toEqual(tagged);
  });

  test('without tags for a control group, which gets IP alone', () => {
    expect([...testFrame('cgroup egress', Uint8Array.from(ip))]).toEqual(ip);
    expect([...testFrame('cgroup egress', Uint8Array.from(tagged))]).toEqual([
      ...new Array<number>(12).fill(1),
      0x86,
      0xdd,
      0x60,
      9,
    ]);
    const arp = [...ip.slice(0, 12), 0x08, 0x06, 0];
    for (const bytes of [arp, ip.slice(0, 13), [], tagged.slice(0, 19)]) {
      expect(() => testFrame('cgroup egress', Uint8Array.from(bytes))).toThrow(/only IPv4 and IPv6/);
    }
  });
});

test('return values have a meaning at each hook', () => {
  expect([1, 2, 3, 4, 0].map((value) => outcomeOf('xdp', value))).toEqual(['drop', 'pass', 'transmit', 'redirect', null]);
  expect([0xffff_ffff, 2, 7, 3].map((value) => outcomeOf('tc egress', value))).toEqual(['pass', 'drop', 'redirect', null]);
  expect([0, 1, 65_535].map((value) => outcomeOf('socket', value))).toEqual(['drop', 'pass', 'pass']);
  expect([0, 1, 2].map((value) => outcomeOf('cgroup ingress', value))).toEqual(['drop', 'pass', null]);
});
