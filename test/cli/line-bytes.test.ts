/** Numbers and addresses as bytes, against the same as text. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineBytes, isMappedIpv4, type LineBytes } from '../../cli/events/line-bytes.ts';
import { ipv4Text, ipv6Text } from '../../runtime/address-text.ts';

const line = createLineBytes(128);

/** What was put at a place in the middle, behind which anything may be. */
function put(work: (line: LineBytes, at: number) => number): string {
  line.bytes.fill(0xff);
  const end = work(line, 16);
  expect(line.bytes[15]).toBe(0xff);
  return Buffer.from(line.bytes.subarray(16, end)).toString('latin1');
}

test('every number below 2^32, and every octet', () => {
  const edges = [0, 9, 10, 99, 100, 999, 1000, 1001, 999_999, 1_000_000, 1_000_001, 2 ** 31, 2 ** 32 - 1];
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...edges), fc.nat(70_000), fc.nat(2 ** 32 - 1)), (value) => {
      expect(put(({ putLargeNumber }, at) => putLargeNumber(at, value))).toBe(String(value));
      expect(put(({ putNumber }, at) => putNumber(at, value % 1_000_000))).toBe(String(value % 1_000_000));
      const octets = Uint8Array.from([value, value >>> 8, value >>> 16, value >>> 24]);
      expect(put(({ putIpv4 }, at) => putIpv4(at, value))).toBe(ipv4Text(octets, 0));
    }),
    { examples: edges.map((edge) => [edge]), numRuns: 1000 },
  );
});

test('nanoseconds, and the byte behind them', () => {
  fc.assert(
    fc.property(fc.nat(999_999_999), (value) => {
      line.putNanosecond(5, value, 0x5a);
      expect(Buffer.from(line.bytes.subarray(5, 15)).toString()).toBe(`${String(value).padStart(9, '0')}Z`);
    }),
    { examples: [[0], [999_999_999]] },
  );
});

test('IPv6 addresses with zeros anywhere, as the text has them', () => {
  const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(0x1f), fc.nat(0xffff), fc.constant(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const address = new Uint8Array(20);
      for (const [index, value] of groups.entries()) address.set([value >> 8, value], 3 + 2 * index);
      const text = ipv6Text(address, 3);
      expect(isMappedIpv4(address, 3)).toBe(text.startsWith('::ffff:') && text.includes('.'));
      if (!isMappedIpv4(address, 3)) expect(put(({ putIpv6 }, at) => putIpv6(at, address, 3))).toBe(text);
    }),
    { examples: [[[0, 0, 0, 0, 0, 0, 0, 0]], [[1, 0, 0, 2, 0, 0, 0, 3]], [[0, 0, 0, 0, 0, 0xffff, 1, 2]]], numRuns: 3000 },
  );
});
