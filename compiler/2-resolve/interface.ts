import { judgeInterfaceName } from '../../grammar/values/interface-name.ts';
import { judgeText } from '../../grammar/values/text.ts';
import type { Compared, Resolved } from './compared.ts';
import { replacing } from './context.ts';
import { given, takes } from './describe.ts';
import { type Item, related } from './items.ts';
import { acceptText } from './value-problem.ts';

/** `iface eth0`, `iface { "veth*", lo }`: names, in which `*` stands for any characters. */
export function resolveInterface(compared: Compared): Resolved {
  const { items, node, operator } = compared;
  const names = items.list.map((item) => nameIn(compared, item));
  if (names.includes(null)) return null;
  const list = [...new Set(names.filter((name) => name !== null))];
  return (field) => ({ kind: 'interface', field, names: list, negated: operator === '!=', span: node.span });
}

function nameIn(compared: Compared, item: Item): string | null {
  const { context } = compared;
  const { scalar, written } = item;
  if (scalar.kind === 'literal') return quoteIt(compared, item);
  const bytes = scalar.kind === 'string' ? acceptText(context, scalar, judgeText(scalar.text)) : null;
  if (scalar.kind === 'string' && bytes === null) return null;
  const name = bytes === null ? scalar.text : new TextDecoder().decode(bytes);
  const judged = judgeInterfaceName(name);
  if (judged.ok) return judged.name;
  const { label, help } = judged;
  return context.report('PKT2038', { name }, written, label, { help, related: related(context, item, 'by way of this') });
}

/** `iface 3g-wan`: what begins with a digit is no name until it is quoted. */
function quoteIt({ context, field }: Compared, item: Item): null {
  const { scalar, written } = item;
  const plain = scalar.kind === 'literal' && scalar.to === null && written === scalar.span;
  const parameters = { field: field.name, takes: takes(field), given: given(item) };
  return context.report('PKT2005', parameters, written, `this is ${parameters.given}`, {
    help: plain ? null : 'names that begin with a digit are quoted',
    fixes: plain ? [replacing(written, `"${scalar.text}"`)] : [],
  });
}
