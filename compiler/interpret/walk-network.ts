/** IPv4 and IPv6 of `docs/packets.md`, up to the transport layer. */
import { type Extent, room, uint, type Walk } from './dissection.ts';
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
    noteFragment(walk, { offset: fragment & 0x1fff, more: (fragment & 0x2000) !== 0 });
  }
  if (available >= 10) {
    facts.proto = uint(bytes, start + 9, 1);
  }
  if (available < 20) {
    facts.malformed = 1;
    return;
  }
  const version = uint(bytes, start, 1) >> 4;
  const headerLength = (uint(bytes, start, 1) & 0x0f) * 4;
  const totalLength = uint(bytes, start + 2, 2);
  // A total length of 0 is not a lie: segmentation offload leaves it so.
  const stated = totalLength === 0 ? available : totalLength;
  const end = start + Math.min(stated, available);
  walk.stretches.network = { start, end };
  const headerFits = version === 4 && headerLength >= 20 && headerLength <= available;
  if (headerFits) {
    noteOptions(walk, { start: start + 20, end: start + headerLength });
  }
  if (!headerFits || stated < headerLength) {
    facts.malformed = 1;
    return;
  }
  if (stated > available) {
    facts.malformed = 1;
  }
  if (facts.frag !== FRAG_LATER) {
    walkTransport(walk, { start: start + headerLength, end }, 4);
  }
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
  const { bytes, layers, facts } = walk;
  const { start } = data;
  layers.ipv6 = data;
  walk.stretches.network = data;
  if (room(start, data) < 40 || uint(bytes, start, 1) >> 4 !== 6) {
    facts.malformed = 1;
    return;
  }
  const payloadLength = uint(bytes, start + 4, 2);
  const next = uint(bytes, start + 6, 1);
  const stated = start + 40 + payloadLength;
  // A payload length of 0 is a jumbogram, or segmentation offload.
  const end = payloadLength === 0 ? data.end : Math.min(stated, data.end);
  walk.stretches.network = { start, end };
  if (stated > data.end) {
    facts.malformed = 1;
    if (EXTENSIONS.has(next)) {
      return;
    }
  }
  walkExtensions(walk, { start: start + 40, end }, next);
}

function walkExtensions(walk: Walk, data: Extent, first: number): void {
  const { bytes, facts } = walk;
  let { start } = data;
  let type = first;
  for (let walked = 0; EXTENSIONS.has(type); walked++) {
    const length = room(start, data) >= 8 ? extensionLength(type, uint(bytes, start + 1, 1)) : 8;
    if (walked === MOST_EXTENSIONS || room(start, data) < length) {
      facts.malformed = 1;
      return;
    }
    noteExtension(walk, type, { start: data.start, end: start + length });
    const next = uint(bytes, start, 1);
    if (type === FRAGMENT) {
      const fragment = uint(bytes, start + 2, 2);
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

function noteFragment({ facts }: Walk, { offset, more }: { offset: number; more: boolean }): void {
  if (offset !== 0) {
    facts.frag = FRAG_LATER;
  } else if (more) {
    facts.frag = FRAG_FIRST;
  }
}
