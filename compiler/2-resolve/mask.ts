import type { LiteralScalar } from '../../grammar/ast.ts';
import { judgeAddress } from '../../grammar/values/address.ts';
import { printFlags } from '../../grammar/values/flags.ts';
import { judgeIpv4, lengthOfMask } from '../../grammar/values/ipv4.ts';
import { judgeMac } from '../../grammar/values/mac.ts';
import { judgeUint } from '../../grammar/values/number.ts';
import { both, type Compared, type Resolved, refuse } from './compared.ts';
import { replacing, textOf } from './context.ts';
import type { Item } from './items.ts';
import { unknownValue, wrongType } from './unknown-value.ts';
import { accept } from './value-problem.ts';

/** `tcp.window & 0x8000 = 0x8000`, `smac & 02:00:00:00:00:00 = 02:00:00:00:00:00`: bits of a number. */
export function resolveMask(compared: Compared): Resolved {
  const { context, field, items, node, operator } = compared;
  const literal = node.mask;
  if (literal === null) return null;
  if (field.type.kind === 'address') return maskedAddress(compared, literal);
  if (field.type.kind === 'flags') return maskedFlags(compared, literal);
  const [item] = items.list;
  if ((operator !== '=' && operator !== '!=') || items.braced || items.list.length !== 1 || item === undefined) {
    refuse(context, '&', field, node.span, 'masked bits are equal to one value or not', 'write `field & mask = value`');
    return null;
  }
  const mask = bitsOf(compared, { scalar: literal, written: literal.span });
  const value = bitsOf(compared, item);
  if (mask === null || value === null) return null;
  if ((BigInt(mask) & BigInt(value)) !== BigInt(value)) {
    return context.report('PKT2114', { text: textOf(context, item.written) }, item.written, 'has bits that the mask clears', {
      help: 'compare with bits that the mask keeps',
    });
  }
  const { span } = node;
  if (operator === '=') return (name) => ({ kind: 'bits', field: name, mask, value, span });
  return (name) =>
    both([
      { kind: 'present', field: name, span },
      { kind: 'not', of: { kind: 'bits', field: name, mask, value, span } },
    ]);
}

function bitsOf(compared: Compared, item: Item): number | null {
  const { scalar } = item;
  const { field, context } = compared;
  if (scalar.kind === 'string') return wrongType(compared, item);
  if (scalar.kind === 'word') return unknownValue(compared, item);
  if (scalar.to) return wrongType(compared, item);
  if (field.type.kind === 'mac') return accept(context, scalar, judgeMac(scalar.text))?.[0] ?? null;
  return field.type.kind === 'uint' && !field.type.closed
    ? accept(context, scalar, judgeUint(scalar.text, field.type.bits))
    : wrongType(compared, item);
}

/** An address mask in one piece is a prefix; one with holes comes with a later version. */
function maskedAddress({ context, field, items, node, operator }: Compared, literal: LiteralScalar): null {
  const [item] = items.list;
  const mask = judgeIpv4(literal.text);
  const length = mask.ok ? lengthOfMask(mask.value) : null;
  const prefix = item?.scalar.kind === 'literal' && !items.braced ? `${item.scalar.text}/${length}` : null;
  if (prefix !== null && judgeAddress(prefix).ok && (operator === '=' || operator === '!=')) {
    const sign = operator === '=' ? '' : '!= ';
    return context.report('PKT2006', { operator: '&', field: field.name }, node.span, 'a prefix says the same', {
      fixes: [replacing(node.span, `${field.name} ${sign}${prefix}`)],
    });
  }
  return context.report('PKT2008', { what: 'an address under a mask' }, node.span, 'part of a later version', {
    help: 'write prefixes',
  });
}

function maskedFlags({ context, field, items, node, operator }: Compared, literal: LiteralScalar): null {
  const [item] = items.list;
  const names = field.type.kind === 'flags' ? field.type.names : {};
  const mask = judgeUint(literal.text, 8);
  const value = item?.scalar.kind === 'literal' ? judgeUint(item.scalar.text, 8) : null;
  const fixes =
    mask.ok && value?.ok && operator === '=' && mask.value > 0
      ? [replacing(node.span, `flags ${printFlags({ mask: mask.value, value: value.value }, names)}`)]
      : [];
  return context.report('PKT2006', { operator: '&', field: field.name }, node.span, 'flags are written as words', {
    help: '`flags SYN,!ACK` asks for some set and some clear',
    fixes,
  });
}
