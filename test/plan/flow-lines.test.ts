/** How many flows of each family a program remembers: by what its rules are about. */
import { expect, test } from 'vitest';
import { analyse } from '../../compiler/index.ts';

const rules = (count: number, condition: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => `match ${condition(at)} -> drop`);
const ports = (count: number) => rules(count, (at) => `dport ${at}`);

test.each<[string, readonly string[], { readonly ipv4: number; readonly ipv6: number }]>([
  ['few addresses of IPv4', rules(20, (at) => `src 10.0.${at}.0/24`), { ipv4: 2048, ipv6: 0 }],
  ['addresses of IPv4', rules(40, (at) => `src 10.0.${at}.0/24`), { ipv4: 16_384, ipv6: 0 }],
  ['addresses of IPv6', rules(40, (at) => `src fd00:${at}::/32`), { ipv4: 0, ipv6: 16_384 }],
  [
    'addresses of both',
    rules(80, (at) => (at % 2 ? `src 10.0.${at}.0/24` : `dst fd00:${at}::/32`)),
    { ipv4: 16_384, ipv6: 16_384 },
  ],
  // Lines of IPv4 are those of all packets then.
  ['ports alone', ports(40), { ipv4: 16_384, ipv6: 0 }],
  ['ports, and an address of IPv4', [...ports(40), 'match src 10.0.0.1 -> drop'], { ipv4: 16_384, ipv6: 8192 }],
  ['many ports, and an address of IPv4', [...ports(300), 'match src 10.0.0.1 -> drop'], { ipv4: 16_384, ipv6: 16_384 }],
  ['ports, and an address of IPv6', [...ports(40), 'match src fd00::1 -> drop'], { ipv4: 16_384, ipv6: 16_384 }],
])('%s', (_, lines, expected) => {
  const { plan } = analyse(
    { name: 'x.rules', text: lines.join('\n') },
    { hook: 'xdp', planning: { classifier: 'tree', flowCache: true } },
  );
  expect(plan?.classifier).toMatchObject({ flowLines: expected });
});
