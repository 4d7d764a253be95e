/**
 * What the reference interpreter sees in a frame, straight from `docs/packets.md`. Only places and widths of fields come from
 * the field table; nothing is shared with `5-emit`.
 */
import type { HookName } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { type Carried, type Dissection, type Extent, noteFlaw, room, uint, type Walk } from './dissection.ts';
import { type FieldValue, readField, surroundingsAt } from './read-field.ts';
import { walkIpv4, walkIpv6 } from './walk-network.ts';

/**
 * Every field that is present in the frame, by name, as `src` and `dst` or `sport` and `dport` (never `addr` or `port`).
 * `mark` is what the kernel keeps beside a packet, and a captured frame has none: it counts as 0.
 */
export function dissect(frame: Uint8Array, hook: HookName = 'xdp'): ReadonlyMap<string, FieldValue> {
  const dissection = dissectFrame(frame, hook);
  const surroundings = surroundingsAt(hook);
  const values = new Map<string, FieldValue>();
  for (const field of FIELDS) {
    const value = readField(dissection, field, surroundings);
    if (value !== null) {
      values.set(field.name, value);
    }
  }
  return values;
}

/** Finds the headers of a frame that begins with the Ethernet header, as the hook sees it. Never throws, whatever the bytes. */
export function dissectFrame(frame: Uint8Array, hook: HookName = 'xdp'): Dissection {
  const whole = { start: 0, end: frame.length };
  const walk = startWalk(frame);
  if (hook.startsWith('cgroup')) {
    const link = findLink(frame, whole);
    walkNetwork(walk, IP_TYPES.has(link.type ?? 0) ? link : { ...link, type: null });
  } else {
    walkEthernet(walk, whole);
  }
  return walk;
}

/** The packet in a tunnel, which is whole at every hook; null: there is none. */
export function dissectCarried({ bytes, carried }: Dissection): Dissection | null {
  if (carried === null) {
    return null;
  }
  const walk = startWalk(bytes);
  if (carried.link === 'ethernet') {
    walkEthernet(walk, carried);
  } else {
    walkBareIp(walk, carried);
  }
  return walk;
}

function startWalk(bytes: Uint8Array): Walk {
  return { bytes, layers: {}, facts: { malformed: 0 }, kinds: {}, stretches: {}, carried: null, origins: {}, flaws: [] };
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const IP_TYPES: ReadonlySet<number> = new Set([IPV4, IPV6]);

function walkEthernet(walk: Walk, whole: Extent): void {
  const { layers, facts, stretches } = walk;
  const { start, end } = whole;
  layers.ethernet = { start, end };
  stretches.frame = { start, end };
  facts.frame_len = room(start, whole);
  const link = findLink(walk.bytes, whole);
  if (link.tag !== null) {
    layers.vlan = link.tag;
  }
  if (link.depth !== null) {
    facts.vlan_depth = link.depth;
  }
  if (link.type === null) {
    noteFlaw(walk, link.tag === null ? 'the Ethernet header needs 14 bytes' : 'a VLAN tag is cut off', link.tag ?? whole);
    return;
  }
  walk.origins.ethertype = { start: link.behind.start - 2, end: link.behind.start };
  if (link.type === MPLS || link.type === MPLS_MULTICAST) {
    layers.mpls = link.behind;
  }
  walkNetwork(walk, link);
}

function walkBareIp(walk: Walk, { start, end, link }: Carried): void {
  const whole = { start, end };
  walk.stretches.frame = whole;
  walk.facts.frame_len = room(start, whole);
  walkNetwork(walk, { type: link === 'ipv4' ? IPV4 : IPV6, behind: whole });
}

/** A type of null says that nobody knows what follows. */
function walkNetwork(walk: Walk, { type, behind }: Pick<Link, 'type' | 'behind'>): void {
  if (type === null) {
    return;
  }
  walk.facts.ethertype = type;
  walk.stretches.network = behind;
  if (type === IPV4) {
    walkIpv4(walk, behind);
  } else if (type === IPV6) {
    walkIpv6(walk, behind);
  }
}

const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const MOST_TAGS = 2;
const MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;

interface Link {
  /** null: cut off. */
  readonly type: number | null;
  /** What follows the type. */
  readonly behind: Extent;
  /** Tags whose TCI is there; null: no Ethernet header. */
  readonly depth: number | null;
  /** The outermost tag, which may be cut off. */
  readonly tag: Extent | null;
}

function findLink(bytes: Uint8Array, whole: Extent): Link {
  const { start, end } = whole;
  const cut = { type: null, behind: { start: end, end } };
  if (room(start, whole) < 14) {
    return { ...cut, depth: null, tag: null };
  }
  let type = uint(bytes, start + 12, 2);
  let next = start + 14;
  let depth = 0;
  let tag: Extent | null = null;
  for (; depth < MOST_TAGS && TAGS.has(type); depth++) {
    tag ??= { start: next, end };
    if (room(next, whole) < 4) {
      return { ...cut, depth: room(next, whole) < 2 ? depth : depth + 1, tag };
    }
    type = uint(bytes, next + 2, 2);
    next += 4;
  }
  return { type, behind: { start: next, end }, depth, tag };
}
