/** Which values a program reads from each packet, and how wide they are in C. Everything here follows from the field table. */
import type { Fact, Field, Layer, ValueType } from '../../grammar/fields/field.ts';
import { FIELDS, fieldNamed } from '../../grammar/fields/index.ts';
import type { Depth, Place, Slot } from './plan.ts';

/** Fields that an event record carries: `templates/include/pktc/action_log.h` reads them. */
export const EVENT_FIELDS: readonly string[] = [
  'ethertype',
  'vlan',
  'src',
  'dst',
  'proto',
  'sport',
  'dport',
  'flags',
  'icmp.type',
  'icmp.code',
];

/** Facts that every packet has. */
const NEVER_ABSENT: ReadonlySet<Fact> = new Set<Fact>(['frame_len', 'malformed']);

const LAYER_DEPTH: Readonly<Record<Layer, Depth>> = {
  ethernet: 'link',
  vlan: 'link',
  mpls: 'link',
  ipv4: 'network',
  ipv6: 'network',
  tcp: 'transport',
  tcp_mss: 'transport',
  udp: 'transport',
  sctp: 'transport',
  icmp: 'transport',
  icmp6: 'transport',
  gre_key: 'transport',
  vxlan: 'transport',
  geneve: 'transport',
};

const FACT_DEPTH: Readonly<Record<Fact, Depth>> = {
  frame_len: 'link',
  ethertype: 'link',
  vlan_depth: 'link',
  proto: 'network',
  frag: 'network',
  payload_len: 'transport',
  malformed: 'transport',
  ip_options: 'network',
  ip6_ext: 'network',
  tcp_options: 'transport',
};

const PLACE_DEPTH: Readonly<Record<Place, Depth>> = {
  frame_off: 'link',
  network_off: 'link',
  transport_off: 'network',
  payload_off: 'transport',
  datagram_end: 'network',
};

/**
 * Headers begin within the first 34 KiB: two tags, IPv6 with eight extension headers of 2 KiB, a tunnel's header, and that again.
 * A datagram may end further behind.
 */
const PLACE_BYTES: Readonly<Record<Place, 2 | 4>> = {
  frame_off: 2,
  network_off: 2,
  transport_off: 2,
  payload_off: 2,
  datagram_end: 4,
};

const PLACES = Object.keys(PLACE_DEPTH) as Place[];

const DEPTHS: readonly Depth[] = ['link', 'network', 'transport'];

/** Name of the slot for a field's value; addresses have one a family. */
export function slotName(field: string, family: '' | '4' | '6' = ''): string {
  return `${field.replaceAll('.', '_')}${family}`;
}

/** Bits of the set that a field is: of kinds, one for each list that rules compare with; of interfaces, those of the map. */
const SET_BITS = 64;

function bytesFor(bits: number): 1 | 2 | 4 | 8 {
  return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8;
}

function bytesOf(type: ValueType, kindLists: number): 1 | 2 | 4 | 8 {
  switch (type.kind) {
    case 'uint':
    case 'flags':
      return bytesFor(type.bits);
    case 'mac':
      return 8;
    case 'kinds':
      return bytesFor(kindLists);
    case 'interface':
      return bytesFor(SET_BITS);
    default:
      return 1;
  }
}

export function isNeverAbsent(field: Field): boolean {
  if (field.read.kind === 'context') return field.read.what !== 'iface';
  return field.read.kind === 'fact' && NEVER_ABSENT.has(field.read.fact);
}

/** Whether a packet that has it has both addresses, too: its header stands behind them. */
export function isBehindAddresses(name: string): boolean {
  const field = fieldNamed(name);
  if (field === undefined || isNeverAbsent(field)) return false;
  const depths = fieldDepths(name);
  return depths.length > 0 && depths.every((depth) => depth === 'transport');
}

/** A slot before the plan gives it its bit. */
export type Unnumbered = Omit<Slot, 'bit'>;

/** Slots of a field that is read from the packet; an address has one a family. */
function slotsOfField(field: Field, kindLists: number): readonly Unnumbered[] {
  if (field.type.kind === 'address') {
    return [
      { name: slotName(field.name, '4'), field: field.name, place: null, bytes: 4 },
      { name: slotName(field.name, '6'), field: field.name, place: null, bytes: 16 },
    ];
  }
  return [{ name: slotName(field.name), field: field.name, place: null, bytes: bytesOf(field.type, kindLists) }];
}

/** Every place there is. */
export function allPlaces(): ReadonlySet<Place> {
  return new Set(PLACES);
}

/**
 * The slots for a set of fields, in the order of the table, and those for places. `len` is always among them, as every packet is
 * counted with its length.
 * @param kindLists how many lists of option kinds the rules have
 */
export function slotsFor(
  fields: ReadonlySet<string>,
  places: ReadonlySet<Place>,
  kindLists: number = SET_BITS,
): readonly Slot[] {
  const slots: Unnumbered[] = [];
  for (const field of FIELDS) {
    const used = fields.has(field.name) || field.name === 'len';
    if (used && (field.read.kind === 'header' || field.read.kind === 'fact' || field.read.kind === 'context')) {
      slots.push(...slotsOfField(field, kindLists));
    }
  }
  for (const place of PLACES) {
    if (places.has(place)) slots.push({ name: place, field: '', place, bytes: PLACE_BYTES[place] });
  }
  return slots.map((slot, bit) => ({ ...slot, bit }));
}

/** How far into a packet the walk has to go for these slots. */
export function depthFor(slots: readonly Slot[]): Depth {
  let deepest = 0;
  for (const { field, place } of slots) {
    const depths = place === null ? fieldDepths(field) : [PLACE_DEPTH[place]];
    deepest = Math.max(deepest, ...depths.map((depth) => DEPTHS.indexOf(depth)));
  }
  return DEPTHS[deepest] ?? 'transport';
}

function fieldDepths(name: string): readonly Depth[] {
  const read = fieldNamed(name)?.read;
  if (read?.kind === 'header') return read.from.map((from) => LAYER_DEPTH[from.layer]);
  return read?.kind === 'fact' ? [FACT_DEPTH[read.fact]] : [];
}
