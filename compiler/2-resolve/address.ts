import type { Span } from '../../grammar/source.ts';
import { type AddressRange, endpointParts, judgeAddress, judgeAddressRange } from '../../grammar/values/address.ts';
import { complement, merged, type Range } from '../../grammar/values/ranges.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import type { Compared, Resolved } from './compared.ts';
import { replacing } from './context.ts';
import type { Item } from './items.ts';
import type { BigRange, NumberRange } from './program.ts';
import { unknownValue, wrongType } from './unknown-value.ts';
import { accept } from './value-problem.ts';

export const V4_LAST = 2 ** 32 - 1;
export const V6_LAST = 2n ** 128n - 1n;

/** `src`, `dst`, `addr`: ranges in each family. `!=` leaves all of a family that no value is in. */
export function resolveAddress(compared: Compared): Resolved {
  const { items, node, operator } = compared;
  const ranges = items.list.map((item) => rangeOf(compared, item));
  if (ranges.includes(null)) return null;
  const v4: NumberRange[] = [];
  const v6: BigRange[] = [];
  for (const range of ranges) {
    if (range?.family === 4) v4.push([range.first, range.last]);
    if (range?.family === 6) v6.push([range.first, range.last]);
  }
  const negated = operator === '!=';
  const sets = items.sets.map(({ set }) => set);
  const all4 = union([v4, ...sets.map((set) => set.v4)]);
  const all6 = union([v6, ...sets.map((set) => set.v6)]);
  const four = negated ? complement(all4, 0, V4_LAST) : all4;
  const six = negated ? complement(all6, 0n, V6_LAST) : all6;
  return (field) => ({ kind: 'address', field, v4: four, v6: six, span: node.span });
}

/** The only list that has anything in it is taken as it is, when a file has it: ten rules share one list of a hundred thousand. */
function union<N extends number | bigint>([written, ...sets]: readonly (readonly Range<N>[])[]): readonly Range<N>[] {
  const [only, ...more] = sets.filter((set) => set.length > 0);
  if (only !== undefined && more.length === 0 && written?.length === 0) return only;
  return merged([written ?? [], ...sets].flat());
}

function rangeOf(compared: Compared, item: Item): AddressRange | null {
  const { scalar } = item;
  const { context } = compared;
  if (scalar.kind === 'string') return wrongType(compared, item);
  if (scalar.kind === 'word') return unknownValue(compared, item);
  const shape = shapeOf(scalar.text);
  if (['a number', 'a MAC address', 'a rate', 'a duration', 'a share'].includes(shape)) return wrongType(compared, item);
  if (scalar.to) return accept(context, scalar, judgeAddressRange(scalar.text, scalar.to.text));
  const endpoint = endpointParts(scalar.text);
  return endpoint ? portBehind(compared, scalar.span, endpoint) : accept(context, scalar, judgeAddress(scalar.text));
}

const PORT_OF: Readonly<Record<string, string>> = { src: 'sport', dst: 'dport', addr: 'port' };

/** `dst 10.0.0.1:80` becomes two predicates, where that is what it says. */
function portBehind(compared: Compared, span: Span, parts: { readonly address: string; readonly port: string }): null {
  const { context, field, node, operator, around, items } = compared;
  const port = PORT_OF[field.name] ?? 'port';
  const colon = span.end - parts.port.length - 1;
  const both = `${field.name} ${parts.address} ${port} ${parts.port}`;
  const plain = !around.cell && !items.braced && node.value?.span === span && (operator === null || operator === '=');
  const fixes = plain ? [replacing(node.span, around.alone ? both : `(${both})`)] : [];
  return context.report(
    'PKT2107',
    { text: context.source.text.slice(span.start, span.end) },
    { start: colon, end: span.end },
    'a port is a field of its own',
    {
      help: plain ? null : `compare the port with \`${port}\``,
      fixes,
    },
  );
}
