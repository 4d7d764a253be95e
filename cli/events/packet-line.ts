/** The parts of a line about one packet that live events and replayed packets share. */
import { ethertypeName, flagsText, icmpTypeName, protocolName } from './protocol-names.ts';

/** null: the packet has no such field. */
export interface PacketSummary {
  readonly ethertype: number | null;
  readonly proto: number | null;
  readonly src: string | null;
  readonly dst: string | null;
  readonly sport: number | null;
  readonly dport: number | null;
  readonly flags: number | null;
  readonly icmp_type: number | null;
}

/** `10.0.0.1:443`, `[fd00::1]:443`, `10.0.0.1`; empty without an address. */
export function endpointText(address: string | null, port: number | null): string {
  if (address === null) return '';
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `10.0.0.1:50000 → 10.0.0.2:22`; `-` without addresses. */
export function routeText(packet: PacketSummary, width: number): string {
  const from = endpointText(packet.src, packet.sport);
  const to = endpointText(packet.dst, packet.dport);
  return from === '' && to === '' ? '-' : `${from.padEnd(width)} → ${to}`;
}

/** `tcp SYN,ACK`, `icmp echo-request`, `udp`, `arp` */
export function protocolText(packet: PacketSummary): string {
  if (packet.proto === null) return packet.ethertype === null ? '-' : ethertypeName(packet.ethertype);
  const name = protocolName(packet.proto);
  if (packet.flags !== null) return `${name} ${flagsText(packet.flags)}`;
  return packet.icmp_type === null ? name : `${name} ${icmpTypeName(packet.proto, packet.icmp_type)}`;
}

const SECONDS_NS = 1_000_000_000n;

/** Makes texts such as `14:03:07.123456`, in local time. Packets come many a second, so the clock part is made once for each. */
export function createClockText(): (time_ns: bigint) => string {
  let second = -1n;
  let clock = '';
  return (time_ns) => {
    const seconds = time_ns / SECONDS_NS;
    if (seconds !== second) {
      second = seconds;
      const date = new Date(Number(seconds) * 1000);
      clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
    }
    return `${clock}.${String((time_ns % SECONDS_NS) / 1000n).padStart(6, '0')}`;
  };
}

/** `2026-11-21T09:14:33.128421123Z` */
export function isoTime(time_ns: bigint): string {
  const seconds = new Date(Number(time_ns / SECONDS_NS) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(time_ns % SECONDS_NS).padStart(9, '0')}Z`;
}

/** Payload as text: printable ASCII as it is, the rest as `\xNN`, `\r`, `\n`, `\t`; never a control character. */
export function payloadText(payload: Uint8Array): string {
  let text = '';
  for (const byte of payload) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += ESCAPES[byte] ?? `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r' };
