/** pktc conditions beside the tcpdump expressions that mean the same, as far as the two agree on packets at all. */
export interface Equivalent {
  readonly condition: string;
  readonly expression: string;
  /** About the tags or the raw frame: libpcap is to see the tags too. */
  readonly tagged?: true;
}

const ETHERNET_MULTICAST = 'ether[0] & 1 != 0';

/** libpcap reads `tcp[13]` over IPv4 only, so the byte of IPv6 is spelt out. */
const flagsAnywhere = (test: string): string => `(tcp[13] ${test}) or (ip6 proto 6 and ip6[6] = 6 and ip6[53] ${test})`;

export const EQUIVALENTS: readonly Equivalent[] = [
  /* Link layer */
  { condition: 'any', expression: '' },
  { condition: 'ip', expression: 'ip' },
  { condition: 'ip6', expression: 'ip6' },
  { condition: 'arp', expression: 'arp' },
  { condition: 'ethertype lldp', expression: 'ether proto 0x88cc' },
  { condition: 'ethertype <= 1500', expression: 'ether[12:2] <= 1500' },
  { condition: 'ethertype { ip, arp, mpls }', expression: 'ip or arp or ether proto 0x8847' },
  { condition: 'dmac broadcast', expression: 'ether broadcast', tagged: true },
  { condition: 'dmac multicast', expression: ETHERNET_MULTICAST, tagged: true },
  { condition: 'smac 02:00:00:00:00:01', expression: 'ether src 02:00:00:00:00:01', tagged: true },
  { condition: 'dmac 33:33:00:00:00:00/16', expression: 'ether[0:2] = 0x3333', tagged: true },
  { condition: 'vlan any', expression: 'vlan', tagged: true },
  { condition: 'vlan 100', expression: 'vlan 100', tagged: true },
  { condition: 'vlan 1-99', expression: 'vlan and ether[14:2] & 0xfff >= 1 and ether[14:2] & 0xfff <= 99', tagged: true },
  { condition: 'len > 500', expression: 'len > 500' },
  { condition: 'len 60-80', expression: 'len >= 60 and len <= 80' },

  /* Addresses */
  { condition: 'src 10.0.0.0/8', expression: 'ip src net 10.0.0.0/8' },
  { condition: 'dst 192.168.0.0/16', expression: 'ip dst net 192.168.0.0/16' },
  { condition: 'addr 172.16.0.0/12', expression: 'ip net 172.16.0.0/12' },
  { condition: 'src 10.1.2.3', expression: 'ip src host 10.1.2.3' },
  { condition: 'src 10.0.0.1-10.0.0.9', expression: 'ip[12:4] >= 0x0a000001 and ip[12:4] <= 0x0a000009' },
  { condition: 'dst 224.0.0.0/4', expression: 'ip dst net 224.0.0.0/4' },
  { condition: 'src 2001:db8::/32', expression: 'ip6 src net 2001:db8::/32' },
  { condition: 'dst fe80::/65', expression: 'ip6 dst net fe80::/65' },
  { condition: 'addr ::1', expression: 'ip6 host ::1' },
  { condition: 'src { 10.0.0.0/8, fd00::/8 }', expression: 'ip src net 10.0.0.0/8 or ip6 src net fd00::/8' },
  { condition: 'ip src != 10.0.0.0/8', expression: 'ip and not src net 10.0.0.0/8' },
  { condition: 'not src 10.0.0.0/8', expression: 'not ip src net 10.0.0.0/8' },
  // libpcap looks into ARP as well: one of the listed differences.
  { condition: 'dst 10.0.0.0/8 not ip6', expression: 'dst net 10.0.0.0/8' },

  /* Network layer */
  { condition: 'tcp', expression: 'tcp' },
  { condition: 'udp', expression: 'udp' },
  { condition: 'sctp', expression: 'sctp' },
  { condition: 'icmp', expression: 'icmp' },
  { condition: 'icmp6', expression: 'icmp6' },
  { condition: 'proto gre', expression: 'ip proto 47 or ip6 proto 47' },
  { condition: 'ip proto >= 143', expression: 'ip[9] >= 143' },
  { condition: 'not (tcp or udp)', expression: 'not (tcp or udp)' },
  { condition: 'ip ttl < 5', expression: 'ip[8] < 5' },
  { condition: 'ttl 255', expression: '(ip and ip[8] = 255) or (ip6 and ip6[7] = 255)' },
  { condition: 'ip dscp ef', expression: 'ip[1] >> 2 = 46' },
  { condition: 'ip6 dscp != 0', expression: 'ip6[0:2] & 0x0fc0 != 0' },
  { condition: 'ecn ce', expression: '(ip and ip[1] & 3 = 3) or (ip6 and ip6[1] & 0x30 = 0x30)' },
  { condition: 'ip.len > 1400', expression: 'ip[2:2] > 1400' },
  { condition: 'ip frag any', expression: 'ip[6:2] & 0x3fff != 0' },
  { condition: 'ip frag first', expression: 'ip[6:2] & 0x3fff = 0x2000' },
  { condition: 'ip frag later', expression: 'ip[6:2] & 0x1fff != 0' },

  /* Transport layer */
  { condition: 'tcp dport 80', expression: 'tcp dst port 80' },
  { condition: 'tcp sport 443', expression: 'tcp src port 443' },
  { condition: 'port 53', expression: 'port 53' },
  { condition: 'udp port 53', expression: 'udp port 53' },
  { condition: 'udp dport 1024-65535', expression: 'udp dst portrange 1024-65535' },
  { condition: 'sctp port >= 1', expression: 'sctp portrange 1-65535' },
  {
    condition: 'tcp dport { 80, 443, 8000-8100 }',
    expression: 'tcp and (dst port 80 or dst port 443 or dst portrange 8000-8100)',
  },
  { condition: 'tcp dport != 80', expression: 'tcp and (dst portrange 0-79 or dst portrange 81-65535)' },
  { condition: 'tcp not dport 80', expression: 'tcp and not dst port 80' },
  // In pktc `not` takes one comparison, in tcpdump a whole primitive.
  { condition: 'not (tcp port 22)', expression: 'not tcp port 22' },
  { condition: 'flags SYN', expression: flagsAnywhere('& 0x02 != 0') },
  { condition: 'flags SYN,!ACK', expression: flagsAnywhere('& 0x12 = 0x02') },
  { condition: 'flags = SYN', expression: flagsAnywhere('= 0x02') },
  { condition: 'flags { SYN, RST }', expression: flagsAnywhere('& 0x06 != 0') },
  { condition: 'flags none', expression: flagsAnywhere('= 0') },
  { condition: 'ip tcp.window < 100', expression: 'tcp[14:2] < 100' },
  { condition: 'icmp icmp.type echo-request', expression: 'icmp[icmptype] = icmp-echo' },
  { condition: 'icmp icmp.type 3 icmp.code 4', expression: 'icmp[0] = 3 and icmp[1] = 4' },
  { condition: 'icmp6 icmp.type { 128, 129 }', expression: 'icmp6[0] = 128 or icmp6[0] = 129' },
  {
    condition: 'ip tcp payload.len = 0',
    expression: 'tcp and ip[6:2] & 0x1fff = 0 and ip[2:2] - ((ip[0] & 0x0f) << 2) - ((tcp[12] & 0xf0) >> 2) = 0',
  },
  {
    condition: 'ip udp payload.len > 20',
    expression: 'ip and udp and ip[6:2] & 0x1fff = 0 and ip[2:2] - ((ip[0] & 0x0f) << 2) > 28',
  },

  /* Together */
  { condition: 'src 10.0.0.0/8 proto tcp flags SYN', expression: 'ip src net 10.0.0.0/8 and tcp[13] & 2 != 0' },
  {
    condition: 'ip tcp dst { 10.0.0.0/8, 192.168.0.0/16 } dport { 80, 443 } flags !RST',
    expression:
      'tcp and (ip dst net 10.0.0.0/8 or ip dst net 192.168.0.0/16) and (dst port 80 or dst port 443) and tcp[13] & 4 = 0',
  },
  {
    condition: 'udp (src 10.0.0.0/8 or src fe80::/10)',
    expression: 'udp and (ip src net 10.0.0.0/8 or ip6 src net fe80::/10)',
  },
  {
    condition: '(arp or icmp) or (tcp dport 22 ttl > 64 ip)',
    expression: 'arp or icmp or (ip and tcp dst port 22 and ip[8] > 64)',
  },
];
