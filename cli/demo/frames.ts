/** Ethernet frames made from nothing, with lengths and checksums as they should be. */
import { isIPv4, isIPv6 } from 'node:net';

export interface Route {
  readonly src: string;
  readonly dst: string;
}

const MACS = Uint8Array.of(0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2);
const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMP6 = 58;
const TTL = 64;
const WINDOW = 64_240;

/** @param flags the eight TCP flags as the header has them */
export function tcpFrame(route: Route, ports: readonly [number, number], flags: number, payload = ''): Uint8Array {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(ports[0], 0);
  header.writeUInt16BE(ports[1], 2);
  header.writeUInt32BE(1000, 4);
  header[12] = 5 << 4;
  header[13] = flags;
  header.writeUInt16BE(WINDOW, 14);
  return datagram(route, TCP, Buffer.concat([header, Buffer.from(payload)]), 16);
}

export function udpFrame(route: Route, ports: readonly [number, number], payload: string): Uint8Array {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(ports[0], 0);
  header.writeUInt16BE(ports[1], 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return datagram(route, UDP, Buffer.concat([header, Buffer.from(payload)]), 6);
}

/** An echo request with so many bytes behind its header. */
export function pingFrame(route: Route, bytes: number): Uint8Array {
  const message = Buffer.alloc(8 + bytes, 0x61);
  message.fill(0, 0, 8);
  message[0] = isIPv4(route.src) ? 8 : 128;
  return datagram(route, isIPv4(route.src) ? ICMP : ICMP6, message, 2);
}

/** @param checksumAt where the transport header keeps its checksum */
function datagram(route: Route, proto: number, transport: Buffer, checksumAt: number): Uint8Array {
  const src = addressBytes(route.src);
  const dst = addressBytes(route.dst);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(transport.length);
  const pseudo = proto === ICMP ? [] : [src, dst, length, Buffer.of(0, 0, 0, proto)];
  transport.writeUInt16BE(checksum(Buffer.concat([...pseudo, transport])), checksumAt);
  const isIpv4 = src.length === 4;
  const header = isIpv4 ? ipv4Header(src, dst, proto, transport.length) : ipv6Header(src, dst, proto, transport.length);
  return Buffer.concat([MACS, isIpv4 ? Buffer.of(0x08, 0x00) : Buffer.of(0x86, 0xdd), header, transport]);
}

function ipv4Header(src: Buffer, dst: Buffer, proto: number, length: number): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header.writeUInt16BE(20 + length, 2);
  header[8] = TTL;
  header[9] = proto;
  const whole = Buffer.concat([header, src, dst]);
  whole.writeUInt16BE(checksum(whole), 10);
  return whole;
}

function ipv6Header(src: Buffer, dst: Buffer, proto: number, length: number): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 0x60;
  header.writeUInt16BE(length, 4);
  header[6] = proto;
  header[7] = TTL;
  return Buffer.concat([header, src, dst]);
}

/** RFC 1071 */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** IPv4 dotted; IPv6 with at most one `::` and no dotted end. */
function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) =>
    text
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const behind = groups(tail);
  const zeros = Array.from({ length: 8 - before.length - behind.length }, () => 0);
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...zeros, ...behind].entries()) bytes.writeUInt16BE(group, index * 2);
  return bytes;
}
