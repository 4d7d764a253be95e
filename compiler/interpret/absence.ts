/** Why a field is absent, in a few words for people. */
import type { Field, HeaderRead, Layer } from '../../grammar/fields/field.ts';
import type { Dissection } from './dissection.ts';
import type { Surroundings } from './read-field.ts';

const NAMES: Readonly<Record<Layer, string>> = {
  ethernet: 'Ethernet',
  vlan: 'VLAN tag',
  mpls: 'MPLS',
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  tcp: 'TCP',
  tcp_mss: 'maximum segment size option',
  udp: 'UDP',
  sctp: 'SCTP',
  icmp: 'ICMP',
  icmp6: 'ICMPv6',
  gre_key: 'GRE key',
  vxlan: 'VXLAN',
  geneve: 'Geneve',
};

const LINK: ReadonlySet<Layer> = new Set<Layer>(['ethernet', 'vlan', 'mpls']);
const NETWORK: ReadonlySet<Layer> = new Set<Layer>(['ipv4', 'ipv6']);

/** `field` is absent in the packet. */
export function whyAbsent(dissection: Dissection, field: Field, { hook }: Surroundings): string {
  const { read } = field;
  switch (read.kind) {
    case 'header':
      return withoutHeader(dissection, read.from, field);
    case 'fact':
      return withoutFact(dissection, field);
    case 'raw':
      return withoutStretch(dissection, field);
    case 'payload':
      return noPayload(dissection) ?? field.absent;
    case 'context':
      return `nobody knows the interface of this packet (${hook})`;
    case 'either':
      return field.absent;
  }
}

function withoutHeader(dissection: Dissection, from: readonly HeaderRead[], field: Field): string {
  const { layers } = dissection;
  const cut = from.find((read) => layers[read.layer] !== undefined);
  const place = cut && layers[cut.layer];
  if (cut !== undefined && place !== undefined) {
    const first = place.start + cut.offset;
    const of = NETWORK.has(cut.layer) || LINK.has(cut.layer) ? 'packet' : 'datagram';
    return `cut off: it is read from bytes ${first} to ${first + cut.size - 1}, and the ${of} ends before byte ${place.end}`;
  }
  const wanted = from.map((read) => read.layer);
  const names = alternatives(wanted.map((layer) => NAMES[layer]));
  if (wanted.every((layer) => LINK.has(layer))) return noLink(dissection) ?? `there is no ${names}`;
  if (wanted.every((layer) => NETWORK.has(layer))) return noNetwork(dissection, names);
  return noTransport(dissection) ?? notThatTransport(dissection, names, field);
}

function notThatTransport({ facts, layers }: Dissection, names: string, field: Field): string {
  const { proto } = facts;
  if (field.name === 'tcp.mss' && layers.tcp !== undefined) return 'there is no such TCP option';
  if (field.group === 'tunnels')
    return proto === 47 || layers.udp !== undefined ? field.absent : `proto ${proto} is no such tunnel`;
  return `proto ${proto} is not ${names}`;
}

function withoutFact(dissection: Dissection, field: Field): string {
  switch (field.name) {
    case 'proto':
      return noNetwork(dissection, 'IP') ?? field.absent;
    case 'frag':
      return (dissection.layers.ipv4 ?? dissection.layers.ipv6) ? 'the packet is not a fragment' : noNetwork(dissection, 'IP');
    case 'ip.options':
      return dissection.layers.ipv4 === undefined
        ? noNetwork(dissection, 'IPv4')
        : (flawText(dissection) ?? 'the header has no options');
    case 'ip6.ext':
      return dissection.layers.ipv6 === undefined
        ? noNetwork(dissection, 'IPv6')
        : (flawText(dissection) ?? 'the packet has no extension headers');
    case 'tcp.option':
      if (dissection.layers.tcp === undefined) return noTransport(dissection) ?? `proto ${dissection.facts.proto} is not TCP`;
      return flawText(dissection) ?? 'the header has no options';
    case 'payload.len':
      return noPayload(dissection) ?? field.absent;
    default:
      return noLink(dissection) ?? field.absent;
  }
}

function withoutStretch(dissection: Dissection, field: Field): string {
  const { read } = field;
  if (read.kind !== 'raw') return field.absent;
  const { base, offset, size } = read;
  const stretch = dissection.stretches[base === 'tail' ? 'payload' : base];
  if (stretch !== undefined) {
    const length = stretch.end - stretch.start;
    const name = base === 'tail' ? 'payload' : base;
    return `the ${name} has ${length} ${length === 1 ? 'byte' : 'bytes'}, and ${base === 'tail' ? offset : offset + size} are needed`;
  }
  switch (base) {
    case 'frame':
    case 'network':
      return noLink(dissection) ?? field.absent;
    case 'transport':
      return noTransport(dissection) ?? field.absent;
    default:
      return noPayload(dissection) ?? field.absent;
  }
}

/** null: the link layer is whole. */
function noLink(dissection: Dissection): string | null {
  if (dissection.stretches.frame === undefined) return 'a cgroup hook sees no link layer';
  if (dissection.layers.ethernet === undefined) return 'an IP packet in a tunnel has no link layer';
  return dissection.facts.ethertype === undefined ? (flawText(dissection) ?? null) : null;
}

function noNetwork(dissection: Dissection, names: string): string {
  const { ethertype } = dissection.facts;
  if (ethertype === undefined) return noLink(dissection) ?? 'there is no network layer';
  const isIp = ethertype === 0x0800 || ethertype === 0x86dd;
  const wrong = `the ethertype 0x${ethertype.toString(16).padStart(4, '0')} is not that of ${names}`;
  return isIp && names === 'IP' ? (flawText(dissection) ?? wrong) : wrong;
}

/** null: a transport layer begins, of whatever protocol. */
function noTransport(dissection: Dissection): string | null {
  const { layers, stretches, facts } = dissection;
  if (layers.ipv4 === undefined && layers.ipv6 === undefined) return noNetwork(dissection, 'IP');
  if (stretches.transport !== undefined) return null;
  return facts.frag === 2 ? 'a later fragment has no transport header' : flawText(dissection);
}

/** null: there is a payload. */
function noPayload(dissection: Dissection): string | null {
  if (dissection.stretches.payload !== undefined) return null;
  return noTransport(dissection) ?? flawText(dissection) ?? `proto ${dissection.facts.proto} has no payload that is looked at`;
}

function flawText({ flaws }: Dissection): string | null {
  return flaws.at(-1)?.reason ?? null;
}

/** `a, b or c` */
function alternatives(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
