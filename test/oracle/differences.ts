/**
 * Where pktc and libpcap differ on purpose: `docs/differences.md` says why, the predicates here say on which packets. They look
 * at the bytes for themselves, so that a mistake of the interpreter cannot excuse itself.
 */

export interface DifferenceClass {
  /** The heading in `docs/differences.md`. */
  readonly name: string;
  /** How deep a condition must look to be touched by it. */
  readonly depth: Depth;
  /** Whether this is the reason why pktc says `ours` and libpcap the opposite. The frame carries no tag any more. */
  explains(packet: Layout, ours: boolean): boolean;
}

/** Headers a condition looks at: up to IP addresses and the like, up to `proto`, ports and flags, or the payload too. */
export type Depth = 'network' | 'transport' | 'payload';
const DEPTHS: readonly Depth[] = ['network', 'transport', 'payload'];

export function depthOf(condition: string): Depth {
  if (/\bpayload\.len\b/.test(condition)) {
    return 'payload';
  }
  return /\b(?:proto|tcp|udp|sctp|icmp6?|[sd]?port|flags)\b/.test(condition) ? 'transport' : 'network';
}

/** The first class that explains the difference; null: none does. */
export function differenceOf(untagged: Uint8Array, ours: boolean, condition: string): string | null {
  const packet = layoutOf(untagged);
  const reached = DEPTHS.indexOf(depthOf(condition));
  const found = DIFFERENCES.find((one) => DEPTHS.indexOf(one.depth) <= reached && one.explains(packet, ours));
  return found?.name ?? null;
}

/** Where things are in a frame without tags, by what the headers say and no more. */
export interface Layout {
  readonly length: number;
  readonly type: number;
  readonly version: number;
  /** 0: the frame carries no IP. */
  readonly headerLength: number;
  /** As stated: IPv4 total length, IPv6 payload length + 40. */
  readonly statedEnd: number;
  readonly transport: number;
  /** IPv4 protocol, IPv6 next header. */
  readonly next: number;
  readonly tcpHeaderLength: number;
}

export function layoutOf(frame: Uint8Array): Layout {
  const byte = (at: number): number => frame[at] ?? 0;
  const short = (at: number): number => byte(at) * 256 + byte(at + 1);
  const type = short(12);
  const ip4 = type === 0x0800;
  const headerLength = ip4 ? (byte(14) & 0x0f) * 4 : type === 0x86dd ? 40 : 0;
  const transport = 14 + headerLength;
  return {
    length: frame.length,
    type,
    version: byte(14) >> 4,
    headerLength,
    statedEnd: 14 + (ip4 ? short(16) : 40 + short(18)),
    transport,
    next: ip4 ? byte(23) : byte(20),
    tcpHeaderLength: (byte(transport + 12) >> 4) * 4,
  };
}

const isIp = ({ type }: Layout): boolean => type === 0x0800 || type === 0x86dd;
const EXTENSION_HEADERS: ReadonlySet<number> = new Set([0, 43, 44, 51, 60]);
/** The longest transport header without options; no expression of the table reads further. */
const READ_OF_TRANSPORT = 20;

export const DIFFERENCES: readonly DifferenceClass[] = [
  {
    name: 'addresses in ARP',
    depth: 'network',
    explains: ({ type }, ours) => (type === 0x0806 || type === 0x8035) && !ours,
  },
  {
    name: 'reads beyond the end of the frame',
    depth: 'network',
    explains: (packet, ours) =>
      ours && packet.length < (isIp(packet) ? Math.max(packet.transport, 14 + 40) + READ_OF_TRANSPORT : 14 + 28),
  },
  {
    name: 'headers cut in part',
    depth: 'network',
    explains: (packet, ours) => !ours && packet.length < (isIp(packet) ? Math.max(packet.transport, 14 + 20) : 14),
  },
  {
    name: 'padding',
    depth: 'transport',
    explains: (packet) =>
      isIp(packet) && packet.statedEnd < packet.length && packet.statedEnd < packet.transport + READ_OF_TRANSPORT,
  },
  {
    name: 'headers that contradict themselves',
    depth: 'transport',
    explains: (packet) =>
      (packet.type === 0x0800 && (packet.version !== 4 || packet.headerLength < 20 || packet.statedEnd < packet.transport)) ||
      (packet.type === 0x86dd && packet.version !== 6) ||
      (isIp(packet) && packet.next === 6 && packet.tcpHeaderLength < 20),
  },
  {
    name: 'headers that leave their datagram',
    depth: 'payload',
    explains: (packet) =>
      isIp(packet) &&
      packet.next === 6 &&
      packet.transport + packet.tcpHeaderLength > Math.min(packet.length, packet.statedEnd),
  },
  {
    name: 'lengths that lie',
    depth: 'payload',
    explains: (packet) => isIp(packet) && (packet.statedEnd > packet.length || packet.statedEnd === 14),
  },
  {
    name: 'IPv6 extension headers',
    depth: 'transport',
    explains: (packet) => packet.type === 0x86dd && EXTENSION_HEADERS.has(packet.next),
  },
];

export const TAGS_DIFFERENCE = 'VLAN tags';

const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);

/** The frame without its first two tags, as libpcap would have to see it to answer like pktc. */
export function withoutTags(frame: Uint8Array): Uint8Array {
  let tags = 0;
  while (tags < 2 && TAGS.has(((frame[12 + tags * 4] ?? 0) << 8) | (frame[13 + tags * 4] ?? 0))) {
    tags++;
  }
  return tags === 0 ? frame : Uint8Array.from(Buffer.concat([frame.subarray(0, 12), frame.subarray(12 + tags * 4)]));
}
