/** IPv4 and IPv6 of `docs/packets.md`, up to the transport layer. */
import { type Extent, note, noteFlaw, room, uint, type Walk } from './dissection.ts';
import { walkOptions } from './walk-options.ts';
import { walkTransport } from './walk-transport.ts';

/** `data` begins with the IPv4 header and ends with the frame. */
export function walkIpv4(walk: Walk, data: Extent): void {
  const { bytes, layers, facts } = walk;
  const { start } = data;
  const available = room(start, data);
  layers.ipv4 = data;
  walk.stretches.network = data;
  if (available >= 8) {
    const fragment = uint(bytes, start + 6, 2);
    noteFragment(walk, { offset: fragment & 0x1fff, more: (fragment & 0x2000) !== 0, at: start + 6 });
  }
  if (available >= 10) {
    note(walk, 'proto', uint(bytes, start + 9, 1), start + 9, 1);
  }
  if (available < 20) {
    noteFlaw(walk, `the IPv4 header needs 20 bytes and ${available} are there`, data);
    return;
  }
  const version = uint(bytes, start, 1) >> 4;
  const headerLength = (uint(bytes, start, 1) & 0x0f) * 4;
  const totalLength = uint(bytes, start + 2, 2);
  // A total length of 0 is not a lie: segmentation offload leaves it so.
  const stated = totalLength === 0 ? available : totalLength;
  const end = start + Math.min(stated, available);
  walk.stretches.network = { start, end };
  const flaw = headerFlaw(version, headerLength, available);
  if (flaw !== null) {
    noteFlaw(walk, flaw, { start, end: start + 1 });
    return;
  }
  noteOptions(walk, { start: start + 20, end: start + headerLength });
  if (stated < headerLength) {
    const reason = `the IPv4 total length ${stated} is below the header length ${headerLength}`;
    noteFlaw(walk, reason, { start: start + 2, end: start + 4 });
    return;
  }
  if (stated > available) {
    const reason = `the IPv4 total length ${stated} leads beyond the ${available} bytes that are there`;
    noteFlaw(walk, reason, { start: start + 2, end: start + 4 });
  }
  if (facts.frag !== FRAG_LATER) {
    walkTransport(walk, { start: start + headerLength, end }, 4);
  }
}

/** What makes the end of the header unknown; null: nothing does. */
function headerFlaw(version: number, headerLength: number, available: number): string | null {
  if (version !== 4) {
    return `the version is ${version} where the type says IPv4`;
  }
  if (headerLength < 20) {
    return `the IPv4 header length ${headerLength} is below 20`;
  }
  return headerLength > available
    ? `the IPv4 header length ${headerLength} leads beyond the ${available} bytes that are there`
    : null;
}

function noteOptions(walk: Walk, where: Extent): void {
  const options = walkOptions(walk.bytes, where);
  if (options.length > 0) {
    walk.kinds.ip_options = { ...where, kinds: new Set(options.map(({ kind }) => kind)) };
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

/** `data` begins with the IPv6 header and ends with the frame. */
export function walkIpv6(walk: Walk, data: Extent): void {
  const { bytes, layers } = walk;
  const { start } = data;
  layers.ipv6 = data;
  walk.stretches.network = data;
  if (room(start, data) < 40) {
    noteFlaw(walk, `the IPv6 header needs 40 bytes and ${room(start, data)} are there`, data);
    return;
  }
  const version = uint(bytes, start, 1) >> 4;
  if (version !== 6) {
    noteFlaw(walk, `the version is ${version} where the type says IPv6`, { start, end: start + 1 });
    return;
  }
  const payloadLength = uint(bytes, start + 4, 2);
  const next = uint(bytes, start + 6, 1);
  const stated = start + 40 + payloadLength;
  // A payload length of 0 is a jumbogram, or segmentation offload.
  const end = payloadLength === 0 ? data.end : Math.min(stated, data.end);
  walk.stretches.network = { start, end };
  if (stated > data.end) {
    const reason = `the IPv6 payload length ${payloadLength} leads beyond the ${room(start + 40, data)} bytes that are there`;
    noteFlaw(walk, reason, { start: start + 4, end: start + 6 });
    if (EXTENSIONS.has(next)) {
      return;
    }
  }
  walkExtensions(walk, { start: start + 40, end }, { type: next, at: start + 6 });
}

/** A next header byte. */
interface Next {
  readonly type: number;
  readonly at: number;
}

function walkExtensions(walk: Walk, data: Extent, first: Next): void {
  const { bytes } = walk;
  let { start } = data;
  let { type, at } = first;
  for (let walked = 0; EXTENSIONS.has(type); walked++) {
    const length = room(start, data) >= 8 ? extensionLength(type, uint(bytes, start + 1, 1)) : 8;
    if (walked === MOST_EXTENSIONS) {
      noteFlaw(walk, `there are more than ${MOST_EXTENSIONS} extension headers`, { start: at, end: at + 1 });
      return;
    }
    if (room(start, data) < length) {
      const reason = `the extension header of type ${type} needs ${length} bytes and ${room(start, data)} are there`;
      noteFlaw(walk, reason, { start, end: data.end });
      return;
    }
    noteExtension(walk, type, { start: data.start, end: start + length });
    const next = uint(bytes, start, 1);
    if (type === FRAGMENT) {
      const fragment = uint(bytes, start + 2, 2);
      noteFragment(walk, { offset: fragment >> 3, more: (fragment & 1) !== 0, at: start + 2 });
      if (fragment >> 3 !== 0) {
        note(walk, 'proto', next, start, 1);
        return;
      }
    }
    at = start;
    start += length;
    type = next;
  }
  note(walk, 'proto', type, at, 1);
  walkTransport(walk, { start, end: data.end }, 6);
}

function noteExtension(walk: Walk, type: number, sofar: Extent): void {
  walk.kinds.ip6_ext = { ...sofar, kinds: new Set([...(walk.kinds.ip6_ext?.kinds ?? []), type]) };
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

/** The 2 bytes at `at` hold the offset, in units of 8 bytes, and whether more fragments follow. */
function noteFragment(walk: Walk, { offset, more, at }: { offset: number; more: boolean; at: number }): void {
  if (offset !== 0) {
    note(walk, 'frag', FRAG_LATER, at, 2);
  } else if (more) {
    note(walk, 'frag', FRAG_FIRST, at, 2);
  }
}
