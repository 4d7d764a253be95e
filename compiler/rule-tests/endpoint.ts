/** The addresses and ports of a test packet. */
import type { LiteralScalar, PacketNode } from '../../grammar/ast.ts';
import { endpointParts, judgeAddress } from '../../grammar/values/address.ts';
import { judgeMac } from '../../grammar/values/mac.ts';
import { judgeUint } from '../../grammar/values/number.ts';
import { type Context, replacing } from '../2-resolve/context.ts';
import { accept } from '../2-resolve/value-problem.ts';
import { integer, joined } from './frame-bytes.ts';
import type { Endpoint, PacketProtocol } from './test-packet.ts';

type Family = 4 | 6 | null;

/** Protocols over one IP version only. */
const FAMILY: Readonly<Partial<Record<PacketProtocol, 4 | 6>>> = { icmp: 4, ip: 4, arp: 4, icmp6: 6, ip6: 6 };
/** The same for the other IP version. */
const COUNTERPART: Readonly<Partial<Record<PacketProtocol, PacketProtocol>>> = {
  icmp: 'icmp6',
  ip: 'ip6',
  icmp6: 'icmp',
  ip6: 'ip',
};

export interface Endpoints {
  readonly from: Endpoint | null;
  readonly to: Endpoint | null;
}

/** What the packet's ports are to be: needed, allowed, or none. */
export type PortUse = 'needed' | 'allowed' | 'none' | 'none in a later fragment';

/** Both ends as written; null when one was refused, which is reported here. */
export function readEndpoints(context: Context, node: PacketNode, protocol: PacketProtocol, ports: PortUse): Endpoints | null {
  const { from, to } = node;
  if (from === null || to === null) {
    if (protocol === 'ethernet' || protocol === 'frame') return { from: null, to: null };
    const help = `write \`packet ${protocol} ${exampleOf(protocol, ports)}\``;
    return context.report('PKT2094', { protocol }, node.protocol.span, 'it has no addresses', { help });
  }
  if (protocol === 'frame') {
    const span = { start: from.span.start, end: to.span.end };
    return context.report('PKT2094', { protocol }, span, 'all of a frame is in `hex`');
  }
  const read = (literal: LiteralScalar) =>
    protocol === 'ethernet' ? readLinkEnd(context, literal) : readEnd(context, literal, protocol, ports);
  const [source, destination] = [read(from), read(to)];
  if (source === null || destination === null) return null;
  if (!sameFamily(context, node, protocol, [source, destination])) return null;
  return { from: source, to: destination };
}

function exampleOf(protocol: PacketProtocol, ports: PortUse): string {
  if (FAMILY[protocol] === 6) return 'fd00::1 > fd00::2';
  return ports === 'needed' ? '10.0.0.1:40000 > 192.0.2.1:22' : '10.0.0.1 > 192.0.2.1';
}

function readLinkEnd(context: Context, literal: LiteralScalar): Endpoint | null {
  const range = accept(context, literal, judgeMac(literal.text));
  if (range === null) return null;
  if (range[0] !== range[1])
    return context.report('PKT2094', { protocol: 'ethernet' }, literal.span, 'a packet has one address');
  return { address: integer(range[0], 6), port: null };
}

function readEnd(context: Context, literal: LiteralScalar, protocol: PacketProtocol, ports: PortUse): Endpoint | null {
  const { text, span } = literal;
  const parts = endpointParts(text);
  const bracketed = /^\[(.*)\]$/.exec(text)?.[1];
  const written = parts?.address ?? bracketed ?? text;
  const at = span.start + (text.startsWith('[') ? 1 : 0);
  const part: LiteralScalar = { kind: 'literal', text: written, span: { start: at, end: at + written.length }, to: null };
  const range = accept(context, part, judgeAddress(written));
  if (range === null) return null;
  if (written.includes('/')) return context.report('PKT2094', { protocol }, span, 'a packet has one address, not a network');
  const address = addressBytes(range.first);
  if (parts === null) return ports === 'needed' ? missingPort(context, literal, protocol) : { address, port: null };
  if (ports === 'none' || ports === 'none in a later fragment') {
    const label = ports === 'none' ? `${protocol} has no ports` : 'only the first fragment has ports';
    return context.report('PKT2094', { protocol }, span, label, { fixes: [replacing(span, parts.address)] });
  }
  const behind = { start: span.end - parts.port.length, end: span.end };
  const port = accept(context, { kind: 'literal', text: parts.port, span: behind, to: null }, judgeUint(parts.port, 16));
  return port === null ? null : { address, port };
}

function missingPort(context: Context, { text, span }: LiteralScalar, protocol: PacketProtocol): null {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  const example = bare.includes(':') ? `[${bare}]:40000` : `${bare}:40000`;
  return context.report('PKT2094', { protocol }, span, 'the port is missing', {
    help: `write \`${example}\`, with the port you mean`,
  });
}

function addressBytes(address: number | bigint): Uint8Array {
  if (typeof address === 'number') return integer(address, 4);
  const groups = Array.from({ length: 8 }, (_, group) => Number((address >> BigInt(112 - 16 * group)) & 0xffffn));
  return joined(...groups.map((group) => integer(group, 2)));
}

function sameFamily(context: Context, node: PacketNode, protocol: PacketProtocol, ends: readonly Endpoint[]): boolean {
  if (protocol === 'ethernet') return true;
  const [from, to] = ends.map(({ address }): Family => (address.length === 4 ? 4 : 6));
  const { start } = (node.from ?? node.protocol).span;
  const span = { start, end: (node.to ?? node.protocol).span.end };
  if (from !== to) {
    context.report('PKT2094', { protocol }, span, `from IPv${from} to IPv${to}`);
    return false;
  }
  const own = FAMILY[protocol];
  if (own === undefined || own === from) return true;
  const counterpart = COUNTERPART[protocol];
  const fixes = counterpart ? [replacing(node.protocol.span, counterpart)] : [];
  context.report('PKT2094', { protocol }, span, `${protocol} is of IPv${own}, these are IPv${from} addresses`, { fixes });
  return false;
}
