/** What lies behind the IP header of a test packet. */
import { crc32c, internetChecksum } from './checksum.ts';
import { integer, joined, padded, withInteger } from './frame-bytes.ts';
import { tcpOptions } from './header-options.ts';
import { numberOf, type TestPacket } from './test-packet.ts';

/** Numbers of the protocols that `packet` has a word for (IANA protocol numbers). */
const NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmp6: 58, sctp: 132 };

/** Of an `ip` packet that says neither `proto` nor what it carries: for experiments (RFC 3692). */
const EXPERIMENT = 253;
const GRE = 47;
const IPV4_IN_IP = 4;
const IPV6_IN_IP = 41;

const ACK = 0x10;
const DEFAULT_WINDOW = 64_240;

/** What a message has at least behind its first 8 bytes, in bytes (RFC 792, RFC 950, RFC 4861, RFC 2710). */
const ICMP_BODY: Readonly<Record<number, number>> = { 13: 12, 14: 12, 17: 4, 18: 4 };
const ICMP6_BODY: Readonly<Record<number, number>> = { 130: 16, 131: 16, 132: 16, 134: 8, 135: 16, 136: 16, 137: 32 };

/** The number in the protocol field. @param innerFamily IP version of a packet carried with `ipip` */
export function protocolNumber(packet: TestPacket, innerFamily: 4 | 6 | null): number {
  const own = NUMBERS[packet.protocol];
  if (own !== undefined) return own;
  if (packet.tunnel?.name === 'gre') return GRE;
  if (packet.tunnel?.name === 'ipip') return innerFamily === 6 ? IPV6_IN_IP : IPV4_IN_IP;
  return numberOf(packet, 'proto') ?? EXPERIMENT;
}

/** Addresses, length and protocol, as the checksums over IP include them (RFC 768, RFC 8200 section 8.1). */
function pseudoHeader(packet: TestPacket, protocol: number, length: number): Uint8Array {
  const [from, to] = [packet.from?.address ?? new Uint8Array(), packet.to?.address ?? new Uint8Array()];
  return from.length === 4
    ? joined(from, to, integer(protocol, 2), integer(length, 2))
    : joined(from, to, integer(length, 4), integer(protocol, 4));
}

/** The transport header, checksum and all, and the data behind it. */
export function transportBytes(packet: TestPacket, data: Uint8Array): Uint8Array {
  const number = NUMBERS[packet.protocol] ?? 0;
  const summed = (segment: Uint8Array, at: number, never: number | null = null): Uint8Array => {
    const sum = internetChecksum(pseudoHeader(packet, number, segment.length), segment);
    return withInteger(segment, at, sum === 0 && never !== null ? never : sum, 2);
  };
  switch (packet.protocol) {
    case 'tcp':
      return summed(tcpSegment(packet, data), 16);
    case 'udp':
      // 0 would say that there is no checksum (RFC 768).
      return summed(udpDatagram(packet, data), 6, 0xffff);
    case 'icmp': {
      const message = icmpMessage(packet, 8, data, ICMP_BODY);
      return withInteger(message, 2, internetChecksum(message), 2);
    }
    case 'icmp6':
      return summed(icmpMessage(packet, 128, data, ICMP6_BODY), 2);
    case 'sctp':
      return sctpPacket(packet, data);
    default:
      return data;
  }
}

function portsOf({ from, to }: TestPacket): Uint8Array {
  return joined(integer(from?.port ?? 0, 2), integer(to?.port ?? 0, 2));
}

function tcpSegment(packet: TestPacket, data: Uint8Array): Uint8Array {
  const options = tcpOptions(packet.kinds.get('tcp.option') ?? [], numberOf(packet, 'tcp.mss'));
  const stated = numberOf(packet, 'tcp.hdrlen') ?? 20 + options.length;
  return joined(
    portsOf(packet),
    integer(numberOf(packet, 'tcp.seq') ?? 1, 4),
    integer(numberOf(packet, 'tcp.ack') ?? 0, 4),
    integer((stated / 4) << 4, 1),
    integer(numberOf(packet, 'flags') ?? ACK, 1),
    integer(numberOf(packet, 'tcp.window') ?? DEFAULT_WINDOW, 2),
    new Uint8Array(4),
    options,
    data,
  );
}

function udpDatagram(packet: TestPacket, data: Uint8Array): Uint8Array {
  const length = numberOf(packet, 'udp.len') ?? 8 + data.length;
  return joined(portsOf(packet), integer(length, 2), new Uint8Array(2), data);
}

/** @param request type when none is written: an echo request. @param bodies used when the test writes no payload */
function icmpMessage(
  packet: TestPacket,
  request: number,
  data: Uint8Array,
  bodies: Readonly<Record<number, number>>,
): Uint8Array {
  const type = numberOf(packet, 'icmp.type') ?? request;
  const written = packet.bytes.has('payload') || packet.numbers.has('payload.len');
  const body = written ? data : padded(data, bodies[type] ?? 0);
  return joined(integer(type, 1), integer(numberOf(packet, 'icmp.code') ?? 0, 1), new Uint8Array(6), body);
}

function sctpPacket(packet: TestPacket, data: Uint8Array): Uint8Array {
  const bytes = joined(portsOf(packet), integer(1, 4), new Uint8Array(4), data);
  const sum = crc32c(bytes);
  bytes.set(integer(sum, 4).reverse(), 8);
  return bytes;
}
