import type { Fact, Field, FieldRead, Layer } from '../../grammar/fields/field.ts';
import { FIELDS, fieldNamed } from '../../grammar/fields/index.ts';
import type { Span } from '../../grammar/source.ts';
import type { BytePattern, Expression, NumberRange, Predicate } from '../2-resolve/program.ts';

const NOWHERE: Span = { start: 0, end: 0 };
const IP = 0x0800;
const IP6 = 0x86dd;

/** What a packet that has a layer is: `docs/packets.md`. */
interface Needs {
  readonly ethertypes: readonly number[];
  readonly proto: number | null;
}

const LAYERS: Readonly<Record<Layer, Needs | null>> = {
  ethernet: null,
  vlan: null,
  mpls: { ethertypes: [0x8847, 0x8848], proto: null },
  ipv4: { ethertypes: [IP], proto: null },
  ipv6: { ethertypes: [IP6], proto: null },
  tcp: { ethertypes: [IP, IP6], proto: 6 },
  tcp_mss: { ethertypes: [IP, IP6], proto: 6 },
  udp: { ethertypes: [IP, IP6], proto: 17 },
  sctp: { ethertypes: [IP, IP6], proto: 132 },
  icmp: { ethertypes: [IP], proto: 1 },
  icmp6: { ethertypes: [IP6], proto: 58 },
  gre_key: { ethertypes: [IP, IP6], proto: 47 },
  vxlan: { ethertypes: [IP, IP6], proto: 17 },
  geneve: { ethertypes: [IP, IP6], proto: 17 },
};

const TRANSPORT: readonly Layer[] = ['tcp', 'udp', 'sctp', 'icmp', 'icmp6'];

/** Layers of which a packet with the field has one; null: it may have none. */
function layersOf(field: Field): readonly Layer[] | null {
  const { read } = field;
  if (read.kind === 'header') return read.from.map((from) => from.layer);
  if (read.kind === 'payload' || (read.kind === 'raw' && (read.base === 'payload' || read.base === 'tail'))) return TRANSPORT;
  return read.kind === 'fact' ? (OF_FACT[read.fact] ?? null) : null;
}

const OF_FACT: Readonly<Partial<Record<Fact, readonly Layer[]>>> = {
  proto: ['ipv4', 'ipv6'],
  frag: ['ipv4', 'ipv6'],
  ip_options: ['ipv4'],
  ip6_ext: ['ipv6'],
  tcp_options: ['tcp'],
  payload_len: TRANSPORT,
};

function equal(field: string, values: readonly number[]): Predicate {
  const ranges = values.toSorted((a, b) => a - b).map((value): NumberRange => [value, value]);
  return { kind: 'in', field, ranges, span: NOWHERE };
}

function impliedBy(field: Field): Expression | null {
  const needs = layersOf(field)?.map((layer) => LAYERS[layer]) ?? [null];
  const known = needs.filter((need) => need !== null);
  if (known.length < needs.length) return null;
  // Layers over the same families are one alternative: `dport` needs tcp, udp or sctp.
  const families = new Map<string, { readonly ethertypes: readonly number[]; readonly protos: number[] }>();
  for (const { ethertypes, proto } of known) {
    const key = ethertypes.join();
    const family = families.get(key) ?? { ethertypes, protos: [] };
    if (proto !== null) family.protos.push(proto);
    families.set(key, family);
  }
  const alternatives = [...families.values()];
  if (alternatives.every(({ protos }) => protos.length === 0)) {
    return equal(
      'ethertype',
      alternatives.flatMap(({ ethertypes }) => ethertypes),
    );
  }
  const notLater: Expression = { kind: 'not', of: equal('frag', [2]) };
  const of = alternatives.map(
    ({ ethertypes, protos }): Expression => ({
      kind: 'and',
      of: [equal('ethertype', ethertypes), equal('proto', protos), notLater],
    }),
  );
  const [first] = of;
  return of.length === 1 && first ? first : { kind: 'or', of };
}

const IMPLIED: ReadonlyMap<string, Expression> = new Map(
  FIELDS.flatMap((field) => {
    const implied = impliedBy(field);
    return implied ? [[field.name, implied] as const] : [];
  }),
);

/** Only a packet that is no later fragment has a transport layer. */
const TRANSPORTED: Expression = { kind: 'and', of: [equal('ethertype', [IP, IP6]), { kind: 'not', of: equal('frag', [2]) }] };

/** What is true of every packet that has the field; null: nothing in particular. */
export function implied(field: string): Expression | null {
  const known = IMPLIED.get(field);
  if (known) return known;
  const raw = fieldNamed(field);
  if (raw?.read.kind !== 'raw') return null;
  if (raw.read.base === 'transport') return TRANSPORTED;
  const all = [impliedBy(raw), longEnough(raw.read)].filter((part) => part !== null);
  return all.length === 0 ? null : { kind: 'and', of: all };
}

/** A packet that has the bytes is as long as that. */
function longEnough(read: Extract<FieldRead, { readonly kind: 'raw' }>): Expression | null {
  const end = read.base === 'tail' ? read.offset : read.offset + read.size;
  if (read.base === 'frame') return atLeast('len', end);
  return read.base === 'payload' || read.base === 'tail' ? atLeast('payload.len', end) : null;
}

function atLeast(field: string, first: number): Predicate {
  const { type } = fieldNamed(field) ?? {};
  return { kind: 'in', field, ranges: [[first, 2 ** (type?.kind === 'uint' ? type.bits : 32) - 1]], span: NOWHERE };
}

/** The shortest of the patterns fits into a payload that contains one of them. */
export function impliedByPatterns(patterns: readonly BytePattern[]): Predicate {
  return atLeast(
    'payload.len',
    patterns.reduce((least, { bytes }) => Math.min(least, bytes.length), Number.POSITIVE_INFINITY),
  );
}

/** IPv4 and IPv6 in IP, UDP (VXLAN, Geneve), GRE. */
const TUNNELS: readonly number[] = [4, 17, 41, 47];

/** What is true of every packet that has another one in it. */
export const TUNNEL: Expression = { kind: 'and', of: [TRANSPORTED, equal('proto', TUNNELS)] };

/** What is true of every packet whose address is in one of the families. */
export function impliedByFamilies(v4: boolean, v6: boolean): Predicate {
  return equal('ethertype', [...(v4 ? [IP] : []), ...(v6 ? [IP6] : [])]);
}

export const ARP: Predicate = equal('ethertype', [0x0806]);
export const IPV4: Predicate = equal('ethertype', [IP]);
export const IPV6: Predicate = equal('ethertype', [IP6]);
