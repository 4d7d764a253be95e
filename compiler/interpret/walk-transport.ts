/** The transport layer of `docs/packets.md`, and where a packet in a tunnel begins. */
import type { Layer } from '../../grammar/fields/field.ts';
import { type Extent, noteFlaw, room, uint, type Walk } from './dissection.ts';
import { findIpTunnel, findUdpTunnel } from './find-tunnel.ts';
import { findSegmentSize, walkOptions } from './walk-options.ts';

interface Transport {
  readonly layer: Layer;
  /** Bytes of the header without options. */
  readonly size: number;
}

function transportOf(proto: number | undefined, family: 4 | 6): Transport | null {
  switch (proto) {
    case 1:
      return family === 4 ? { layer: 'icmp', size: 8 } : null;
    case 6:
      return { layer: 'tcp', size: 20 };
    case 17:
      return { layer: 'udp', size: 8 };
    case 58:
      return family === 6 ? { layer: 'icmp6', size: 8 } : null;
    case 132:
      return { layer: 'sctp', size: 12 };
    default:
      return null;
  }
}

/** `data` begins behind the IP headers and ends with the datagram; `proto` is known. */
export function walkTransport(walk: Walk, data: Extent, family: 4 | 6): void {
  walk.stretches.transport = data;
  findIpTunnel(walk, data);
  const transport = transportOf(walk.facts.proto, family);
  if (transport === null) {
    return;
  }
  const { bytes, facts, origins } = walk;
  const { start, end } = data;
  walk.layers[transport.layer] = data;
  let { size } = transport;
  if (transport.layer === 'tcp' && room(start, data) >= size) {
    const stated = (uint(bytes, start + 12, 1) >> 4) * 4;
    if (stated < size) {
      noteFlaw(walk, `the TCP data offset ${stated} is below 20`, { start: start + 12, end: start + 13 });
      return;
    }
    size = stated;
  }
  if (room(start, data) < size) {
    const name = transport.layer.toUpperCase();
    noteFlaw(walk, `the ${name} header needs ${size} bytes and the datagram has ${room(start, data)} for it`, data);
    return;
  }
  const payload = { start: start + size, end };
  walk.stretches.payload = payload;
  facts.payload_len = room(payload.start, payload);
  origins.payload_len = payload;
  if (transport.layer === 'tcp') {
    noteOptions(walk, { start: start + transport.size, end: payload.start });
  } else if (transport.layer === 'udp') {
    findUdpTunnel(walk, uint(bytes, start + 2, 2), payload);
  }
}

function noteOptions(walk: Walk, where: Extent): void {
  const options = walkOptions(walk.bytes, where);
  if (options.length > 0) {
    walk.kinds.tcp_options = { ...where, kinds: new Set(options.map(({ kind }) => kind)) };
  }
  const segmentSize = findSegmentSize(walk.bytes, options);
  if (segmentSize !== null) {
    walk.layers.tcp_mss = segmentSize;
  }
}
