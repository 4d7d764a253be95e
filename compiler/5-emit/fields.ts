/** The struct of values that rules compare, and the functions that read them from each header. */
import type { Fact, Field, HeaderRead, Layer } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Depth, Slot } from '../4-plan/plan.ts';
import { BLANK, binary, call, type Declaration, decimal, type Expr, hex, member, name, type Statement } from './c.ts';

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

/** Member of struct pktc_packet that holds a fact, and the bit of `known` that says it does; null: always. */
const FACTS: Readonly<Record<Fact, { readonly member: string; readonly known: string | null }>> = {
  frame_len: { member: 'frame_len', known: null },
  ethertype: { member: 'ethertype', known: 'PKTC_KNOWN_ETHERTYPE' },
  proto: { member: 'proto', known: 'PKTC_KNOWN_PROTO' },
  frag: { member: 'frag', known: 'PKTC_KNOWN_FRAG' },
  payload_len: { member: 'payload_len', known: 'PKTC_KNOWN_PAYLOAD' },
  malformed: { member: 'malformed', known: null },
  vlan_depth: { member: 'vlan_depth', known: 'PKTC_KNOWN_VLAN_DEPTH' },
  ip_options: { member: 'ip_options', known: 'PKTC_KNOWN_IP_OPTIONS' },
  ip6_ext: { member: 'ip6_ext', known: 'PKTC_KNOWN_IP6_EXT' },
  tcp_options: { member: 'tcp_options', known: 'PKTC_KNOWN_TCP_OPTIONS' },
};

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
  return name(`PKTC_HAS_${slot.name.toUpperCase()}`);
}

/** The declarations that stand in place of `templates/include/pktc/fields.h`, with the slots of one plan. */
export function fieldDeclarations(slots: readonly Slot[], depth: Depth): readonly Declaration[] {
  return [
    { kind: 'define', name: 'PKTC_DEPTH', value: name(`PKTC_DEPTH_${depth.toUpperCase()}`) },
    BLANK,
    ...slots.map(
      (slot): Declaration => ({
        kind: 'define',
        name: `PKTC_HAS_${slot.name.toUpperCase()}`,
        value: hex(1n << BigInt(slot.bit)),
      }),
    ),
    BLANK,
    structOf(slots),
    ...(Object.keys(HEADERS) as Layer[]).flatMap((layer) => readerOf(layer, slots)),
    BLANK,
    factReader(slots),
  ];
}

/** Widest first, so that no hole is left; the tail is filled up by name, so that every byte is somebody's. */
function structOf(slots: readonly Slot[]): Declaration {
  const widest = [...slots].sort((a, b) => b.bytes - a.bytes);
  const members = [...widest.filter((slot) => slot.bytes > 8), null, ...widest.filter((slot) => slot.bytes <= 8)];
  const bytes = 8 + slots.reduce((sum, slot) => sum + slot.bytes, 0);
  const padding = (8 - (bytes % 8)) % 8;
  return {
    kind: 'struct',
    name: 'pktc_fields',
    members: [
      ...members.map((slot) =>
        slot === null ? { type: '__u64', name: 'present' } : { type: C_TYPE[slot.bytes], name: slot.name },
      ),
      ...(padding > 0 ? [{ type: '__u8', name: `padding[${padding}]` }] : []),
    ],
  };
}

function readerOf(layer: Layer, slots: readonly Slot[]): readonly Declaration[] {
  const { struct, variable } = HEADERS[layer];
  const body = slots.flatMap((slot) => {
    const read = headerRead(slot, layer);
    return read === null ? [] : [readStatement(slot, read, variable)];
  });
  const reader = `pktc_read_${layer}`;
  if (body.length === 0) return [BLANK, { kind: 'nothing', name: reader, parameters: ['f', variable, 'have'] }];
  return [
    BLANK,
    {
      kind: 'function',
      linkage: 'inline',
      returns: 'void',
      name: reader,
      parameters: [
        { type: 'struct pktc_fields *', name: 'f' },
        { type: `const struct ${struct} *`, name: variable },
        { type: '__u32', name: 'have' },
      ],
      body,
    },
  ];
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
  return [{ kind: 'set', to: member('f', slot.name), operator: '=', value: shifted }];
}

function factReader(slots: readonly Slot[]): Declaration {
  return {
    kind: 'function',
    linkage: 'inline',
    returns: 'void',
    name: 'pktc_read_facts',
    parameters: [
      { type: 'struct pktc_fields *', name: 'f' },
      { type: 'const struct pktc_packet *', name: 'p' },
    ],
    body: slots.flatMap((slot) => {
      const field = fieldNamed(slot.field);
      return field?.read.kind === 'fact' ? factStatements(slot, field, field.read.fact) : [];
    }),
  };
}

function factStatements(slot: Slot, field: Field, fact: Fact): readonly Statement[] {
  const { member: holder, known } = FACTS[fact];
  // A field may have a second slot, such as where the payload begins: it is named as the packet's member is.
  const source = slot.name === field.name.replaceAll('.', '_') ? holder : slot.name;
  const copy: Statement = { kind: 'set', to: member('f', slot.name), operator: '=', value: member('p', source) };
  if (known === null) return [copy, markPresent(slot)];
  return [copy, { kind: 'if', condition: binary(member('p', 'known'), '&', name(known)), body: [markPresent(slot)] }];
}
