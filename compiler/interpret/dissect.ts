/**
 * What the reference interpreter sees in a frame, straight from `docs/packets.md`. Only places and widths of fields come from
 * the field table; nothing is shared with `5-emit`.
 */
import type { Fact, Field, FieldRead, HeaderRead, HookName, Layer } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';

/** Bytes of the frame, `end` exclusive. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

export interface Dissection {
  readonly frame: Uint8Array;
  /** Where each header starts, and where the bytes end that may still count as part of it. */
  readonly layers: Readonly<Partial<Record<Layer, Extent>>>;
  readonly facts: Readonly<Partial<Record<Fact, number>>>;
  /** What lies behind the transport header; null where there is no such thing. */
  readonly payload: Extent | null;
}

/** An IPv4 address and every integer is a number, an IPv6 address a bigint. */
export type FieldValue = number | bigint;

/**
 * Every field that is present in the frame, by name, as `src` and `dst` or `sport` and `dport` (never `addr` or `port`).
 * `mark` is what the kernel keeps beside a packet, and a captured frame has none: it counts as 0.
 */
export function dissect(frame: Uint8Array, hook: HookName = 'xdp'): ReadonlyMap<string, FieldValue> {
  const dissection = dissectFrame(frame);
  const values = new Map<string, FieldValue>();
  for (const field of FIELDS) {
    const value = readField(dissection, field, hook);
    if (value !== null) {
      values.set(field.name, value);
    }
  }
  return values;
}

/** Finds the headers. Never throws, whatever the bytes. */
export function dissectFrame(frame: Uint8Array): Dissection {
  const walk: Walk = { frame, layers: {}, facts: { frame_len: frame.length, malformed: 0 }, payload: null };
  walkLink(walk);
  return walk;
}

/** The field's value, null when it is absent (and for `addr` and `port`, which stand for two fields). */
export function readField(dissection: Dissection, field: Field, hook: HookName): FieldValue | null {
  const read: FieldRead = field.read;
  switch (read.kind) {
    case 'header':
      return readHeader(dissection, read.from);
    case 'fact':
      return dissection.facts[read.fact] ?? null;
    case 'context':
      return read.what === 'direction' && hook.endsWith('egress') ? 1 : 0;
    case 'either':
    case 'raw':
    case 'payload':
      return null;
  }
}

function readHeader({ frame, layers }: Dissection, places: readonly HeaderRead[]): FieldValue | null {
  for (const place of places) {
    const layer = layers[place.layer];
    if (layer !== undefined) {
      const start = layer.start + place.offset;
      return start + place.size <= layer.end ? readInteger(frame, start, place) : null;
    }
  }
  return null;
}

function readInteger(frame: Uint8Array, start: number, place: HeaderRead): FieldValue {
  if (place.size === 16) {
    let wide = 0n;
    for (let at = start; at < start + 16; at += 4) {
      wide = (wide << 32n) | BigInt(uint(frame, at, 4));
    }
    return wide;
  }
  const value = uint(frame, start, place.size);
  return (place.mask === undefined ? value : (value & place.mask) >>> (place.shift ?? 0)) * (place.times ?? 1);
}

/* The walk, one function a layer, in the order of docs/packets.md. */

interface Walk {
  readonly frame: Uint8Array;
  readonly layers: Partial<Record<Layer, Extent>>;
  readonly facts: Partial<Record<Fact, number>>;
  payload: Extent | null;
}

const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const MOST_TAGS = 2;

function walkLink(walk: Walk): void {
  const { frame, layers, facts } = walk;
  layers.ethernet = { start: 0, end: frame.length };
  if (frame.length < 14) {
    facts.malformed = 1;
    return;
  }
  let type = uint(frame, 12, 2);
  let next = 14;
  for (let tags = 0; tags < MOST_TAGS && TAGS.has(type); tags++) {
    layers.vlan ??= { start: next, end: frame.length };
    if (next + 4 > frame.length) {
      facts.malformed = 1;
      return;
    }
    type = uint(frame, next + 2, 2);
    next += 4;
  }
  facts.ethertype = type;
  if (type === 0x0800) {
    walkIpv4(walk, next);
  } else if (type === 0x86dd) {
    walkIpv6(walk, next);
  }
}

function walkIpv4(walk: Walk, start: number): void {
  const { frame, layers, facts } = walk;
  const available = frame.length - start;
  layers.ipv4 = { start, end: frame.length };
  if (available >= 8) {
    const fragment = uint(frame, start + 6, 2);
    noteFragment(walk, { offset: fragment & 0x1fff, more: (fragment & 0x2000) !== 0 });
  }
  if (available >= 10) {
    facts.proto = uint(frame, start + 9, 1);
  }
  if (available < 20) {
    facts.malformed = 1;
    return;
  }
  const version = uint(frame, start, 1) >> 4;
  const headerLength = (uint(frame, start, 1) & 0x0f) * 4;
  const totalLength = uint(frame, start + 2, 2);
  // A total length of 0 is not a lie: segmentation offload leaves it so.
  const stated = totalLength === 0 ? available : totalLength;
  if (version !== 4 || headerLength < 20 || headerLength > available || stated < headerLength) {
    facts.malformed = 1;
    return;
  }
  if (stated > available) {
    facts.malformed = 1;
  }
  if (facts.frag !== FRAG_LATER) {
    walkTransport(walk, { start: start + headerLength, end: start + Math.min(stated, available) }, 4);
  }
}

/* Types of IPv6 extension headers (RFC 8200, RFC 4302). */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;
const EXTENSIONS: ReadonlySet<number> = new Set([HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION]);
const MOST_EXTENSIONS = 8;

function walkIpv6(walk: Walk, start: number): void {
  const { frame, layers, facts } = walk;
  layers.ipv6 = { start, end: frame.length };
  if (start + 40 > frame.length || uint(frame, start, 1) >> 4 !== 6) {
    facts.malformed = 1;
    return;
  }
  const payloadLength = uint(frame, start + 4, 2);
  const next = uint(frame, start + 6, 1);
  const stated = start + 40 + payloadLength;
  if (stated > frame.length) {
    facts.malformed = 1;
    if (EXTENSIONS.has(next)) {
      return;
    }
  }
  // A payload length of 0 is a jumbogram, or segmentation offload.
  const end = payloadLength === 0 ? frame.length : Math.min(stated, frame.length);
  walkExtensions(walk, { start: start + 40, end }, next);
}

function walkExtensions(walk: Walk, data: Extent, first: number): void {
  const { frame, facts } = walk;
  let { start } = data;
  let type = first;
  for (let walked = 0; EXTENSIONS.has(type); walked++) {
    const length = start + 8 <= data.end ? extensionLength(type, uint(frame, start + 1, 1)) : 8;
    if (walked === MOST_EXTENSIONS || start + length > data.end) {
      facts.malformed = 1;
      return;
    }
    const next = uint(frame, start, 1);
    if (type === FRAGMENT) {
      const fragment = uint(frame, start + 2, 2);
      noteFragment(walk, { offset: fragment >> 3, more: (fragment & 1) !== 0 });
      if (fragment >> 3 !== 0) {
        facts.proto = next;
        return;
      }
    }
    start += length;
    type = next;
  }
  facts.proto = type;
  walkTransport(walk, { start, end: data.end }, 6);
}

/** In bytes, from the header's own length byte. */
function extensionLength(type: number, lengthByte: number): number {
  switch (type) {
    case FRAGMENT:
      return 8;
    case AUTHENTICATION:
      return (lengthByte + 2) * 4;
    default:
      return (lengthByte + 1) * 8;
  }
}

const FRAG_FIRST = 1;
const FRAG_LATER = 2;

function noteFragment({ facts }: Walk, { offset, more }: { offset: number; more: boolean }): void {
  if (offset !== 0) {
    facts.frag = FRAG_LATER;
  } else if (more) {
    facts.frag = FRAG_FIRST;
  }
}

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

function walkTransport(walk: Walk, data: Extent, family: 4 | 6): void {
  const transport = transportOf(walk.facts.proto, family);
  if (transport === null) {
    return;
  }
  walk.layers[transport.layer] = data;
  let { size } = transport;
  if (transport.layer === 'tcp' && data.start + size <= data.end) {
    const stated = (uint(walk.frame, data.start + 12, 1) >> 4) * 4;
    if (stated < size) {
      walk.facts.malformed = 1;
      return;
    }
    size = stated;
  }
  if (data.start + size > data.end) {
    walk.facts.malformed = 1;
    return;
  }
  walk.payload = { start: data.start + size, end: data.end };
  walk.facts.payload_len = data.end - data.start - size;
}

/** Big-endian; the caller has made sure that the bytes are there. */
function uint(frame: Uint8Array, start: number, size: number): number {
  let value = 0;
  for (let at = start; at < start + size; at++) {
    value = value * 256 + (frame[at] ?? 0);
  }
  return value;
}
