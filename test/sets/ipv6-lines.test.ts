import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScanner6 } from '../../compiler/2-resolve/ipv6-lines.ts';
import type { BigRange } from '../../compiler/2-resolve/program.ts';
import { createWidePairs } from '../../compiler/2-resolve/wide-pairs.ts';
import { judgeAddress } from '../../grammar/values/address.ts';
import { printIpv6 } from '../../grammar/values/ipv6.ts';
import { merged } from '../../grammar/values/ranges.ts';

/** What the scanner takes a line for; null: not its business. */
function scanned(text: string): BigRange | null {
  const bounds = new Uint32Array(8);
  const line = `x\n${text}\ny`;
  if (!createScanner6(line, bounds)(2, 2 + text.length)) return null;
  const big = (at: number) => bounds.subarray(at, at + 4).reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return [big(0), big(4)];
}

function judged(text: string): BigRange | null {
  const result = judgeAddress(text);
  return result.ok && result.value.family === 6 ? [result.value.first, result.value.last] : null;
}

const LAST = 2n ** 128n - 1n;
const address = fc.oneof(fc.bigInt({ min: 0n, max: LAST }), fc.bigInt({ min: 0n, max: 2n ** 32n }), fc.constantFrom(0n, LAST));

describe('lines of IPv6 addresses', () => {
  it('are read as the slow reader reads them, in every way of writing', () => {
    for (const text of [
      '::',
      '::1',
      '1::',
      '1::/16',
      '1:2:3:4:5:6:7:8',
      '1:2:3:4:5:6:7::',
      '::2:3:4:5:6:7:8',
      'FFff::0/128',
      '::/0',
    ]) {
      expect([text, scanned(text)]).toEqual([text, judged(text)]);
      expect(scanned(text), text).not.toBeNull();
    }
    expect(scanned('2001:db8::/32 \t# x')).toEqual(judged('2001:db8::/32'));
  });

  it('are left to the slow reader when they are wrong, or something else', () => {
    const others = [
      '',
      ':',
      ':1',
      '1:',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '12345::',
      'g::',
    ];
    for (const text of [
      ...others,
      '::1/',
      '::1/64',
      '::/129',
      '::/01',
      '::ffff:1.2.3.4',
      '::1%eth0',
      '::1-::2',
      '::1 ::2',
      ':::',
      '1:::2',
    ]) {
      expect([text, scanned(text)]).toEqual([text, null]);
    }
  });

  it('never differ from what the slow reader says of random text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'01af::::/9'), maxLength: 24 }), (text) => {
        const fast = scanned(text);
        if (fast !== null) expect(fast).toEqual(judged(text));
      }),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 128 }), (value, length) => {
        const host = (1n << BigInt(128 - length)) - 1n;
        const first = value & ~host & LAST;
        const text = `${printIpv6(first)}/${length}`;
        const fast = scanned(text);
        // Mapped addresses are printed with dots.
        if (!text.includes('.')) expect(fast).toEqual([first, first | host]);
      }),
    );
  });

  it('come together as ranges do anywhere', () => {
    const range = fc.tuple(address, fc.oneof(fc.bigInt({ min: 0n, max: 40n }), fc.bigInt({ min: 0n, max: 2n ** 100n })));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 80 }), (drawn) => {
        const ranges = drawn.map(([first, size]): BigRange => [first, first + size > LAST ? LAST : first + size]);
        const pairs = createWidePairs();
        for (const one of ranges) pairs.addBig(one);
        expect(pairs.count()).toBe(ranges.length);
        expect([...pairs.merged()]).toEqual(merged(ranges));
      }),
      { numRuns: 500 },
    );
  });
});
