import { judgeIpv6 } from '../../grammar/values/ipv6.ts';
import { judgeMac, judgeMacRange } from '../../grammar/values/mac.ts';
import { complement, merged } from '../../grammar/values/ranges.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import { both, type Compared, either, type Resolved } from './compared.ts';
import type { Item } from './items.ts';
import type { Expression, NumberRange } from './program.ts';
import { rangesInSets } from './set-values.ts';
import { unknownValue, wrongType } from './unknown-value.ts';
import { accept } from './value-problem.ts';

const LAST = 2 ** 48 - 1;

/** The I/G bit, first on the wire (IEEE 802): set in every group address. */
const GROUP_BIT = 0x010000000000;

/** `smac`, `dmac`: ranges of 48-bit numbers, and the bit that makes an address a group's. */
export function resolveMac(compared: Compared): Resolved {
  const { items, node, operator } = compared;
  const negated = operator === '!=';
  const values = items.list.map((item) => valueIn(compared, item));
  if (values.includes(null)) return null;
  const written = values.filter((value) => value !== null && value !== 'multicast') as readonly NumberRange[];
  const ranges = merged([...written, ...rangesInSets(compared, 'macs')]);
  const { span } = node;
  return (field) => {
    const parts: Expression[] = [];
    if (ranges.length > 0) parts.push({ kind: 'in', field, ranges: negated ? complement(ranges, 0, LAST) : ranges, span });
    if (values.includes('multicast'))
      parts.push({ kind: 'bits', field, mask: GROUP_BIT, value: negated ? 0 : GROUP_BIT, span });
    return negated ? both(parts) : either(parts);
  };
}

function valueIn(compared: Compared, item: Item): NumberRange | 'multicast' | null {
  const { scalar } = item;
  if (scalar.kind === 'string') return wrongType(compared, item);
  if (scalar.kind === 'word') {
    if (scalar.times === null && scalar.text === 'multicast') return 'multicast';
    return scalar.times === null && scalar.text === 'broadcast' ? [LAST, LAST] : unknownValue(compared, item);
  }
  const shape = shapeOf(scalar.text);
  const other =
    shape === 'an IPv6 address' ? judgeIpv6(scalar.text).ok : !['a MAC address', 'a value of another kind'].includes(shape);
  if (other) return wrongType(compared, item);
  const judged = scalar.to ? judgeMacRange(scalar.text, scalar.to.text) : judgeMac(scalar.text);
  return accept(compared.context, scalar, judged);
}
