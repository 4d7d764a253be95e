/** What tells the flows of plain packets apart, by bytes of their headers: templates/include/pktc/plain.h. */
import type { Fact, Field, Layer } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import type { Dimensions } from './boxes/dimensions.ts';
import type { Plan } from './plan.ts';
import { isQuickTree } from './stack.ts';

/** Of `icmp`, that rules ask for nothing in such packets but what others have, too. */
export type PlainPart = 'src' | 'dst' | 'sport' | 'dport' | 'flags' | 'vlan' | 'icmp';

/** Fields that are bytes under the mask. */
const MASKED: readonly PlainPart[] = ['sport', 'dport', 'flags'];
/** What a plain packet's protocol and family say, or its being plain. */
const SAID: readonly Fact[] = ['proto', 'ethertype', 'frag', 'vlan_depth'];
const TAG: readonly Layer[] = ['vlan'];
const ICMP: readonly Layer[] = ['icmp', 'icmp6'];
/** Headers that are part of a flow as a whole, or that plain packets of TCP and UDP do not have. */
const WHOLE: readonly Layer[] = [...TAG, ...ICMP, 'mpls', 'sctp', 'gre_key'];

/** null: rules ask for something else of a packet, so that flows are known by their keys alone. */
export function plainFlow({ shape: { scalars, bits }, src, dst }: Dimensions): readonly PlainPart[] | null {
  const names = new Set([...scalars, ...(bits?.presence ?? [])].map(({ field }) => field));
  if (bits?.flags) names.add(bits.flags.field);
  const fields = FIELDS.filter(({ name }) => names.has(name));
  const masked = MASKED.filter((part) => names.has(part));
  if (!fields.every((field) => masked.some((part) => part === field.name) || isSaid(field))) return null;
  const asksFor = (layers: readonly Layer[]) => fields.some((field) => layersOf(field).some((layer) => layers.includes(layer)));
  return [
    ...(src ? (['src'] as const) : []),
    ...(dst ? (['dst'] as const) : []),
    ...masked,
    ...(asksFor(TAG) ? (['vlan'] as const) : []),
    ...(asksFor(ICMP) ? [] : (['icmp'] as const)),
  ];
}

/** Those of a program; null: no packet is plain to it. They are asked for in front of the quick walk, so there has to be one. */
export function plainPartsOf(plan: Plan): readonly PlainPart[] | null {
  return plan.classifier.name === 'tree' && isQuickTree(plan) ? plan.classifier.plainFlow : null;
}

function isSaid(field: Field): boolean {
  if (field.read.kind === 'fact') return SAID.includes(field.read.fact);
  return field.read.kind === 'header' && layersOf(field).every((layer) => WHOLE.includes(layer));
}

function layersOf({ read }: Field): readonly Layer[] {
  return read.kind === 'header' ? read.from.map(({ layer }) => layer) : [];
}
