import { isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4Text, ipv6Text } from '../../runtime/address-text.ts';

/** inet_ntop of the C library, by way of Node. */
function oracle(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

describe('address text', () => {
  test('IPv4', () => {
    expect(ipv4Text(Uint8Array.of(9, 10, 0, 255, 1), 1)).toBe('10.0.255.1');
  });

  test.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['00000000000000000000ffff0a000001', '::ffff:10.0.0.1'],
  ])('IPv6 %s is %s', (hex, text) => {
    expect(ipv6Text(Buffer.from(`ff${hex}`, 'hex'), 1)).toBe(text);
  });

  test('IPv6 agrees with inet_ntop', () => {
    const octet = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(255));
    const address = fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .chain(() => fc.array(octet, { minLength: 16, maxLength: 16 }));
    fc.assert(
      fc.property(address, (octets) => {
        const bytes = Uint8Array.from(octets);
        const text = ipv6Text(bytes, 0);
        expect(isIPv6(text)).toBe(true);
        // inet_ntop also dots the long deprecated IPv4-compatible addresses, ::a.b.c.d; RFC 5952 does not ask for it.
        const compatible = bytes.subarray(0, 12).every((byte) => byte === 0);
        if (!compatible) expect(text).toBe(oracle(bytes));
      }),
      { numRuns: 5000, seed: 1 },
    );
  });
});
