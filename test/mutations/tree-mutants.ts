/** Bugs in rules as boxes and as trees. */
import type { Change, Mutant } from './run-mutant.ts';
import { SUITES } from './suites.ts';

const C = 'templates/include/pktc';
const boxes = { killedBy: SUITES.boxes };
const trees = { killedBy: SUITES.trees };
const flows = { killedBy: SUITES.flows };
const counts = { killedBy: SUITES.counts };

export const IN_BOXES: readonly Mutant[] = [
  {
    what: 'the complement of a range keeps its first value',
    file: 'compiler/4-plan/boxes/ranges.ts',
    from: 'outside.push([next, first - 1]);',
    to: 'outside.push([next, first]);',
    ...boxes,
  },
  {
    what: 'an absent field is taken for one that is 0',
    file: 'compiler/4-plan/boxes/rule-boxes.ts',
    from: 'const there = first > 0 || !absent ? bit : 0;',
    to: 'const there = first > 0 ? bit : 0;',
    ...boxes,
  },
  {
    what: 'alternatives share the check of the first',
    file: 'compiler/4-plan/boxes/rule-boxes.ts',
    from: 'boxes.every(({ rest }) => keyOf(allOf(rest)) === key)',
    to: "key !== ''",
    ...boxes,
  },
  {
    what: 'flags that differ are flags that are alike',
    file: 'compiler/4-plan/boxes/terms.ts',
    from: 'value: bit & ~value',
    to: 'value: bit & value',
    ...boxes,
  },
  {
    what: 'flags that contradict each other make a box',
    file: 'compiler/4-plan/boxes/terms.ts',
    from: '((a.value ^ b.value) & a.mask & b.mask) === 0',
    to: 'a.mask !== -1',
    ...boxes,
  },
  {
    what: 'a packet that is cut behind the source has any destination',
    file: 'compiler/4-plan/boxes/box-sets.ts',
    from: "case 'source4':\n      return uses.src && uses.dst && dst.absent ?",
    to: "case 'source4':\n      return uses.src && uses.dst ?",
    ...boxes,
  },
  {
    what: 'a range of a wide field is cut at 16 bits',
    file: 'compiler/4-plan/boxes/dimensions.ts',
    from: 'first <= SCALAR_MAX && (last < SCALAR_MAX || last === fieldMax)',
    to: 'first <= SCALAR_MAX',
    ...boxes,
  },
];

export const IN_TREES: readonly Mutant[] = [
  {
    what: 'ranges in records end one early',
    file: 'compiler/4-plan/tree/write-trees.ts',
    from: '(pairs[2 * box + 1] as number) - first',
    to: '(pairs[2 * box + 1] as number) - first - 1',
    ...trees,
  },
  {
    what: 'a rule has the check of the next',
    file: 'compiler/4-plan/rule-data.ts',
    from: 'checkOf[index] as number;',
    to: 'checkOf[index + 1] as number;',
    ...trees,
  },
  {
    what: 'checks are numbered from 0',
    file: 'compiler/5-emit/tree.ts',
    from: "binary(name('check'), '==', decimal(first + at + 1))",
    to: "binary(name('check'), '==', decimal(first + at))",
    ...trees,
  },
];

/** Mistakes in the C headers of trees: the comparison sees them where all files are trees. */
export const IN_FLOWS: readonly Mutant[] = [
  {
    what: 'a fragment is known by the flow of its datagram',
    file: `${C}/plain.h`,
    from: 'pktc_plain_byte(0x3f, 6) | pktc_plain_byte(0xff, 7)',
    to: '0',
    ...flows,
  },
  {
    what: 'a datagram that ends before its ports is known by its flow',
    file: `${C}/plain.h`,
    from: 'pktc_ntoh16(ip->payload_len) < least',
    to: 'least == 0',
    ...flows,
  },
  {
    what: 'a datagram that ends within its header of TCP is known by its flow',
    file: `${C}/plain.h`,
    from: '(proto & 4) *',
    to: '(proto & 0) *',
    ...flows,
  },
  {
    what: 'any version is version 6',
    file: `${C}/plain.h`,
    from: 'pktc_plain_version(p->at) != 6',
    to: 'pktc_plain_version(p->at) == 0',
    ...flows,
  },
  {
    what: 'flags of TCP tell no flows apart',
    file: `${C}/plain.h`,
    from: 'p->proto == PKTC_PROTO_TCP ? tcp->flags : 0;',
    to: 'p->proto == PKTC_PROTO_TCP ? tcp->flags & 0 : 0;',
    ...flows,
  },
  {
    what: 'types of ICMP tell no flows apart',
    file: 'compiler/4-plan/plain-flow.ts',
    from: "? [] : (['icmp'] as const)",
    to: "? (['icmp'] as const) : (['icmp'] as const)",
    ...flows,
  },
  {
    what: 'tags tell no flows apart',
    file: 'compiler/4-plan/plain-flow.ts',
    from: "(['vlan'] as const) : []",
    to: '[] : []',
    ...flows,
  },
  {
    what: 'a tagged packet is known by the flow of one without a tag',
    file: `${C}/plain.h`,
    from: 'pktc_plain_network(generation, PKTC_FLOW_TAGGED, flow, p)',
    to: 'pktc_plain_network(generation, PKTC_FLOW_UNTAGGED, flow, p)',
    ...flows,
  },
  {
    what: 'all of a packet but TCP is said by its flow',
    file: 'compiler/4-plan/plain-flow.ts',
    from: 'layersOf(field).every((layer) => WHOLE.includes(layer))',
    to: "layersOf(field).every((layer) => layer !== 'tcp')",
    ...flows,
  },
  {
    what: 'flows stay known when other rules come',
    file: 'runtime/data-store.ts',
    from: 'remembered?.write(failed === null ? generation : before);',
    to: 'remembered?.write(before);',
    ...flows,
  },
  {
    what: 'what a flow has counted is lost when another takes its line',
    file: `${C}/flow_cache.h`,
    from: 'count / PKTC_FLOW_PACKET, count % PKTC_FLOW_PACKET',
    to: 'count & 0, count % PKTC_FLOW_PACKET',
    ...counts,
  },
  {
    what: "what flows of a rule that is gone have counted is the next one's",
    file: 'runtime/counters.ts',
    from: 'flows?.drop(gone);',
    to: '',
    ...counts,
  },
];

export const C_TREE_MUTANTS: readonly Change[] = [
  {
    what: 'the last value of a range is not in a record',
    file: `${C}/tree_match.h`,
    from: '__u64 room = (__u64)span - ((value - first) & 0xffff);',
    to: '__u64 room = (__u64)span - 1 - ((value - first) & 0xffff);',
  },
  {
    what: 'flags are compared without their mask',
    file: `${C}/tree_match.h`,
    from: 'return (value & mask) ^ wanted;',
    to: '(void)mask;\n\treturn value ^ wanted;',
  },
  {
    what: 'the bit of a field that is there says so of the field before it',
    file: `${C}/compare.h`,
    from: '((pktc_taken((f)->present) & (bit)) / (bit) * (mark))',
    to: '((pktc_taken((f)->present) << 1 & (bit)) / (bit) * (mark))',
  },
  {
    what: 'an IPv6 prefix of no bits looks at the first one',
    file: `${C}/tree_match.h`,
    from: 'return ((value ^ first) >> (shift & 63)) >> (more & 63);',
    to: '(void)more;\n\treturn (value ^ first) >> (shift & 63);',
  },
  {
    what: 'checks are not asked',
    file: `${C}/classify.h`,
    from: 'return rule && (!rule->check || pktc_check(ctx, f, in, rule->check));',
    to: 'return rule && (rule->check || pktc_check(ctx, f, in, rule->check));',
  },
  {
    what: 'rules behind the one that decides count, too',
    file: `${C}/classify.h`,
    from: 'pktc_tree_each(ctx, f, in, data, key, set + 1, entry & PKTC_ENTRY_NUMBER);',
    to: 'pktc_tree_each(ctx, f, in, data, key, set + 1, PKTC_NO_ENTRY);',
  },
  {
    what: 'a rule without a verdict has the counter of the one before',
    file: `${C}/classify.h`,
    from: 'pktc_count(rule->slot, pktc_read(f->len));',
    to: 'pktc_count(rule->slot - 1, pktc_read(f->len));',
  },
  {
    what: 'the rule that decides has its place for its counter',
    file: `${C}/classify.h`,
    from: 'decision = pktc_decision_to((int)rule->slot,',
    to: 'decision = pktc_decision_to((int)(entry & PKTC_ENTRY_NUMBER),',
  },
  {
    what: 'flows are told apart by their addresses alone',
    file: `${C}/flow_cache.h`,
    from: 'small[shifts[i] / 64] |= key->at[PKTC_KEY_SCALARS + i] << shifts[i] % 64;',
    to: 'small[shifts[i] / 64] |= 0 & shifts[i];',
  },
  {
    what: 'the first of the packets that are added up is left out',
    file: `${C}/tally.h`,
    from: 'for (i = 0; i < PKTC_TALLY_PACKETS; i++) {',
    to: 'for (i = 1; i < PKTC_TALLY_PACKETS; i++) {',
  },
  {
    what: 'the rule that decides a usual packet has its place for its counter',
    file: `${C}/data.h`,
    from: 'return number + *shift;',
    to: 'return number;',
  },
  {
    what: 'rules without a verdict are looked for among those with one',
    file: `${C}/classify.h`,
    from: 'data, key, set + 1, entry & PKTC_ENTRY_NUMBER);',
    to: 'data, key, set, entry & PKTC_ENTRY_NUMBER);',
  },
  {
    what: 'the rule behind one that was looked at is left out',
    file: `${C}/tree.h`,
    from: 'merge->state->floor = (merge->state->least & PKTC_ENTRY_NUMBER) + 1;',
    to: 'merge->state->floor = (merge->state->least & PKTC_ENTRY_NUMBER) + 2;',
  },
  {
    what: 'the last record that matches is found, not the first',
    file: `${C}/tree.h`,
    from: '\t*found = entry;\n\treturn true;',
    to: '\t*found = entry;\n\treturn false;',
  },
  {
    what: 'a wide value loses its upper half',
    file: `${C}/data.h`,
    from: '((value) > PKTC_SCALAR_MAX ? PKTC_SCALAR_MAX : (value))',
    to: '((value) & PKTC_SCALAR_MAX)',
  },
];
