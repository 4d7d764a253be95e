/** The struct of values that rules compare, and the functions that read them from each header. */
import type { Fact, HeaderRead, Layer } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Place, Plan, Slot } from '../4-plan/plan.ts';
import { BLANK, binary, call, type Declaration, decimal, type Expr, hex, member, name, type Statement } from './c.ts';
import { contextReader } from './context-fields.ts';

/** A layer's C struct, and what its reader calls the header. */
const HEADERS: Readonly<Record<Layer, { readonly struct: string; readonly variable: string }>> = {
  ethernet: { struct: 'pktc_ethernet', variable: 'eth' },
  vlan: { struct: 'pktc_vlan', variable: 'tag' },
  mpls: { struct: 'pktc_mpls', variable: 'mpls' },
  ipv4: { struct: 'pktc_ipv4', variable: 'ip' },
  ipv6: { struct: 'pktc_ipv6', variable: 'ip' },
  tcp: { struct: 'pktc_tcp', variable: 'tcp' },
  tcp_mss: { struct: 'pktc_tcp_mss', variable: 'option' },
  udp: { struct: 'pktc_udp', variable: 'udp' },
  sctp: { struct: 'pktc_sctp', variable: 'sctp' },
  icmp: { struct: 'pktc_icmp', variable: 'icmp' },
  icmp6: { struct: 'pktc_icmp', variable: 'icmp' },
  gre_key: { struct: 'pktc_gre_key', variable: 'gre' },
  vxlan: { struct: 'pktc_vxlan', variable: 'vxlan' },
  geneve: { struct: 'pktc_geneve', variable: 'geneve' },
};

/** The C struct of a layer's header, in `templates/include/pktc/headers.h`. */
export function headerStruct(layer: Layer): string {
  return HEADERS[layer].struct;
}

/** What the walk finds out, beside bytes at a place: `pktc_set_proto(f, value)` takes it down. */
const FACTS: readonly Fact[] = [
  'frame_len',
  'ethertype',
  'vlan_depth',
  'proto',
  'frag',
  'payload_len',
  'malformed',
  'ip_options',
  'ip6_ext',
  'tcp_options',
];
const PLACES: readonly Place[] = ['frame_off', 'network_off', 'transport_off', 'payload_off', 'datagram_end'];

/** Nobody asks whether these are there. */
const NEVER_ASKED: ReadonlySet<Fact | Place> = new Set<Fact | Place>(['malformed', 'frame_off', 'datagram_end']);

/** What the walk looks for only where a rule asks: `templates/include/pktc/wants.h`. */
const WANTED_BY_LAYER: Readonly<Partial<Record<Layer, string>>> = {
  mpls: 'MPLS',
  tcp_mss: 'TCP_OPTIONS',
  gre_key: 'GRE',
  vxlan: 'VXLAN',
  geneve: 'GENEVE',
};
const WANTED_BY_FACT: Readonly<Partial<Record<Fact, string>>> = {
  ip_options: 'IP_OPTIONS',
  ip6_ext: 'IP6_EXT',
  tcp_options: 'TCP_OPTIONS',
};
const WANTED_BY_INNER: readonly string[] = ['INNER', 'GRE', 'VXLAN', 'GENEVE'];

const READ_NUMBER: Readonly<Record<HeaderRead['size'], string | null>> = {
  1: null,
  2: 'pktc_ntoh16',
  4: 'pktc_ntoh32',
  6: 'pktc_mac',
  16: null,
};

const C_TYPE: Readonly<Record<Slot['bytes'], string>> = {
  1: '__u8',
  2: '__u16',
  4: '__u32',
  8: '__u64',
  16: 'struct pktc_u128',
};

/** `PKTC_HAS_SRC4`: the slot's bit of `present`. */
export function presence(slot: Slot): Expr {
  return name(presenceName(slot.name));
}

export function presenceName(slot: string): string {
  return `PKTC_HAS_${slot.toUpperCase()}`;
}

/** The declarations that stand in place of `templates/include/pktc/fields.h`, with the slots of one plan. */
/** @param found words for what searches have found in the payload */
export function fieldDeclarations(plan: Pick<Plan, 'slots' | 'depth' | 'inner'>, found: number): readonly Declaration[] {
  const { slots, depth } = plan;
  return [
    { kind: 'define', name: 'PKTC_DEPTH', value: name(`PKTC_DEPTH_${depth.toUpperCase()}`) },
    ...wants(plan).map((want): Declaration => ({ kind: 'define', name: `PKTC_WANT_${want}`, value: decimal(1) })),
    BLANK,
    ...slots.filter(hasPresence).map(
      (slot): Declaration => ({
        kind: 'define',
        name: presenceName(slot.name),
        value: hex(1n << BigInt(slot.bit)),
      }),
    ),
    ...(found === 0 ? [] : [{ kind: 'define', name: 'PKTC_FOUND_WORDS', value: decimal(found) } as const]),
    BLANK,
    structOf(slots, found),
    ...writers(slots),
    ...contextReader(slots, presence),
    BLANK,
    { kind: 'include', path: 'pktc/unread.h' },
  ];
}

function hasPresence(slot: Slot): boolean {
  const found = slot.place ?? factOf(slot);
  return found === null || !NEVER_ASKED.has(found);
}

function wants({ slots, inner }: Pick<Plan, 'slots' | 'inner'>): readonly string[] {
  const wanted = new Set(inner ? WANTED_BY_INNER : []);
  for (const slot of slots) {
    const read = fieldNamed(slot.field)?.read;
    const layers = read?.kind === 'header' ? read.from.map((from) => WANTED_BY_LAYER[from.layer]) : [];
    for (const want of [...layers, read?.kind === 'fact' ? WANTED_BY_FACT[read.fact] : undefined]) {
      if (want !== undefined) wanted.add(want);
    }
  }
  return [...wanted].sort();
}

/** Widest first, so that no hole is left; the tail is filled up by name, so that every byte is somebody's. */
function structOf(slots: readonly Slot[], found: number): Declaration {
  const widest = [...slots].sort((a, b) => b.bytes - a.bytes);
  const members = [...widest.filter((slot) => slot.bytes > 8), null, ...widest.filter((slot) => slot.bytes <= 8)];
  const bytes = 8 + slots.reduce((sum, slot) => sum + slot.bytes, 0);
  const padding = (8 - (bytes % 8)) % 8;
  const foundMember = found === 0 ? [] : [{ type: '__u64', name: 'payload_found[PKTC_FOUND_WORDS]' }];
  return {
    kind: 'struct',
    name: 'pktc_fields',
    members: [
      ...members.flatMap((slot) =>
        slot === null ? [{ type: '__u64', name: 'present' }, ...foundMember] : [{ type: C_TYPE[slot.bytes], name: slot.name }],
      ),
      ...(padding > 0 ? [{ type: '__u8', name: `padding[${padding}]` }] : []),
    ],
  };
}

/**
 * What fills the struct: a function for each layer and each fact that rules ask for. A macro of the same name tells
 * `templates/include/pktc/unread.h` which ones there are: the others do nothing.
 */
function writers(slots: readonly Slot[]): readonly Declaration[] {
  const all = [
    ...(Object.keys(HEADERS) as Layer[]).map((layer) => readerOf(layer, slots)),
    ...[...FACTS, ...PLACES].map((found) => setterOf(found, slots)),
  ];
  return [
    ...all.flatMap((writer): readonly Declaration[] =>
      writer === null ? [] : [BLANK, { kind: 'define', name: writer.name, value: name(writer.name) }, writer],
    ),
  ];
}

type FunctionDeclaration = Extract<Declaration, { kind: 'function' }>;

function readerOf(layer: Layer, slots: readonly Slot[]): FunctionDeclaration | null {
  const { struct, variable } = HEADERS[layer];
  const body = slots.flatMap((slot) => {
    const read = headerRead(slot, layer);
    return read === null ? [] : [readStatement(slot, read, variable)];
  });
  if (body.length === 0) return null;
  return {
    kind: 'function',
    linkage: 'inline',
    returns: 'void',
    name: `pktc_read_${layer}`,
    parameters: [
      { type: 'struct pktc_fields *', name: 'f' },
      { type: `const struct ${struct} *`, name: variable },
      { type: '__u32', name: 'have' },
    ],
    body,
  };
}

/** How a slot is read from a layer's header; null: not from this layer. */
function headerRead(slot: Slot, layer: Layer): HeaderRead | null {
  const field = fieldNamed(slot.field);
  if (field?.read.kind !== 'header') return null;
  const read = field.read.from.find((from) => from.layer === layer);
  if (read === undefined) return null;
  return field.type.kind === 'address' && (read.size === 16) !== (slot.bytes === 16) ? null : read;
}

function readStatement(slot: Slot, read: HeaderRead, variable: string): Statement {
  const place = member(variable, read.member);
  return {
    kind: 'if',
    condition: call('pktc_covers', name('have'), name(variable), name(read.member)),
    body: [...assignments(slot, read, place), markPresent(slot)],
  };
}

function markPresent(slot: Slot): Statement {
  return { kind: 'set', to: member('f', 'present'), operator: '|=', value: presence(slot) };
}

function assignments(slot: Slot, read: HeaderRead, place: Expr): readonly Statement[] {
  if (read.size === 16) {
    return ['high', 'low'].map((half, index) => ({
      kind: 'set',
      to: member('f', `${slot.name}.${half}`),
      operator: '=',
      value: call('pktc_ntoh64', { kind: 'element', of: place, index }),
    }));
  }
  const reader = READ_NUMBER[read.size];
  const whole = reader === null ? place : call(reader, place);
  const masked = read.mask === undefined ? whole : binary(whole, '&', hex(read.mask));
  const shifted = read.shift === undefined ? masked : binary(masked, '>>', decimal(read.shift));
  const value = read.times === undefined ? shifted : binary(shifted, '*', decimal(read.times));
  return [{ kind: 'set', to: member('f', slot.name), operator: '=', value }];
}

function factOf(slot: Slot): Fact | null {
  const read = fieldNamed(slot.field)?.read;
  return read?.kind === 'fact' ? read.fact : null;
}

function setterOf(found: Fact | Place, slots: readonly Slot[]): FunctionDeclaration | null {
  const slot = slots.find((one) => (one.place ?? factOf(one)) === found);
  if (slot === undefined) return null;
  return {
    kind: 'function',
    linkage: 'inline',
    returns: 'void',
    name: `pktc_set_${found}`,
    parameters: [
      { type: 'struct pktc_fields *', name: 'f' },
      { type: C_TYPE[slot.bytes], name: 'value' },
    ],
    body: [
      { kind: 'set', to: member('f', slot.name), operator: '=', value: name('value') },
      ...(hasPresence(slot) ? [markPresent(slot)] : []),
    ],
  };
}
