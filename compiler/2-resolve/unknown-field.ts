import { actionNamed } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import type { Word } from '../../grammar/ast.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { INNER } from './compared.ts';
import { type Context, didYouMean } from './context.ts';

/** How tcpdump, Wireshark, nft and iptables call what this language knows under another name. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  saddr: 'src',
  daddr: 'dst',
  source: 'src',
  destination: 'dst',
  'ip.src': 'src',
  'ip.dst': 'dst',
  'ip.addr': 'addr',
  'ipv6.src': 'src',
  'ipv6.dst': 'dst',
  'ipv6.addr': 'addr',
  host: 'addr',
  net: 'addr',
  'ip.proto': 'proto',
  protocol: 'proto',
  'ip.ttl': 'ttl',
  hoplimit: 'ttl',
  tos: 'dscp',
  'tcp.srcport': 'sport',
  'tcp.dstport': 'dport',
  'tcp.sport': 'sport',
  'tcp.dport': 'dport',
  'tcp.port': 'port',
  'udp.srcport': 'sport',
  'udp.dstport': 'dport',
  'udp.sport': 'sport',
  'udp.dport': 'dport',
  'udp.port': 'port',
  'tcp.flags': 'flags',
  'icmp6.type': 'icmp.type',
  'icmp6.code': 'icmp.code',
  'icmpv6.type': 'icmp.type',
  'eth.src': 'smac',
  'eth.dst': 'dmac',
  'eth.type': 'ethertype',
  'ether.src': 'smac',
  'ether.dst': 'dmac',
  'vlan.id': 'vlan',
  length: 'len',
  'frame.len': 'len',
  size: 'len',
};

/** Bare words that other tools spell otherwise. */
const BARE_ELSEWHERE: Readonly<Record<string, string>> = { ipv4: 'ip', ip4: 'ip', ipv6: 'ip6', icmpv6: 'icmp6', all: 'any' };

/** Answers a word that stands where a field may, and is none of this version. Always null. */
export function unknownField(context: Context, word: Word, hasValue: boolean): null {
  const { text, span } = word;
  if (Object.hasOwn(LATER_FIELDS, text)) {
    return context.report('PKT2008', { what: `the field \`${text}\`` }, span, 'part of the language, but not of this version');
  }
  if (text === INNER) {
    return context.report('PKT2001', { name: text }, span, 'takes a condition in parentheses', {
      help: 'write `inner(tcp dport 22)`, or `inner(any)` for every packet of a tunnel',
    });
  }
  const defined = context.names.lookUp(text);
  if (defined !== undefined && !hasValue) {
    context.names.use(text);
    if (defined === 'broken') return null;
    return context.report('PKT2001', { name: text }, span, 'a name for values, not a field', {
      help: `say what is compared with it, for example \`src ${text}\``,
    });
  }
  if (actionNamed(text) || Object.hasOwn(LATER_ACTIONS, text)) {
    return context.report('PKT2001', { name: text }, span, 'an action', { help: 'actions stand behind `->`' });
  }
  const candidates = [
    ...FIELDS.flatMap((field) => (hasValue && field.type.kind === 'truth' ? [] : [field.name])),
    ...Object.keys(LATER_FIELDS),
    ...(hasValue ? [] : Object.keys(BARE_WORDS)),
  ];
  const elsewhere = Object.hasOwn(ELSEWHERE, text) ? ELSEWHERE[text] : undefined;
  const bare = !hasValue && Object.hasOwn(BARE_ELSEWHERE, text) ? BARE_ELSEWHERE[text] : undefined;
  const meant = bare ?? elsewhere ?? suggest(text, candidates);
  return context.report('PKT2001', { name: text }, span, 'not a packet field', {
    help: meant === null ? 'the fields are listed in the language reference' : null,
    fixes: meant === null ? [] : [didYouMean(span, meant)],
  });
}
