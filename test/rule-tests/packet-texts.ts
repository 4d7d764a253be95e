/** Packets as tests write them, and at random. */
import type { Random } from '../packets/random.ts';

const ADDRESSES4 = ['10.0.0.1', '192.0.2.7', '203.0.113.255', '224.0.0.251', '255.255.255.255', '127.0.0.1'];
const ADDRESSES6 = ['fd00::1', '2001:db8::1', 'ff02::1', '::1', 'fe80::1:2:3:4', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'];

const IP4_SETTINGS: readonly ((random: Random) => string)[] = [
  (random) => `ip.id ${random.int(0, 65_535)}`,
  (random) => `ip.df ${random.pick(['1', '0'])}`,
  (random) =>
    `ip.options ${random.pick(['nop', 'record-route', 'router-alert,nop', 'timestamp', 'loose-source-route', '222'])}`,
];
const IP6_SETTINGS: readonly ((random: Random) => string)[] = [
  (random) => `ip6.flow ${random.int(0, 0xfffff)}`,
  (random) => `ip6.ext ${random.pick(['hop-by-hop', 'destination', 'hop-by-hop,routing', 'ah', 'fragment', 'routing,ah'])}`,
];
const IP_SETTINGS: readonly ((random: Random) => string)[] = [
  (random) => `ttl ${random.int(1, 255)}`,
  (random) => `dscp ${random.pick(['ef', 'cs6', '7'])}`,
  (random) => `ecn ${random.pick(['ce', 'ect0', '0'])}`,
  (random) => `vlan ${random.int(0, 4095)}${random.chance(0.3) ? ` vlan ${random.int(0, 4095)}` : ''}`,
  (random) => `vlan.pcp ${random.int(0, 7)}`,
  (random) => `smac 02:00:00:00:00:${random.int(16, 99)}`,
  (random) =>
    random.pick(['payload "\\x00\\xff"', `payload.len ${random.int(0, 1400)}`, 'payload "GET / HTTP/1.1\\r\\n\\r\\n"']),
];
const TCP_SETTINGS: readonly ((random: Random) => string)[] = [
  (random) => `flags ${random.pick(['SYN', 'SYN,ACK', 'none', 'FIN,PSH,URG', 'RST', 'ECE,CWR,SYN'])}`,
  (random) => `tcp.seq ${random.int(0, 2 ** 32 - 1)}`,
  (random) => `tcp.ack ${random.int(0, 2 ** 32 - 1)}`,
  (random) => `tcp.window ${random.int(0, 65_535)}`,
  (random) => `tcp.mss ${random.int(0, 65_535)}`,
  (random) => `tcp.option ${random.pick(['mss,nop,window-scale', 'sack-permitted', 'timestamps', 'md5', 'sack', 'fast-open'])}`,
];

function some(random: Random, settings: readonly ((random: Random) => string)[]): readonly string[] {
  return settings.filter(() => random.chance(0.35)).map((setting) => setting(random));
}

/** A sound packet with checksums: no fragments, nothing cut, no lies. */
export function randomPacket(random: Random, depth = 0): string {
  const family = random.pick([4, 6] as const);
  const protocol = random.pick(['tcp', 'udp', 'sctp', family === 4 ? 'icmp' : 'icmp6', 'ip'] as const);
  const [from, to] = [0, 1].map(() => random.pick(family === 4 ? ADDRESSES4 : ADDRESSES6));
  const port = (): string => `:${random.int(1, 65_535)}`;
  const ends =
    protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp'
      ? [from, to].map((address) => `${family === 4 ? address : `[${address}]`}${port()}`)
      : [from, to];
  const word = protocol === 'ip' ? (family === 4 ? 'ip' : 'ip6') : protocol;
  const settings = [
    ...some(random, IP_SETTINGS),
    ...some(random, family === 4 ? IP4_SETTINGS : IP6_SETTINGS),
    ...(protocol === 'tcp' ? some(random, TCP_SETTINGS) : []),
  ];
  const tunnels: Readonly<Record<string, readonly string[]>> = { udp: ['vxlan', 'geneve'], ip: ['gre', 'ipip'] };
  if (depth === 0 && tunnels[protocol] && random.chance(0.6)) {
    const plain = settings.filter((setting) => !setting.startsWith('payload'));
    const inner = randomPacket(random, 1);
    return [word, `${ends[0]} >`, ends[1], ...plain, `${random.pick(tunnels[protocol])}(${inner})`].join(' ');
  }
  if (protocol === 'ip') settings.push('proto 253');
  return [word, `${ends[0]} >`, ends[1], ...settings].join(' ');
}
