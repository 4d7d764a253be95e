/** The bugs. Each is a mistake that somebody could make, in the phase that is named first. */
import type { Change, Mutant } from './run-mutant.ts';
import { SUITES } from './suites.ts';
import { IN_BOXES, IN_FLOWS, IN_TREES } from './tree-mutants.ts';

const C = 'templates/include/pktc';
const values = { killedBy: SUITES.values };
const resolve = { killedBy: SUITES.resolve };
const meaning = { killedBy: SUITES.meaning };
const interpret = { killedBy: SUITES.interpret };
const comparison = { killedBy: SUITES.comparison };

const IN_VALUES: readonly Mutant[] = [
  {
    what: 'neighbouring ranges are not merged',
    file: 'grammar/values/ranges.ts',
    from: 'first <= next(tail[1])',
    to: 'first <= tail[1]',
    ...values,
  },
  {
    what: 'the complement keeps the last value of a range',
    file: 'grammar/values/ranges.ts',
    from: 'from = next(last);',
    to: 'from = last;',
    ...values,
  },
  {
    what: 'a range inside another shortens it',
    file: 'grammar/values/ranges.ts',
    from: 'if (last > tail[1]) tail[1] = last;',
    to: 'tail[1] = last;',
    ...values,
  },
];

const IN_RESOLVE: readonly Mutant[] = [
  {
    what: '`<` takes the number itself',
    file: 'compiler/2-resolve/number.ts',
    from: "=== '<' ? value - 1",
    to: "=== '<' ? value",
    ...meaning,
  },
  {
    what: '`>` takes the number itself',
    file: 'compiler/2-resolve/number.ts',
    from: "=== '>' ? value + 1",
    to: "=== '>' ? value",
    ...meaning,
  },
  {
    what: '`!=` on a number means `=`',
    file: 'compiler/2-resolve/number.ts',
    from: "compared.operator === '!=' ? complement(canonical, 0, 2 ** type.bits - 1) : canonical",
    to: 'canonical',
    ...resolve,
  },
  {
    what: '`!=` on an address forgets the other family',
    file: 'compiler/2-resolve/address.ts',
    from: 'v6: complement6(v6) }',
    to: 'v6 }',
    ...meaning,
  },
  {
    what: '`addr != X` is either of the two',
    file: 'compiler/2-resolve/comparison.ts',
    from: 'return negated ? both(of) : either(of);',
    to: 'return either(of);',
    ...resolve,
  },
  {
    what: '`flags SYN,!ACK` does not look at ACK',
    file: 'compiler/2-resolve/flags.ts',
    from: 'const mask = named.reduce((bits, flag) => bits | flag.bit, 0);',
    to: 'const mask = named.reduce((bits, flag) => (flag.bang ? bits : bits | flag.bit), 0);',
    ...meaning,
  },
  {
    what: '`flags = SYN` does not look at the other flags',
    file: 'compiler/2-resolve/flags.ts',
    from: "return told({ kind: 'bits', field: field.name, mask: all, value, span });",
    to: "return told({ kind: 'bits', field: field.name, mask, value, span });",
    ...meaning,
  },
  {
    what: '`tcp.option != mss` is true without options',
    file: 'compiler/2-resolve/kinds.ts',
    from: "negated: operator === '!='",
    to: 'negated: false',
    ...resolve,
  },
  {
    what: 'a mask in one piece is taken for one with holes, and the other way round',
    file: 'compiler/2-resolve/mask.ts',
    from: 'return (host & (host + 1n)) === 0n ? host : null;',
    to: 'return (host & (host + 1n)) === 0n ? null : host;',
    ...resolve,
  },
];

const IN_INTERPRETER: readonly Mutant[] = [
  {
    what: 'a comparison on an absent field is true',
    file: 'compiler/interpret/packet.ts',
    from: 'return value !== null && accepts(expression, value);',
    to: 'return value === null || accepts(expression, value);',
    ...interpret,
  },
  {
    what: 'a packet that is no tunnel satisfies `inner`',
    file: 'compiler/interpret/packet.ts',
    from: 'return carried !== null && holds(expression.of, carried);',
    to: 'return carried === null || holds(expression.of, carried);',
    ...interpret,
  },
  {
    what: 'a third tag is stepped over',
    file: 'compiler/interpret/dissect.ts',
    from: 'const MOST_TAGS = 2;',
    to: 'const MOST_TAGS = 3;',
    ...interpret,
  },
  {
    what: 'a raw read runs past the end of its stretch',
    file: 'compiler/interpret/read-field.ts',
    from: 'start + size <= stretch.end ? { start',
    to: 'start <= stretch.end ? { start',
    ...interpret,
  },
];

/** Mistakes in the C headers: the comparison of interpreter and kernel sees them. */
export const C_MUTANTS: readonly Change[] = [
  {
    what: 'ports in the byte order of the machine',
    file: `${C}/bpf.h`,
    from: '#define pktc_ntoh16(x) __builtin_bswap16(x)',
    to: '#define pktc_ntoh16(x) (x)',
  },
  {
    what: 'addresses in the byte order of the machine',
    file: `${C}/bpf.h`,
    from: '#define pktc_ntoh32(x) __builtin_bswap32(x)',
    to: '#define pktc_ntoh32(x) (x)',
  },
  {
    what: 'a range without its last value',
    file: `${C}/compare.h`,
    from: 'static __always_inline bool pktc_in(__u32 value, __u32 first, __u32 last)\n{\n\treturn value - first <= last - first;',
    to: 'static __always_inline bool pktc_in(__u32 value, __u32 first, __u32 last)\n{\n\treturn value - first < last - first;',
  },
  {
    what: 'an IPv6 range without its first address',
    file: `${C}/compare.h`,
    from: 'low >= first_low);',
    to: 'low > first_low);',
  },
  {
    what: 'the lower half of an IPv6 prefix is not looked at',
    file: `${C}/compare.h`,
    from: 'return value.high == first_high && pktc_in64(value.low, first_low, last_low);',
    to: 'return value.high == first_high;',
  },
  {
    what: 'a mask with holes is compared in its upper half',
    file: `${C}/compare.h`,
    from: '(value.high & mask_high) == high && (value.low & mask_low) == low',
    to: '(value.high & mask_high) == high || (value.low & mask_low) == low',
    shownBy: /(?:src|dst|addr) &/,
  },
  {
    what: 'one of several fields is enough',
    file: `${C}/compare.h`,
    from: '(pktc_read((f)->present) & (bits)) == (bits))',
    to: '(pktc_read((f)->present) & (bits)) != 0)',
  },
  {
    what: 'a set of values begins one behind its edge',
    file: `${C}/set.h`,
    from: '(((__u64)(edge) - (value) - 1) >> 63)',
    to: '(((__u64)(edge) - (value)) >> 63)',
    // Shorter lists are compared one by one.
    shownBy: /\{(?:[^{},]*,){12}/,
  },
  {
    what: 'tags of type 0x88a8 are missing',
    file: `${C}/parse_ethernet.h`,
    from: 'type == PKTC_TYPE_VLAN || type == PKTC_TYPE_QINQ ||',
    to: 'type == PKTC_TYPE_VLAN ||',
  },
  {
    what: 'the inner tag gives the identifier',
    file: `${C}/parse_ethernet.h`,
    from: '\t\tif (i == 0)\n\t\t\tpktc_read_vlan',
    to: '\t\tif (1)\n\t\t\tpktc_read_vlan',
    shownBy: /vlan/,
  },
  {
    what: 'later fragments have ports',
    file: `${C}/parse_ipv4.h`,
    from: 'later = frag_off & PKTC_IPV4_OFFSET_MASK;',
    to: 'later = (frag_off & PKTC_IPV4_OFFSET_MASK) > 8191;',
  },
  {
    what: 'the fragment offset loses a bit',
    file: `${C}/parse_ipv4.h`,
    from: '#define PKTC_IPV4_OFFSET_MASK 0x1fff',
    to: '#define PKTC_IPV4_OFFSET_MASK 0x0fff',
  },
  {
    what: 'More Fragments is the wrong bit',
    file: `${C}/parse_ipv4.h`,
    from: '#define PKTC_IPV4_MORE_FRAGMENTS 0x2000',
    to: '#define PKTC_IPV4_MORE_FRAGMENTS 0x4000',
    shownBy: /frag/,
  },
  {
    what: 'an IPv4 header is always five words',
    file: `${C}/parse_ipv4.h`,
    from: '\tp->off += header_len;',
    to: '\tp->off += sizeof(*ip);',
  },
  {
    what: 'a header length below 20 is taken',
    file: `${C}/parse_ipv4.h`,
    from: 'ip->version_ihl >> 4 != 4 || header_len < sizeof(*ip) ||',
    to: 'ip->version_ihl >> 4 != 4 ||',
  },
  {
    what: 'the version is not looked at',
    file: `${C}/parse_ipv4.h`,
    from: 'ip->version_ihl >> 4 != 4 || header_len',
    to: 'header_len',
  },
  {
    what: 'padding is payload',
    file: `${C}/parse_ipv4.h`,
    from: '\t\t\tp->end = p->off + total_len;',
    to: '\t\t\tp->end = p->len;',
  },
  {
    what: 'an authentication header is counted in units of 8 bytes',
    file: `${C}/parse_ipv6.h`,
    from: 'return (ext->len + 2) * 4;',
    to: 'return (ext->len + 1) * 8;',
  },
  {
    what: 'an extension header without its first 8 bytes',
    file: `${C}/parse_ipv6.h`,
    from: '\treturn (ext->len + 1) * 8;',
    to: '\treturn ext->len * 8 + 4;',
  },
  {
    what: 'the ninth extension header is walked',
    file: `${C}/parse_ipv6.h`,
    from: '#define PKTC_EXTENSIONS_MAX 8',
    to: '#define PKTC_EXTENSIONS_MAX 9',
    shownBy: /ip6\.ext/,
  },
  {
    what: 'a later IPv6 fragment has ports',
    file: `${C}/parse_ipv6.h`,
    from: '#define PKTC_IPV6_OFFSET_MASK 0xfff8',
    to: '#define PKTC_IPV6_OFFSET_MASK 0x0000',
  },
  {
    what: 'a jumbogram is empty',
    file: `${C}/parse_ipv6.h`,
    from: '\telse if (payload_len)\n\t\tp->end',
    to: '\telse\n\t\tp->end',
  },
  {
    what: 'a TCP data offset below 5 is taken',
    file: `${C}/parse_transport.h`,
    from: '\tif (unlikely(header_len < sizeof(*tcp))) {',
    to: '\tif (unlikely(!header_len)) {',
  },
  {
    what: 'TCP options are payload',
    file: `${C}/parse_transport.h`,
    from: 'if (pktc_find_payload(p, f, header_len) &&',
    to: 'if (pktc_find_payload(p, f, sizeof(*tcp)) &&',
  },
  {
    what: 'ICMPv6 over IPv4 counts as ICMP',
    file: `${C}/parse_transport.h`,
    from: 'p->ethertype == PKTC_TYPE_IPV4 ? PKTC_PROTO_ICMP : PKTC_PROTO_ICMP6;',
    to: 'PKTC_PROTO_ICMP6;',
  },
  {
    what: 'a field that ends with the bytes there are is absent',
    file: `${C}/packet.h`,
    from: '((have) >= offsetof(',
    to: '((have) > offsetof(',
  },
  {
    what: 'the list of options goes on behind its end',
    file: `${C}/parse_options.h`,
    from: '\t\tif (kind == PKTC_OPTION_END)\n\t\t\tbreak;',
    to: '',
  },
  {
    what: 'the GRE key is looked for where the checksum is',
    file: `${C}/parse_tunnel.h`,
    from: '\tif (flags & PKTC_GRE_CHECKSUM)\n\t\tp->off += PKTC_GRE_PART;',
    to: '',
    shownBy: /gre\.key/,
  },
  {
    what: 'VXLAN without the flag that makes the identifier valid',
    file: `${C}/parse_tunnel.h`,
    from: 'if (have < sizeof(*vxlan) || !(vxlan->flags & PKTC_VXLAN_VALID))',
    to: 'if (have < sizeof(*vxlan))',
    shownBy: /vxlan/,
  },
  {
    what: 'the length of Geneve options is in bytes',
    file: `${C}/parse_tunnel.h`,
    from: '(geneve->version_len & PKTC_GENEVE_LEN_MASK) * 4',
    to: '(geneve->version_len & PKTC_GENEVE_LEN_MASK)',
    shownBy: /geneve|inner/,
  },
  {
    what: 'a raw read is shifted by a byte too few',
    file: `${C}/raw.h`,
    from: '\t\t\treturn pktc_ntoh64(*(const __be64 *)from) >> (64 - 8 * size);',
    to: '\t\t\treturn pktc_ntoh64(*(const __be64 *)from) >> (56 - 8 * size);',
  },
];

const IN_EMISSION: readonly Mutant[] = [
  {
    what: '`not` is lost on the way to C',
    file: 'compiler/5-emit/condition.ts',
    from: "return { kind: 'not', of: conditionOf(expression.of, context, view) };",
    to: 'return conditionOf(expression.of, context, view);',
    ...comparison,
  },
  {
    what: '`or` becomes `and` in C',
    file: 'compiler/5-emit/condition.ts',
    from: "      return chain(\n        '||',\n        expression.of.map((part) => conditionOf(part, context, view)),",
    to: "      return chain(\n        '&&',\n        expression.of.map((part) => conditionOf(part, context, view)),",
    ...comparison,
  },
  {
    what: '`inner` looks at the outer packet',
    file: 'compiler/5-emit/condition.ts',
    from: "conditionOf(expression, context, 'in')])",
    to: "conditionOf(expression, context, 'f')])",
    ...comparison,
  },
  {
    what: 'an address with a list in both families is looked for in one',
    file: 'compiler/5-emit/condition.ts',
    from: 'return [...family(values.v4, IPV4, v4), ...family(values.v6, IPV6, v6)];',
    to: 'return family(values.v4, IPV4, v4);',
    ...comparison,
  },
  {
    what: 'a rule that decides does not end the evaluation',
    file: 'compiler/5-emit/actions.ts',
    from: "statements.push({ kind: 'return', value: ",
    to: "statements.push({ kind: 'do', value: ",
    ...comparison,
  },
];

/** Mistakes in TypeScript: a suite of tests sees them. */
export const MUTANTS: readonly Mutant[] = [
  ...IN_VALUES,
  ...IN_RESOLVE,
  ...IN_INTERPRETER,
  ...IN_EMISSION,
  ...IN_BOXES,
  ...IN_TREES,
  ...IN_FLOWS,
];
