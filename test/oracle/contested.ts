/**
 * What the tools contradict each other about, one packet a class at least: pktc's answer beside what libpcap and tshark say.
 * `docs/differences.md` has a section for each class, with the reason.
 */
import {
  address,
  arp,
  concat,
  ethernet,
  frameOf,
  icmp,
  integer,
  ipv4,
  ipv6,
  mac,
  pad,
  tcp,
  udp,
} from '../packets/build-packet.ts';

export interface Contested {
  /** The heading in `docs/differences.md`. */
  readonly name: string;
  readonly frame: Uint8Array;
  readonly condition: string;
  readonly ours: boolean;
  readonly pcap: { readonly expression: string; readonly answer: boolean } | null;
  readonly tshark: { readonly filter: string; readonly answer: boolean } | null;
}

const WEB = tcp({ dport: 80, flags: 0x02 });
/** Six bytes of padding, and TCP behind them (RFC 8200, PadN). */
const DESTINATION_OPTIONS = Uint8Array.of(6, 0, 1, 4, 0, 0, 0, 0);
const MAC_HEADER = concat(mac('02:00:00:00:00:04'), mac('02:00:00:00:00:03'), integer(0x0800, 2));
const pcap = (expression: string, answer: boolean) => ({ expression, answer });
const tshark = (filter: string, answer: boolean) => ({ filter, answer });

export const CONTESTED: readonly Contested[] = [
  {
    name: 'VLAN tags',
    frame: frameOf(ipv4({ proto: 6 }, WEB), { tags: [{ id: 5 }, { id: 6 }] }),
    condition: 'tcp dport 80 vlan 5',
    ours: true,
    pcap: pcap('tcp dst port 80', false),
    tshark: tshark('tcp.dstport == 80', true),
  },
  {
    name: 'a third tag',
    frame: frameOf(ipv4({ proto: 6 }, WEB), { tags: [{ id: 5 }, { id: 6 }, { id: 7 }] }),
    condition: 'tcp dport 80',
    ours: false,
    pcap: pcap('vlan and vlan and vlan and tcp dst port 80', true),
    tshark: tshark('tcp.dstport == 80', true),
  },
  {
    name: 'addresses in ARP',
    frame: ethernet({ type: 0x0806 }, arp(1, address('10.0.0.1'), address('10.0.0.2'))),
    condition: 'src 10.0.0.0/8',
    ours: false,
    pcap: pcap('src net 10.0.0.0/8', true),
    tshark: tshark('ip.src == 10.0.0.0/8', false),
  },
  {
    name: 'IEEE 802.3 lengths',
    frame: ethernet({ type: 0x8100 }, integer(5, 2), integer(38, 2), new Uint8Array(38)),
    condition: 'not vlan any ethertype <= 1500',
    ours: false,
    pcap: pcap('ether[12:2] <= 1500', false),
    tshark: tshark('eth.len or vlan.len', true),
  },
  {
    name: 'later fragments',
    frame: frameOf(ipv4({ proto: 17, fragmentOffset: 100 }, udp({ dport: 53 }))),
    condition: 'udp dport 53',
    ours: false,
    pcap: pcap('udp dst port 53', false),
    tshark: tshark('udp.dstport == 53', false),
  },
  {
    name: 'later fragments',
    frame: frameOf(ipv4({ proto: 17, fragmentOffset: 100 }, udp({ dport: 53 }))),
    condition: 'udp',
    ours: true,
    pcap: pcap('udp', true),
    tshark: tshark('udp', false),
  },
  {
    name: 'IPv6 extension headers',
    frame: frameOf(ipv6({ next: 60 }, DESTINATION_OPTIONS, WEB)),
    condition: 'tcp dport 80',
    ours: true,
    pcap: pcap('tcp dst port 80', false),
    tshark: tshark('tcp.dstport == 80', true),
  },
  {
    name: 'lengths that lie',
    frame: frameOf(ipv4({ proto: 6, totalLength: 1400 }, WEB)),
    condition: 'tcp dport 80 malformed',
    ours: true,
    pcap: pcap('tcp dst port 80', true),
    tshark: tshark('ip.len == 40', false),
  },
  {
    name: 'headers cut in part',
    frame: frameOf(ipv6({ next: 6 }, WEB)).subarray(0, 30),
    condition: 'ip6 tcp',
    ours: false,
    pcap: pcap('ip6 proto 6', true),
    tshark: tshark('tcp', false),
  },
  {
    name: 'reads beyond the end of the frame',
    frame: frameOf(ipv4({ proto: 6 }, WEB)),
    condition: 'frame[500:1] = 0 or ip',
    ours: true,
    pcap: pcap('ether[500] = 0 or ip', false),
    tshark: tshark('frame[500:1] == 00 or ip', true),
  },
  {
    name: 'reads beyond the end of the frame',
    frame: frameOf(ipv4({ proto: 6 }, WEB)),
    condition: 'not frame[500:1] = 0',
    ours: true,
    pcap: pcap('not ether[500] = 0', false),
    tshark: tshark('not frame[500:1] == 00', true),
  },
  {
    name: 'padding',
    frame: pad(frameOf(ipv4({ proto: 6, totalLength: 20 }, tcp({ sport: 40_000, dport: 80 })))),
    condition: 'dport 80',
    ours: false,
    pcap: pcap('tcp dst port 80', true),
    tshark: tshark('tcp.dstport == 80', false),
  },
  {
    name: 'headers that contradict themselves',
    frame: frameOf(ipv4({ proto: 6, headerLength: 4 }, WEB), {}),
    condition: 'dport any or flags any',
    ours: false,
    pcap: pcap('tcp src portrange 0-65535', true),
    tshark: tshark('tcp.port', false),
  },
  {
    name: 'headers that contradict themselves',
    frame: ethernet({ type: 0x0800 }, ipv4({ proto: 6, version: 6 }, WEB)),
    condition: 'src 10.0.0.1 malformed not dport any',
    ours: true,
    pcap: pcap('tcp dst port 80', true),
    tshark: tshark('tcp.dstport == 80', false),
  },
  {
    name: 'headers that leave their datagram',
    frame: frameOf(ipv4({ proto: 6 }, tcp({ dport: 80, dataOffset: 15 }))),
    condition: 'tcp dport 80 not payload.len any malformed',
    ours: true,
    pcap: pcap('tcp dst port 80', true),
    tshark: tshark('tcp.payload', false),
  },
  {
    name: 'tunnels',
    frame: frameOf(ipv4({ proto: 4 }, ipv4({ src: address('192.168.7.7'), proto: 6 }, WEB))),
    condition: 'src 192.168.0.0/16 or dport 80',
    ours: false,
    pcap: pcap('src net 192.168.0.0/16 or port 80', false),
    tshark: tshark('ip.src == 192.168.0.0/16', true),
  },
  {
    name: 'tunnels',
    frame: frameOf(
      ipv4(
        { proto: 17 },
        udp({ dport: 4789 }, integer(0x0800_0000, 4), integer(7 << 8, 4), MAC_HEADER, ipv4({ proto: 6 }, WEB)),
      ),
    ),
    condition: 'inner( tcp dport 80 )',
    ours: true,
    pcap: pcap('tcp dst port 80', false),
    tshark: tshark('tcp.dstport == 80', true),
  },
  {
    name: 'MPLS, PPPoE and other shims',
    frame: ethernet({ type: 0x8847 }, integer(0x0001_0140, 4), ipv4({ proto: 6 }, WEB)),
    condition: 'ip or tcp',
    ours: false,
    pcap: pcap('ip or tcp', false),
    tshark: tshark('ip and tcp', true),
  },
  {
    name: 'MPLS, PPPoE and other shims',
    frame: ethernet({ type: 0x8848 }, integer(0x0001_0140, 4), ipv4({ proto: 6 }, WEB)),
    condition: 'mpls.label 16',
    ours: true,
    pcap: pcap('mpls', false),
    tshark: tshark('mpls.label == 16', true),
  },
  {
    name: 'headers quoted in ICMP errors',
    frame: frameOf(ipv4({ proto: 1 }, icmp({ type: 3, code: 3 }, ipv4({ proto: 17 }, udp({ dport: 53 }))))),
    condition: 'dport 53',
    ours: false,
    pcap: pcap('dst port 53', false),
    tshark: tshark('udp.dstport == 53', true),
  },
  {
    name: 'bits beside the TCP flags',
    frame: frameOf(ipv4({ proto: 6 }, withReservedBit(WEB))),
    condition: 'flags = SYN',
    ours: true,
    pcap: pcap('tcp[13] = 2', true),
    tshark: tshark('tcp.flags == 2', false),
  },
  {
    name: 'expressions for one family',
    frame: frameOf(ipv6({ next: 6 }, WEB)),
    condition: 'flags SYN',
    ours: true,
    pcap: pcap('tcp[13] & 2 != 0', false),
    tshark: tshark('tcp.flags.syn == 1', true),
  },
];

/** Sets the bit that was once the nonce sum and is Accurate ECN's today (RFC 3540, RFC 9768). */
function withReservedBit(header: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(header);
  copy[12] = (copy[12] ?? 0) | 1;
  return copy;
}
