/** Lays a test packet out as the bytes of a frame, lengths and checksums right unless the test says otherwise. */
import { protocolNumber, transportBytes } from './build-transport.ts';
import { internetChecksum } from './checksum.ts';
import { integer, joined, padded, withInteger } from './frame-bytes.ts';
import {
  extensionHeader,
  FRAGMENT_HEADER,
  type Fragment,
  ipv4Options,
  OPTION_BYTES_MAX,
  tcpOptions,
} from './header-options.ts';
import { familyOf, numberOf, type TestPacket } from './test-packet.ts';

/** Notes that a packet cannot be: the setting to blame (null: the packet as a whole), and why. */
export type Refuse = (packet: TestPacket, setting: string | null, why: string) => void;

const SMAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const DMAC = Uint8Array.of(2, 0, 0, 0, 0, 2);
const BROADCAST = Uint8Array.of(255, 255, 255, 255, 255, 255);

const ETHERTYPE = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd, mpls: 0x8847, bridged: 0x6558, experiment: 0x88b5 } as const;
const TAG = 0x8100;
/** IEEE 802.1ad: the outer one of two tags. */
const SERVICE_TAG = 0x88a8;

const LARGEST_DATAGRAM = 65_535;
const DEFAULT_TTL = 64;
const FRAG_FIRST = 1;
const FRAG_LATER = 2;
/** Where a later fragment begins: behind 1480 bytes, as on an Ethernet. */
const LATER_OFFSET = 1480 / 8;
/** Data of a later fragment when the test gives none. */
const LATER_BYTES = 8;

/** The whole frame. Settings that contradict each other are refused; the bytes are then of no use. */
export function buildFrame(packet: TestPacket, refuse: Refuse): Uint8Array {
  const frame = packet.protocol === 'frame' ? (packet.bytes.get('hex') ?? new Uint8Array()) : ethernetFrame(packet, refuse);
  const length = numberOf(packet, 'len');
  const cut = numberOf(packet, 'cut');
  if (length !== undefined && length < frame.length) {
    refuse(packet, 'len', `the packet has ${frame.length} bytes already; \`cut ${length}\` cuts it off`);
  }
  const whole = padded(frame, length ?? 0);
  if (cut !== undefined && cut > whole.length) refuse(packet, 'cut', `the packet has only ${whole.length} bytes`);
  return cut === undefined ? whole : whole.slice(0, cut);
}

/* Link layer */

function ethernetFrame(packet: TestPacket, refuse: Refuse): Uint8Array {
  const body = networkBytes(packet, refuse);
  const label = numberOf(packet, 'mpls.label');
  // Bottom of the stack, and as many hops as the packet itself (RFC 3032).
  const mpls = label === undefined ? new Uint8Array() : integer(label * 0x1000 + 0x100 + DEFAULT_TTL, 4);
  const type = label === undefined ? etherTypeOf(packet) : ETHERTYPE.mpls;
  return joined(destinationOf(packet), sourceOf(packet), tagsOf(packet), integer(type, 2), mpls, body);
}

function etherTypeOf(packet: TestPacket): number {
  if (packet.protocol === 'arp') return ETHERTYPE.arp;
  const family = familyOf(packet);
  if (family === null) return numberOf(packet, 'ethertype') ?? ETHERTYPE.experiment;
  return family === 4 ? ETHERTYPE.ip : ETHERTYPE.ip6;
}

function sourceOf(packet: TestPacket): Uint8Array {
  const written = numberOf(packet, 'smac');
  if (written !== undefined) return integer(written, 6);
  return packet.protocol === 'ethernet' ? (packet.from?.address ?? SMAC) : SMAC;
}

/** Group addresses of IP have link-layer addresses of their own (RFC 1112 section 6.4, RFC 2464 section 7). */
function destinationOf(packet: TestPacket): Uint8Array {
  const written = numberOf(packet, 'dmac');
  if (written !== undefined) return integer(written, 6);
  const to = packet.to?.address;
  if (packet.protocol === 'ethernet') return to ?? DMAC;
  if (packet.protocol === 'arp' || to === undefined) return BROADCAST;
  if (to.length === 16) return to[0] === 0xff ? joined(Uint8Array.of(0x33, 0x33), to.slice(12)) : DMAC;
  if (to.every((octet) => octet === 255)) return BROADCAST;
  const group = ((to[0] ?? 0) & 0xf0) === 0xe0;
  return group ? Uint8Array.of(0x01, 0x00, 0x5e, (to[1] ?? 0) & 0x7f, to[2] ?? 0, to[3] ?? 0) : DMAC;
}

/** `vlan.pcp` belongs to the tag of the same place; one without a `vlan` is a priority tag, with identifier 0. */
function tagsOf({ numbers }: TestPacket): Uint8Array {
  const [ids, priorities] = [numbers.get('vlan') ?? [], numbers.get('vlan.pcp') ?? []];
  const tags = Array.from({ length: Math.max(ids.length, priorities.length) }, (_, index) => {
    const type = index === 0 && ids.length > 1 ? SERVICE_TAG : TAG;
    return joined(integer(type, 2), integer(((priorities[index] ?? 0) << 13) | (ids[index] ?? 0), 2));
  });
  return joined(...tags);
}

/* Network layer */

function networkBytes(packet: TestPacket, refuse: Refuse): Uint8Array {
  if (packet.protocol === 'arp') return arpRequest(packet);
  const family = familyOf(packet);
  if (family === null) return payloadOf(packet, refuse);
  const fragment = fragmentOf(packet);
  const data = fragment.offset > 0 ? laterData(packet, refuse) : transportBytes(packet, carriedBytes(packet, refuse));
  refuseOptions(packet, refuse);
  return family === 4 ? ipv4Datagram(packet, data, fragment, refuse) : ipv6Datagram(packet, data, fragment, refuse);
}

/** Who has this address (RFC 826)? */
function arpRequest(packet: TestPacket): Uint8Array {
  const [from, to] = [packet.from?.address ?? new Uint8Array(4), packet.to?.address ?? new Uint8Array(4)];
  const head = joined(integer(1, 2), integer(ETHERTYPE.ip, 2), integer(6, 1), integer(4, 1), integer(1, 2));
  return joined(head, sourceOf(packet), from, new Uint8Array(6), to);
}

function fragmentOf(packet: TestPacket): Fragment {
  const part = numberOf(packet, 'frag');
  return { offset: part === FRAG_LATER ? LATER_OFFSET : 0, more: part === FRAG_FIRST };
}

function laterData(packet: TestPacket, refuse: Refuse): Uint8Array {
  const payload = payloadOf(packet, refuse);
  return payload.length === 0 ? new Uint8Array(LATER_BYTES) : payload;
}

/** `payload`, with zeros behind it as far as `payload.len` says. */
function payloadOf(packet: TestPacket, refuse: Refuse): Uint8Array {
  const text = packet.bytes.get('payload') ?? new Uint8Array();
  const length = numberOf(packet, 'payload.len') ?? text.length;
  if (length < text.length) refuse(packet, 'payload.len', `the payload has ${text.length} bytes already`);
  return padded(text, length);
}

/** What lies behind the transport header: a tunnel's header and its packet, or the payload. */
function carriedBytes(packet: TestPacket, refuse: Refuse): Uint8Array {
  const { tunnel } = packet;
  if (tunnel === null) return payloadOf(packet, refuse);
  const { name, inner } = tunnel;
  const vni = integer(numberOf(packet, `${name}.vni`) ?? 1, 3);
  switch (name) {
    case 'vxlan':
      return joined(Uint8Array.of(0x08, 0, 0, 0), vni, Uint8Array.of(0), ethernetFrame(inner, refuse));
    case 'geneve':
      return joined(Uint8Array.of(0, 0), integer(ETHERTYPE.bridged, 2), vni, Uint8Array.of(0), ethernetFrame(inner, refuse));
    case 'ipip':
      return networkBytes(inner, refuse);
    case 'gre':
      return greBytes(packet, inner, refuse);
  }
}

/** RFC 2784, RFC 2890: an IP packet as it is; one whose link layer the test describes, as a frame. */
function greBytes(packet: TestPacket, inner: TestPacket, refuse: Refuse): Uint8Array {
  const key = numberOf(packet, 'gre.key');
  const bridged = isBridged(inner);
  const type = bridged ? ETHERTYPE.bridged : etherTypeOf(inner);
  const head = joined(
    integer(key === undefined ? 0 : 0x2000, 2),
    integer(type, 2),
    key === undefined ? new Uint8Array() : integer(key, 4),
  );
  return joined(head, bridged ? ethernetFrame(inner, refuse) : networkBytes(inner, refuse));
}

/** Whether a packet says something that only an Ethernet header can hold. */
export function isBridged(packet: TestPacket): boolean {
  const link = ['smac', 'dmac', 'vlan', 'vlan.pcp', 'mpls.label'].some((name) => packet.numbers.has(name));
  return link || packet.protocol === 'arp' || packet.protocol === 'ethernet';
}

function refuseOptions(packet: TestPacket, refuse: Refuse): void {
  const why = `a header has room for ${OPTION_BYTES_MAX} bytes of options`;
  if (ipv4Options(packet.kinds.get('ip.options') ?? []).length > OPTION_BYTES_MAX) refuse(packet, 'ip.options', why);
  const inTcp = tcpOptions(packet.kinds.get('tcp.option') ?? [], numberOf(packet, 'tcp.mss'));
  if (inTcp.length > OPTION_BYTES_MAX) refuse(packet, 'tcp.option', why);
}

function innerFamilyOf({ tunnel }: TestPacket): 4 | 6 | null {
  return tunnel && familyOf(tunnel.inner);
}

/** RFC 791 */
function ipv4Datagram(packet: TestPacket, data: Uint8Array, { offset, more }: Fragment, refuse: Refuse): Uint8Array {
  const options = ipv4Options(packet.kinds.get('ip.options') ?? []);
  const length = 20 + options.length + data.length;
  if (length > LARGEST_DATAGRAM)
    refuse(packet, null, `an IPv4 packet has at most ${LARGEST_DATAGRAM} bytes, this has ${length}`);
  const flags = (numberOf(packet, 'ip.df') ?? 0) * 0x4000 + (more ? 0x2000 : 0) + offset;
  const header = joined(
    integer(0x40 | ((numberOf(packet, 'ip.hdrlen') ?? 20 + options.length) / 4), 1),
    integer(trafficClass(packet), 1),
    integer(numberOf(packet, 'ip.len') ?? length, 2),
    integer(numberOf(packet, 'ip.id') ?? 1, 2),
    integer(flags, 2),
    integer(numberOf(packet, 'ttl') ?? DEFAULT_TTL, 1),
    integer(protocolNumber(packet, innerFamilyOf(packet)), 1),
    integer(0, 2),
    packet.from?.address ?? new Uint8Array(4),
    packet.to?.address ?? new Uint8Array(4),
    options,
  );
  return joined(withInteger(header, 10, internetChecksum(header), 2), data);
}

function trafficClass(packet: TestPacket): number {
  return ((numberOf(packet, 'dscp') ?? 0) << 2) | (numberOf(packet, 'ecn') ?? 0);
}

/** RFC 8200 */
function ipv6Datagram(packet: TestPacket, data: Uint8Array, fragment: Fragment, refuse: Refuse): Uint8Array {
  const written = packet.kinds.get('ip6.ext') ?? [];
  const cut = fragment.more || fragment.offset > 0;
  const types = cut && !written.includes(FRAGMENT_HEADER) ? [...written, FRAGMENT_HEADER] : written;
  const upper = protocolNumber(packet, innerFamilyOf(packet));
  const extensions = types.map((type, index) => extensionHeader(type, types[index + 1] ?? upper, fragment));
  const body = joined(...extensions, data);
  if (body.length > LARGEST_DATAGRAM)
    refuse(packet, null, `an IPv6 packet carries at most ${LARGEST_DATAGRAM} bytes, this would carry ${body.length}`);
  return joined(
    integer(6 * 2 ** 28 + trafficClass(packet) * 2 ** 20 + (numberOf(packet, 'ip6.flow') ?? 0), 4),
    integer(body.length, 2),
    integer(types[0] ?? upper, 1),
    integer(numberOf(packet, 'ttl') ?? DEFAULT_TTL, 1),
    packet.from?.address ?? new Uint8Array(16),
    packet.to?.address ?? new Uint8Array(16),
    body,
  );
}
