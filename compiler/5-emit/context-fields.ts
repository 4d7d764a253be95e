/** The function that reads what is known beside the packet: its mark, its interface, its direction. */
import type { FieldRead } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Slot } from '../4-plan/plan.ts';
import { BLANK, call, type Declaration, type Expr, member, name, type Parameter, type Statement } from './c.ts';

const READER = 'pktc_read_context';

const PARAMETERS: readonly Parameter[] = [
  { type: 'struct pktc_fields *', name: 'f' },
  { type: 'struct pktc_ctx *', name: 'ctx' },
  { type: 'enum pktc_direction', name: 'direction' },
];

/** @param presence the bit of a slot, as a name in C */
export function contextReader(slots: readonly Slot[], presence: (slot: Slot) => Expr): readonly Declaration[] {
  const read = slots.flatMap((slot) => {
    const from = fieldNamed(slot.field)?.read;
    return from?.kind === 'context' ? [{ slot, what: from.what }] : [];
  });
  if (read.length === 0) return [];
  const body = read.flatMap(({ slot, what }) => statements(slot, what, presence(slot)));
  const parameters = PARAMETERS.map((one) => one.name);
  const used = new Set(['f', ...read.map(({ what }) => (what === 'direction' ? 'direction' : 'ctx'))]);
  const unused = parameters.filter((one) => !used.has(one));
  return [
    ...(read.some(({ what }) => what === 'iface') ? [BLANK, { kind: 'include', path: 'pktc/interface.h' } as const] : []),
    BLANK,
    { kind: 'define', name: READER, value: name(READER) },
    {
      kind: 'function',
      linkage: 'inline',
      returns: 'void',
      name: READER,
      parameters: PARAMETERS,
      body: [...unused.map((one): Statement => ({ kind: 'do', value: name(`(void)${one}`) })), ...body],
    },
  ];
}

function statements(slot: Slot, what: Extract<FieldRead, { kind: 'context' }>['what'], presence: Expr): readonly Statement[] {
  const mark: Statement = { kind: 'set', to: member('f', 'present'), operator: '|=', value: presence };
  if (what === 'iface') {
    const found = call('pktc_interface_bits', name('ctx'), name(`&f->${slot.name}`));
    return [{ kind: 'if', condition: found, body: [mark] }];
  }
  const value = what === 'direction' ? name('direction') : call('pktc_mark', name('ctx'));
  return [{ kind: 'set', to: member('f', slot.name), operator: '=', value }, mark];
}
