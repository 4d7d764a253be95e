/** Live events as JSON: one flat object a line, always the same keys in the same order (docs/output.md). */
import type { PacketEvent } from '../../runtime/events.ts';
import { jsonLine } from '../json.ts';
import { isoTime } from './packet-line.ts';
import { ethertypeName, flagsText, protocolName } from './protocol-names.ts';

/** @param interfaces names by ifindex */
export function createEventLines(interfaces: ReadonlyMap<number, string>): (event: PacketEvent) => string {
  return (event) =>
    jsonLine({
      time: isoTime(event.time_ns),
      rule: event.rule_name,
      verdict: event.verdict,
      iface: interfaces.get(event.ifindex) ?? null,
      len: event.length,
      sample: event.sample,
      ethertype: event.ethertype === null ? null : ethertypeName(event.ethertype),
      vlan: event.vlan,
      src: event.src,
      dst: event.dst,
      proto: event.proto === null ? null : protocolName(event.proto),
      sport: event.sport,
      dport: event.dport,
      flags: event.flags === null ? null : flagsText(event.flags),
      icmp_type: event.icmp_type,
      icmp_code: event.icmp_code,
      payload_hex: event.payload.length > 0 ? Buffer.from(event.payload).toString('hex') : null,
    });
}
