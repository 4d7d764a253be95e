import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAddress, judgeAddressRange, printAddressRange } from '../../grammar/values/address.ts';
import { judgeIpv4, lengthOfMask, printIpv4 } from '../../grammar/values/ipv4.ts';
import { judgeIpv6, printIpv6 } from '../../grammar/values/ipv6.ts';

function problemOf(text: string) {
  const judged = judgeAddress(text);
  if (judged.ok) throw new Error(`${text} was accepted`);
  const { kind, start, end, fixes } = judged.problem;
  return { kind, at: text.slice(start, end), fixes: fixes.map((fix) => fix.text) };
}

const TRICKY = fc.array(
  fc.oneof(
    fc.constantFrom(':', '::', '.', '0', '00', 'ffff', 'fe80', '1', '255', '256', '10', '01', 'g', '%', '12345'),
    fc.nat(70000).map((n) => n.toString(16)),
  ),
  { maxLength: 16 },
);

describe('addresses', () => {
  it('accepts exactly what node:net accepts, zones apart', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          TRICKY.map((parts) => parts.join('')),
          TRICKY.map((parts) => parts.join(':')),
          fc.ipV4(),
          fc.ipV6(),
        ),
        (text) => {
          fc.pre(!text.includes('%'));
          expect(judgeIpv4(text).ok, text).toBe(isIP(text) === 4);
          expect(judgeIpv6(text).ok, text).toBe(isIP(text) === 6);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('prints what it reads, as the URL parser does', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n - 1n), fc.array(fc.nat(7), { maxLength: 8 }), (start, zeros) => {
        const address = zeros.reduce((value, group) => value & ~(0xffffn << BigInt(group * 16)), start);
        const printed = printIpv6(address);
        expect(judgeIpv6(printed)).toEqual({ ok: true, value: address });
        if (!printed.includes('.')) expect(new URL(`http://[${printed}]`).hostname).toBe(`[${printed}]`);
      }),
    );
    expect(printIpv6(0n)).toBe('::');
    expect(printIpv6(1n)).toBe('::1');
    expect(printIpv6(0x20010db8000000010001000100010001n)).toBe('2001:db8:0:1:1:1:1:1');
    expect(printIpv6(0xffff0a000001n)).toBe('::ffff:10.0.0.1');
    expect(printIpv4(0xc0000201)).toBe('192.0.2.1');
  });

  it('a prefix covers what a BlockList says it covers', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), fc.ipV4(), (text, length, other) => {
        const address = judgeIpv4(text);
        if (!address.ok) return;
        const size = 2 ** (32 - length);
        const network = printIpv4(Math.floor(address.value / size) * size);
        const judged = judgeAddress(`${network}/${length}`);
        const list = new BlockList();
        list.addSubnet(network, length, 'ipv4');
        const probe = judgeIpv4(other);
        if (!judged.ok || judged.value.family !== 4 || !probe.ok) throw new Error('not accepted');
        expect(judged.value.first <= probe.value && probe.value <= judged.value.last).toBe(list.check(other, 'ipv4'));
        expect(printAddressRange(judged.value)).toBe(length === 32 ? network : `${network}/${length}`);
      }),
    );
  });

  it('an IPv6 prefix covers what a BlockList says it covers', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n - 1n), fc.integer({ min: 1, max: 128 }), fc.nat(127), (start, length, flip) => {
        const host = BigInt(128 - length);
        const network = (start >> host) << host;
        const judged = judgeAddress(`${printIpv6(network)}/${length}`);
        const probe = start ^ (1n << BigInt(flip));
        const list = new BlockList();
        list.addSubnet(printIpv6(network), length, 'ipv6');
        if (!judged.ok || judged.value.family !== 6) throw new Error('not accepted');
        expect(judged.value.first <= probe && probe <= judged.value.last).toBe(list.check(printIpv6(probe), 'ipv6'));
      }),
    );
  });

  it('points at what is wrong and mends it', () => {
    const cases: readonly (readonly [string, string, string, readonly string[]])[] = [
      ['10.1.2.3/8', 'host-bits', '10.1.2.3', ['10.0.0.0/8', '10.1.2.3/32']],
      ['fe80::1/64', 'host-bits', 'fe80::1', ['fe80::/64', 'fe80::1/128']],
      ['10.0.010.1', 'leading-zero', '010', ['10.0.10.1']],
      ['010.01.0.1', 'leading-zero', '010', ['10.1.0.1']],
      ['192.168.001.0/24', 'leading-zero', '001', ['192.168.1.0/24']],
      ['10.0.0.0/08', 'leading-zero', '08', ['10.0.0.0/8']],
      ['10.1/16', 'short-address', '10.1', ['10.1.0.0/16']],
      ['10/8', 'short-address', '10', ['10.0.0.0/8']],
      ['10.1/8', 'short-address', '10.1', ['10.0.0.0/8']],
      ['10.1/24', 'short-address', '10.1', []],
      ['10.0.0.0/255.0.0.0', 'netmask', '255.0.0.0', ['10.0.0.0/8']],
      ['10.1.2.3/255.0.0.0', 'netmask', '255.0.0.0', ['10.0.0.0/8']],
      ['10.0.0.0/0.255.255.255', 'netmask', '0.255.255.255', ['10.0.0.0/8']],
      ['10.0.0.0/255.0.255.0', 'netmask', '255.0.255.0', []],
      ['10.0.0.0/33', 'prefix-length', '33', []],
      ['fd00::/129', 'prefix-length', '129', []],
      ['10.0.0.256', 'not-an-address', '256', []],
      ['10.0.0.0.1', 'not-an-address', '10.0.0.0.1', []],
      ['10.0.0.1:80', 'endpoint', ':80', []],
      ['[fd00::1]:80', 'endpoint', ':80', []],
      ['fe80::1%eth0', 'zone', '%eth0', []],
      ['fe80:1', 'not-an-address', 'fe80:1', []],
      ['1::2::3', 'not-an-address', '::', []],
      ['fe80::12345', 'not-an-address', '12345', []],
      ['::1.2.3', 'short-address', '1.2.3', []],
      ['localhost', 'not-an-address', 'localhost', []],
      ['1'.repeat(2_000_000), 'not-an-address', '1'.repeat(2_000_000), []],
    ];
    for (const [text, kind, at, fixes] of cases) {
      expect(problemOf(text), text.slice(0, 40)).toEqual({ kind, at, fixes });
      for (const fix of fixes) expect(judgeAddress(fix).ok, fix).toBe(true);
    }
  });

  it('ranges run forwards in one family', () => {
    expect(judgeAddressRange('10.0.0.1', '10.0.0.9')).toEqual({
      ok: true,
      value: { family: 4, first: 0x0a000001, last: 0x0a000009 },
    });
    const kinds = (first: string, last: string) => {
      const judged = judgeAddressRange(first, last);
      return judged.ok ? null : [judged.problem.kind, judged.problem.fixes.map((fix) => fix.text)];
    };
    expect(kinds('10.0.0.9', '10.0.0.1')).toEqual(['backwards', ['10.0.0.1-10.0.0.9']]);
    expect(kinds('10.0.0.9', 'fd00::1')).toEqual(['mixed-families', []]);
    expect(kinds('10.0.0.0/24', '10.0.1.0')).toEqual(['prefix-length', []]);
    expect(kinds('10.0.0.1', '10.0.0.09')).toEqual(['leading-zero', ['10.0.0.1-10.0.0.9']]);
    expect(kinds('fd00::1', 'fd00::ffff')).toBeNull();
  });

  it('knows netmasks of every length, both ways round', () => {
    expect(lengthOfMask(0)).toBe(0);
    expect(lengthOfMask(0xffffffff)).toBe(32);
    expect(lengthOfMask(0xfffff000)).toBe(20);
    expect(lengthOfMask(0x00000fff)).toBe(20);
    expect(lengthOfMask(0xff00ff00)).toBeNull();
  });
});
