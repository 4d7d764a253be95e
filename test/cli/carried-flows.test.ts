/** Which SSH flows come by where, and the packets that they are tried with. */
import { describe, expect, test } from 'vitest';
import { carriedFlows } from '../../cli/guard/carried-flows.ts';
import type { NetworkFacts } from '../../cli/guard/network-facts.ts';
import { sessionFrames } from '../../cli/guard/session-frames.ts';
import { dissect } from '../../compiler/interpret/dissect.ts';
import type { Link } from '../../runtime/rtnetlink.ts';
import type { SshFlow, SshFlows } from '../../runtime/ssh-flows.ts';

const link = (ifindex: number, ifname: string, more: Partial<Link> = {}): Link => ({
  ifindex,
  ifname,
  loopback: false,
  mac: Uint8Array.of(2, 0, 0, 0, 0, ifindex),
  master: null,
  lower: null,
  vlan: null,
  ...more,
});

/** A bridge over eth1, and two VLANs, one in the other, on eth2. */
const LINKS: readonly Link[] = [
  link(1, 'lo', { loopback: true }),
  link(2, 'eth0'),
  link(3, 'eth1', { master: 4 }),
  link(4, 'br0'),
  link(5, 'eth2'),
  link(6, 'eth2.9', { lower: 5, vlan: 9 }),
  link(7, 'eth2.9.8', { lower: 6, vlan: 8 }),
  link(8, 'eth3'),
];
const ADDRESSES: NetworkFacts['addresses'] = [
  { ifname: 'lo', address: '127.0.0.1', prefix_bits: 8 },
  { ifname: 'eth0', address: '192.0.2.1', prefix_bits: 24 },
  { ifname: 'eth0', address: '2001:db8::1', prefix_bits: 64 },
  { ifname: 'eth0', address: 'fe80::1', prefix_bits: 64 },
  { ifname: 'br0', address: '10.1.0.1', prefix_bits: 24 },
  { ifname: 'eth2.9.8', address: '10.2.0.1', prefix_bits: 24 },
  { ifname: 'eth3', address: 'fe80::1', prefix_bits: 64 },
];
/** Index of the interface by the beginning of the address. */
const ROUTES: readonly (readonly [string, number])[] = [
  ['192.0.2.1', 1],
  ['127.', 1],
  ['10.1.', 4],
  ['10.2.', 7],
  ['10.3.', 8],
  ['', 2],
];
const FACTS: NetworkFacts = {
  links: LINKS,
  addresses: ADDRESSES,
  route: (to) => ROUTES.find(([prefix]) => to.startsWith(prefix))?.[1] ?? null,
};
const ALL = LINKS.map(({ ifname }) => ifname);

const flow = (client: string, server: string, port = 22, zone: string | null = null): SshFlow => ({
  client: { address: client, port: 50_000 },
  server: { address: server, port },
  zone,
});
const flows = (more: Partial<SshFlows>): SshFlows => ({ session: null, connections: [], listeners: [], ...more });
const names = (asked: SshFlows, facts = FACTS, ifnames: readonly string[] = ALL) =>
  carriedFlows(asked, ifnames, facts).map(({ ifname, kind }) => `${kind} ${ifname}`);

describe('carried by', () => {
  test.each([
    ['the interface with the address', flow('203.0.113.9', '192.0.2.1'), ['eth0']],
    ['the one that the route leaves by as well', flow('10.3.0.9', '192.0.2.1'), ['eth0', 'eth3']],
    ['a bridge and its port', flow('10.1.0.9', '10.1.0.1'), ['eth1', 'br0']],
    ['a VLAN and what it is on', flow('10.2.0.9', '10.2.0.1'), ['eth2', 'eth2.9', 'eth2.9.8']],
    ['loopback alone, from this machine', flow('192.0.2.1', '192.0.2.1'), []],
    ['loopback alone', flow('127.0.0.1', '127.0.0.1'), []],
    ['all that have the link-local address', flow('fe80::2', 'fe80::1'), ['eth0', 'eth3']],
  ])('%s', (_, one, expected) => {
    expect(names(flows({ connections: [one] }))).toEqual(expected.map((ifname) => `connection ${ifname}`));
  });

  test('what is not clear: every interface, but never loopback', () => {
    const blind: NetworkFacts = { links: LINKS, addresses: [], route: () => null };
    const one = flows({ connections: [flow('203.0.113.9', '192.0.2.1')] });
    expect(names(one, blind)).toEqual(ALL.slice(1).map((ifname) => `connection ${ifname}`));
    expect(names(one, { ...FACTS, links: null }, ['lo', 'eth3'])).toEqual(['connection eth3']);
    expect(names(one, FACTS, ['none'])).toEqual([]);
  });

  test('tags, outermost first, and the address of the interface above', () => {
    const [found] = carriedFlows(flows({ connections: [flow('10.2.0.9', '10.2.0.1')] }), ['eth2'], FACTS);
    expect(found?.flows[0]).toMatchObject({ vlans: [9, 8], mac: Uint8Array.of(2, 0, 0, 0, 0, 7) });
  });
});

describe('whose', () => {
  test('a session is said once, also when it is among the connections', () => {
    const own = flow('203.0.113.9', '192.0.2.1');
    expect(names(flows({ session: own, connections: [own, flow('203.0.113.10', '192.0.2.1')] }))).toEqual([
      'session eth0',
      'connection eth0',
    ]);
  });

  test('a session whose end is not here is another namespace’s', () => {
    expect(names(flows({ session: flow('203.0.113.9', '198.51.100.1') }))).toEqual([]);
  });

  test('strangers are for servers that nobody is connected to', () => {
    const listeners = [{ address: '0.0.0.0', port: 22 }];
    const there = flow('10.1.0.9', '10.1.0.1');
    expect(names(flows({ connections: [there], listeners }), FACTS, ['eth0', 'br0'])).toEqual(['connection br0']);
    const here = flow('127.0.0.1', '127.0.0.1');
    expect(names(flows({ connections: [here], listeners }), FACTS, ['eth0'])).toEqual(['listener eth0']);
  });

  const strangers = (listeners: SshFlows['listeners'], ifname: string, facts = FACTS) =>
    carriedFlows(flows({ listeners }), [ifname], facts).map(({ flows: tried }) =>
      tried.map(({ client, server }) => `${client.address} > ${server.address} ${server.port}`),
    );

  test('they come from the network of the interface and from elsewhere, to every address that is listened at', () => {
    const everywhere = [
      { address: '0.0.0.0', port: 22 },
      { address: '::', port: 22 },
    ];
    expect(strangers(everywhere, 'eth0')).toEqual([
      ['192.0.2.2 > 192.0.2.1 22', '11.22.33.44 > 192.0.2.1 22'],
      ['2001:db8::2 > 2001:db8::1 22', '2600:44::44 > 2001:db8::1 22'],
    ]);
    expect(strangers([{ address: '::', port: 2022 }], 'eth1')).toEqual([
      ['10.1.0.2 > 10.1.0.1 2022', '11.22.33.44 > 10.1.0.1 2022'],
    ]);
    expect(strangers([{ address: '127.0.0.1', port: 22 }], 'eth0')).toEqual([]);
    expect(
      strangers(
        [
          { address: '192.0.2.1', port: 22 },
          { address: '::', port: 22 },
        ],
        'eth1',
      ),
    ).toEqual([['10.1.0.2 > 10.1.0.1 22', '11.22.33.44 > 10.1.0.1 22']]);
  });

  test.each([
    ['10.0.0.254', 24, '10.0.0.253'],
    ['10.0.0.1', 30, '10.0.0.2'],
    ['10.0.0.2', 30, '10.0.0.1'],
    ['10.0.0.4', 31, '10.0.0.5'],
    ['10.0.0.255', 16, '10.0.1.0'],
    ['10.0.0.1', 32, null],
    ['2001:db8::ffff', 64, '2001:db8::1:0'],
  ])('the neighbour of %s/%i is %s', (address, prefix_bits, neighbour) => {
    const facts = { ...FACTS, addresses: [{ ifname: 'eth0', address, prefix_bits }] };
    const [tried = []] = strangers([{ address: address.includes(':') ? '::' : '0.0.0.0', port: 22 }], 'eth0', facts);
    expect(tried.map((one) => one.split(' ')[0]).slice(0, -1)).toEqual(neighbour === null ? [] : [neighbour]);
  });
});

describe('packets', () => {
  const ends = {
    client: { address: '203.0.113.9', port: 51_234 },
    server: { address: '192.0.2.1', port: 22 },
    mac: null,
    vlans: [],
  };

  test.each(['ingress', 'egress'] as const)('%s: how it begins, and how it goes on', (direction) => {
    const [first, ...data] = sessionFrames(ends, direction).map(({ bytes }) => dissect(bytes));
    const to = direction === 'ingress';
    for (const fields of [first, ...data]) {
      expect(fields?.get(to ? 'sport' : 'dport')).toBe(51_234);
      expect(fields?.get(to ? 'dport' : 'sport')).toBe(22);
      expect(fields?.get('malformed') ?? 0).toBe(0);
    }
    expect(first?.get('flags')).toBe(to ? 0x02 : 0x12);
    expect(data.map((fields) => fields.get('flags'))).toEqual([0x18, 0x18]);
    expect(data.map((fields) => Number(fields.get('payload.len')))).toEqual([21, 36]);
  });

  test('tags, and the address of the interface', () => {
    const mac = Uint8Array.of(2, 4, 6, 8, 10, 12);
    const [ingress] = sessionFrames({ ...ends, mac, vlans: [9] }, 'ingress');
    const [egress] = sessionFrames({ ...ends, mac }, 'egress');
    expect(ingress?.bytes.subarray(0, 6)).toEqual(mac);
    expect(egress?.bytes.subarray(6, 12)).toEqual(mac);
    expect([...(ingress?.bytes.subarray(12, 16) ?? [])]).toEqual([0x81, 0, 0, 9]);
    expect(dissect(ingress?.bytes ?? new Uint8Array()).get('dport')).toBe(22);
  });
});
