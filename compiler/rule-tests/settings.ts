/** What can be written behind the protocol and the addresses of a test packet; settings are called as the fields are. */
import type { PacketProtocol } from './test-packet.ts';

export interface Setting {
  /** The protocols whose packets have it. */
  readonly of: readonly PacketProtocol[];
  /** Only with addresses of this IP version. */
  readonly family?: 4 | 6;
  readonly takes: 'number' | 'flags' | 'mac' | 'kinds' | 'text' | 'hex' | 'interface' | 'packet';
  /** Width of a number that is not in the table of fields. */
  readonly bits?: number;
  /** It may be written so many times; absent: once. */
  readonly times?: number;
  /** It is about the frame as a whole, so that a packet in a tunnel does not have it. */
  readonly outermost?: true;
  /** It lies in the transport header, which a later fragment does not have. */
  readonly transport?: true;
  /** The number of bytes that it states is counted in words of 4. */
  readonly words?: true;
}

const IP: readonly PacketProtocol[] = ['tcp', 'udp', 'sctp', 'icmp', 'icmp6', 'ip', 'ip6'];
const IP4: readonly PacketProtocol[] = ['tcp', 'udp', 'sctp', 'icmp', 'ip'];
const IP6: readonly PacketProtocol[] = ['tcp', 'udp', 'sctp', 'icmp6', 'ip6'];
const LINK: readonly PacketProtocol[] = [...IP, 'arp', 'ethernet'];
const ALL: readonly PacketProtocol[] = [...LINK, 'frame'];
const TAGS_MAX = 3;
/** Options have no more room. */
const KINDS_MAX = 40;

const tcpNumber: Setting = { of: ['tcp'], takes: 'number', transport: true };
const ipv4Number: Setting = { of: IP4, family: 4, takes: 'number' };
const icmpNumber: Setting = { of: ['icmp', 'icmp6'], takes: 'number', transport: true };
const overUdp: Setting = { of: ['udp'], takes: 'packet', transport: true };
const overIp: Setting = { of: ['ip', 'ip6'], takes: 'packet', transport: true };

export const SETTINGS: Readonly<Record<string, Setting>> = {
  smac: { of: LINK, takes: 'mac' },
  dmac: { of: LINK, takes: 'mac' },
  ethertype: { of: ['ethernet'], takes: 'number' },
  vlan: { of: LINK, takes: 'number', times: TAGS_MAX },
  'vlan.pcp': { of: LINK, takes: 'number', times: TAGS_MAX },
  'mpls.label': { of: IP, takes: 'number' },
  proto: { of: ['ip', 'ip6'], takes: 'number' },
  ttl: { of: IP, takes: 'number' },
  dscp: { of: IP, takes: 'number' },
  ecn: { of: IP, takes: 'number' },
  frag: { of: IP, takes: 'number' },
  'ip.id': ipv4Number,
  'ip.df': ipv4Number,
  'ip.len': ipv4Number,
  'ip.hdrlen': { ...ipv4Number, words: true },
  'ip.options': { of: IP4, family: 4, takes: 'kinds', times: KINDS_MAX },
  'ip6.flow': { of: IP6, family: 6, takes: 'number' },
  'ip6.ext': { of: IP6, family: 6, takes: 'kinds', times: KINDS_MAX },
  flags: { of: ['tcp'], takes: 'flags', transport: true },
  'tcp.seq': tcpNumber,
  'tcp.ack': tcpNumber,
  'tcp.window': tcpNumber,
  'tcp.hdrlen': { ...tcpNumber, words: true },
  'tcp.mss': tcpNumber,
  'tcp.option': { of: ['tcp'], takes: 'kinds', times: KINDS_MAX, transport: true },
  'udp.len': { of: ['udp'], takes: 'number', transport: true },
  'icmp.type': icmpNumber,
  'icmp.code': icmpNumber,
  payload: { of: [...IP, 'ethernet'], takes: 'text' },
  'payload.len': { of: [...IP, 'ethernet'], takes: 'number', bits: 16 },
  len: { of: ALL, takes: 'number', bits: 17, outermost: true },
  cut: { of: ALL, takes: 'number', bits: 17, outermost: true },
  hex: { of: ['frame'], takes: 'hex' },
  iface: { of: ALL, takes: 'interface', outermost: true },
  mark: { of: ALL, takes: 'number', outermost: true },
  direction: { of: ALL, takes: 'number', outermost: true },
  vxlan: overUdp,
  'vxlan.vni': { of: ['udp'], takes: 'number', transport: true },
  geneve: overUdp,
  'geneve.vni': { of: ['udp'], takes: 'number', transport: true },
  gre: overIp,
  'gre.key': { of: ['ip', 'ip6'], takes: 'number', transport: true },
  ipip: overIp,
};

/** Fields of rules that a packet gets in another way, and how. */
export const INSTEAD: Readonly<Record<string, string>> = {
  src: 'addresses stand behind the protocol: `tcp 10.0.0.1:40000 > 192.0.2.1:22`',
  dst: 'addresses stand behind the protocol: `tcp 10.0.0.1:40000 > 192.0.2.1:22`',
  addr: 'addresses stand behind the protocol: `tcp 10.0.0.1:40000 > 192.0.2.1:22`',
  sport: 'ports stand behind the addresses: `tcp 10.0.0.1:40000 > 192.0.2.1:22`',
  dport: 'ports stand behind the addresses: `tcp 10.0.0.1:40000 > 192.0.2.1:22`',
  port: 'ports stand behind the addresses: `tcp 10.0.0.1:40000 > 192.0.2.1:22`',
  malformed: '`cut 30` keeps the first 30 bytes of a packet; `ip.len`, `ip.hdrlen` and `tcp.hdrlen` can lie',
  'vlan.depth': 'write `vlan` once for each tag',
  inner: 'write how the packet is carried: `udp … vxlan(tcp …)`, `udp … geneve(…)`, `ip … gre(…)`, `ip … ipip(…)`',
};
