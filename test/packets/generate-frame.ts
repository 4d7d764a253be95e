import { arp, concat, type Ethernet, ethernet, integer, pad, type Tag } from './build-packet.ts';
import { mpls } from './build-tunnel.ts';
import { ipv4Datagram, ipv6Datagram } from './generate-network.ts';
import { asksFor, type Generation, number, v4Address } from './generation.ts';

const PLAIN_MAC: readonly number[] = [0xffffffffffff, 0x01005e000001, 0x333300000001, 0x020000000001];

function macAddress(generation: Generation, field: string): Uint8Array {
  const { random } = generation;
  return integer(random.chance(0.5) ? random.pick(PLAIN_MAC) : number(generation, field, 2 ** 48 - 1), 6);
}

/** An Ethernet frame as somebody might send it. */
export function generateFrame(generation: Generation): Uint8Array {
  const { random } = generation;
  const carried = random.weighted<() => { type: number; body: Uint8Array }>([
    [asksFor(generation.hints, 'ip.') ? 90 : 50, () => ({ type: 0x0800, body: ipv4Datagram(generation) })],
    [asksFor(generation.hints, 'ip6.') ? 90 : 40, () => ({ type: 0x86dd, body: ipv6Datagram(generation) })],
    [generation.hints.numbers.has('mpls.label') ? 60 : 3, () => labelled(generation)],
    [4, () => ({ type: 0x0806, body: arp(random.int(1, 2), v4Address(generation), v4Address(generation)) })],
    [generation.hints.numbers.has('ethertype') ? 40 : 4, () => typedFrame(generation, number(generation, 'ethertype', 0xffff))],
    // What the type says is not what follows.
    [2, () => ({ type: random.pick([0x0800, 0x86dd]), body: random.pick([ipv4Datagram, ipv6Datagram])(generation) })],
  ])();
  const link: Ethernet = {
    dmac: macAddress(generation, 'dmac'),
    smac: macAddress(generation, 'smac'),
    tags: tags(generation),
    type: carried.type,
  };
  const frame = ethernet(link, carried.body);
  return random.chance(0.15) ? pad(frame, random.pick([60, frame.length + random.int(1, 40)])) : frame;
}

function labelled(generation: Generation): { type: number; body: Uint8Array } {
  const { random } = generation;
  const labels = Array.from({ length: random.int(1, 3) }, (_, at) => mpls(number(generation, 'mpls.label', 0xfffff), at > 0));
  const body = concat(...labels, ipv4Datagram(generation));
  return { type: random.pick([0x8847, 0x8848]), body: random.chance(0.2) ? body.subarray(0, random.int(0, 5)) : body };
}

/** A body that fits the type, when the type is one of IP. */
function typedFrame(generation: Generation, type: number): { type: number; body: Uint8Array } {
  switch (type) {
    case 0x0800:
      return { type, body: ipv4Datagram(generation) };
    case 0x86dd:
      return { type, body: ipv6Datagram(generation) };
    default:
      return { type, body: generation.random.bytes(generation.random.int(0, 60)) };
  }
}

const TAG_FIELDS = ['vlan', 'vlan.pcp', 'vlan.depth'];

function tags(generation: Generation): readonly Tag[] {
  const { random } = generation;
  const count = random.weighted([
    [TAG_FIELDS.some((field) => generation.hints.numbers.has(field)) ? 25 : 70, 0],
    [14, 1],
    [11, 2],
    [5, 3],
  ]);
  return Array.from({ length: count }, () => ({
    tpid: random.weighted([
      [6, 0x8100],
      [3, 0x88a8],
      [2, 0x9100],
      [1, 0x9200],
    ]),
    id: number(generation, 'vlan', 0xfff),
    priority: number(generation, 'vlan.pcp', 7),
  }));
}
