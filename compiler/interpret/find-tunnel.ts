/** The packet that a packet carries, and the places of the tunnels' own fields: "Tunnels" in `docs/packets.md`. */
import { type Carried, type Extent, room, uint, type Walk } from './dissection.ts';

/** How GRE and Geneve name what they carry; the first two are ethertypes, the third is Transparent Ethernet Bridging. */
const CARRIED_TYPES: Readonly<Record<number, Carried['link']>> = { 2048: 'ipv4', 34525: 'ipv6', 25944: 'ethernet' };

/** Looks behind the IP header, whose `proto` is known, at `data`. */
export function findIpTunnel(walk: Walk, data: Extent): void {
  switch (walk.facts.proto) {
    case 4:
      walk.carried = { ...data, link: 'ipv4' };
      return;
    case 41:
      walk.carried = { ...data, link: 'ipv6' };
      return;
    case 47:
      findGre(walk, data);
      return;
  }
}

const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_VERSION = 0x0007;

/** RFC 2784, RFC 2890. */
function findGre(walk: Walk, data: Extent): void {
  if (room(data.start, data) < 4) {
    return;
  }
  const flags = uint(walk.bytes, data.start, 2);
  if ((flags & (GRE_VERSION | GRE_ROUTING)) !== 0) {
    return;
  }
  let next = data.start + 4;
  if (flags & GRE_CHECKSUM) {
    next += 4;
  }
  if (flags & GRE_KEY) {
    walk.layers.gre_key = { start: next, end: data.end };
    next += 4;
  }
  if (flags & GRE_SEQUENCE) {
    next += 4;
  }
  carry(walk, uint(walk.bytes, data.start + 2, 2), { start: next, end: data.end });
}

const VXLAN_PORT = 4789;
const GENEVE_PORT = 6081;

/** Looks into the payload of UDP. */
export function findUdpTunnel(walk: Walk, destinationPort: number, payload: Extent): void {
  if (room(payload.start, payload) < 8) {
    return;
  }
  if (destinationPort === VXLAN_PORT) {
    findVxlan(walk, payload);
  } else if (destinationPort === GENEVE_PORT) {
    findGeneve(walk, payload);
  }
}

/** RFC 7348: the I flag says that there is an identifier. */
function findVxlan(walk: Walk, payload: Extent): void {
  if ((uint(walk.bytes, payload.start, 1) & 0x08) !== 0) {
    walk.layers.vxlan = payload;
    walk.carried = { start: payload.start + 8, end: payload.end, link: 'ethernet' };
  }
}

/** RFC 8926. */
function findGeneve(walk: Walk, payload: Extent): void {
  const first = uint(walk.bytes, payload.start, 1);
  if (first >> 6 === 0) {
    walk.layers.geneve = payload;
    const start = payload.start + 8 + (first & 0x3f) * 4;
    carry(walk, uint(walk.bytes, payload.start + 2, 2), { start, end: payload.end });
  }
}

/** A packet of this type, unless the tunnel's header leads out of the datagram. */
function carry(walk: Walk, type: number, where: Extent): void {
  const link = CARRIED_TYPES[type];
  if (link !== undefined && where.start <= where.end) {
    walk.carried = { ...where, link };
  }
}
