import type { Span } from '../../grammar/source.ts';
import { type AddressRange, endpointParts, judgeAddress, judgeAddressRange } from '../../grammar/values/address.ts';
import { complement, merged, type Range } from '../../grammar/values/ranges.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import type { Compared, Resolved } from './compared.ts';
import { replacing } from './context.ts';
import type { Item } from './items.ts';
import type { BigRange, NumberRange, WideRanges } from './program.ts';
import { unknownValue, wrongType } from './unknown-value.ts';
import { accept } from './value-problem.ts';
import { createWidePairs } from './wide-pairs.ts';
import { complement6 } from './wide-ranges.ts';

export const V4_LAST = 2 ** 32 - 1;

/** `src`, `dst`, `addr`: ranges in each family. `!=` leaves all of a family that no value is in. */
export function resolveAddress(compared: Compared): Resolved {
  const { context, items, node } = compared;
  const ranges = items.list.map((item) => rangeOf(compared, item));
  if (ranges.includes(null)) return null;
  const known = ranges.filter((range) => range !== null);
  const lists =
    items.sets.length === 0 ? listsOf(compared, known) : context.names.once(keyOf(compared), () => listsOf(compared, known));
  return (field) => ({ kind: 'address', field, v4: lists.v4, v6: lists.v6, span: node.span });
}

interface Lists {
  readonly v4: readonly NumberRange[];
  readonly v6: WideRanges;
}

function listsOf({ items, operator }: Compared, ranges: readonly AddressRange[]): Lists {
  const sets = items.sets.map(({ set }) => set);
  const four = ranges.flatMap((range): readonly NumberRange[] => (range.family === 4 ? [[range.first, range.last]] : []));
  const six = ranges.flatMap((range): readonly BigRange[] => (range.family === 6 ? [[range.first, range.last]] : []));
  const v4 = union([four, ...sets.map((set) => set.v4)], (lists) => merged(lists.flat()));
  const v6 = union<bigint, WideRanges>([six, ...sets.map((set) => set.v6)], merged6);
  return operator === '!=' ? { v4: complement(v4, 0, V4_LAST), v6: complement6(v6) } : { v4, v6 };
}

/** Comparisons of one key have equal lists. */
function keyOf({ items, operator }: Compared): string {
  const written = items.list.map(({ scalar }) =>
    scalar.kind === 'literal' ? `${scalar.text}-${scalar.to?.text}` : scalar.text,
  );
  return `${operator === '!=' ? '!' : ''}${items.sets.map(({ name }) => name).join(' ')} ${written.join(' ')}`;
}

/** The only list that has anything in it is taken as it is: it is canonical. */
function union<N extends number | bigint, R extends readonly Range<N>[]>(
  lists: readonly R[],
  merge: (lists: readonly R[]) => R,
): R {
  const [first, ...more] = lists.filter((list) => list.length > 0);
  return more.length === 0 && first !== lists[0] && first !== undefined ? first : merge(lists);
}

function merged6(lists: readonly WideRanges[]): WideRanges {
  if (lists.every(({ words }) => words === undefined)) return merged(lists.flat());
  const pairs = createWidePairs();
  for (const list of lists) pairs.addAll(list);
  return pairs.merged();
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
