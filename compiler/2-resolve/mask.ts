import type { LiteralScalar } from '../../grammar/ast.ts';
import type { Span } from '../../grammar/source.ts';
import { judgeAddress, printAddressRange } from '../../grammar/values/address.ts';
import { printFlags } from '../../grammar/values/flags.ts';
import { printIpv4 } from '../../grammar/values/ipv4.ts';
import { judgeMac, printMac } from '../../grammar/values/mac.ts';
import { judgeUint } from '../../grammar/values/number.ts';
import { complement } from '../../grammar/values/ranges.ts';
import { V4_LAST } from './address.ts';
import { both, type Compared, either, type Resolved, refuse } from './compared.ts';
import { replacing, textOf } from './context.ts';
import type { Item } from './items.ts';
import type { BigRange, Expression, NumberRange, Predicate } from './program.ts';
import { unknownValue, wrongType } from './unknown-value.ts';
import { accept } from './value-problem.ts';
import { V6_LAST } from './wide-ranges.ts';

/** `tcp.window & 0x8000 = 0x8000`, `smac & 02:00:00:00:00:00 = 02:00:00:00:00:00`, `src & 255.0.255.0 = 10.0.0.0`. */
export function resolveMask(compared: Compared): Resolved {
  const { context, field, node, operator } = compared;
  const literal = node.mask;
  if (literal === null) return null;
  const { kind } = field.type;
  if (kind === 'flags') return maskedFlags(compared, literal);
  if (kind !== 'uint' && kind !== 'mac' && kind !== 'address') {
    const help = kind === 'bytes' ? 'bits are compared in a slice: `payload[0:1] & 0x80 = 0x80`' : undefined;
    refuse(context, '&', field, literal.span, `\`${field.name}\` is no number`, help);
    return null;
  }
  if (operator !== '=' && operator !== '!=' && operator !== 'in') {
    refuse(
      context,
      operator ?? '&',
      field,
      node.span,
      'masked bits are equal to a value or not',
      'write `field & mask = value`',
    );
    return null;
  }
  return kind === 'address' ? maskedAddress(compared, literal) : maskedNumber(compared, literal);
}

function maskedNumber(compared: Compared, literal: LiteralScalar): Resolved {
  const { items, node, operator } = compared;
  const mask = bitsOf(compared, { scalar: literal, written: literal.span });
  const values = items.list.map((item) => (mask === null ? bitsOf(compared, item) : keptBits(compared, item, mask)));
  if (mask === null || values.includes(null)) return null;
  const { span } = node;
  const distinct = [...new Set(values.filter((value) => value !== null))];
  const any = (name: string): Expression => either(distinct.map((value) => ({ kind: 'bits', field: name, mask, value, span })));
  if (operator !== '!=') return any;
  return (name) =>
    both([
      { kind: 'present', field: name, span },
      { kind: 'not', of: any(name) },
    ]);
}

/** A value that has no bits but those that the mask keeps. */
function keptBits(compared: Compared, item: Item, mask: number): number | null {
  const value = bitsOf(compared, item);
  if (value === null) return null;
  const kept = Number(BigInt(mask) & BigInt(value));
  if (kept === value) return value;
  const { context, field } = compared;
  const printed = field.type.kind === 'mac' ? printMac(kept) : `0x${kept.toString(16)}`;
  return outsideMask(compared, item, textOf(context, item.written), printed);
}

function outsideMask({ context }: Compared, item: Item, text: string, kept: string): null {
  return context.report('PKT2114', { text }, item.written, 'has bits that the mask clears', {
    help: item.written === item.scalar.span ? null : 'compare with bits that the mask keeps',
    fixes: item.written === item.scalar.span ? [replacing(item.written, kept, `write \`${kept}\`, which the mask keeps`)] : [],
  });
}

function bitsOf(compared: Compared, item: Item): number | null {
  const { scalar } = item;
  const { field, context } = compared;
  const { type } = field;
  if (scalar.kind === 'string') return wrongType(compared, item);
  if (scalar.kind === 'word') {
    const names = type.kind === 'uint' ? (type.names ?? {}) : {};
    const value = scalar.times === null && Object.hasOwn(names, scalar.text) ? names[scalar.text] : undefined;
    return value ?? unknownValue(compared, item);
  }
  if (scalar.to) return wrongType(compared, item);
  if (type.kind === 'mac') return accept(context, scalar, judgeMac(scalar.text))?.[0] ?? null;
  return type.kind === 'uint' && !type.closed
    ? accept(context, scalar, judgeUint(scalar.text, type.bits))
    : wrongType(compared, item);
}

/* Addresses */

interface Single {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A mask in one piece is a prefix; one with holes, `255.0.255.0`, is a predicate of its own. */
function maskedAddress(compared: Compared, literal: LiteralScalar): Resolved {
  const { items, node, operator } = compared;
  const mask = singleAddress(compared, { scalar: literal, written: literal.span });
  const values = items.list.map((item) => mask && keptAddress(compared, item, mask));
  if (mask === null || values.includes(null)) return null;
  const { span } = node;
  const negated = operator === '!=';
  const distinct = [...new Set(values.flatMap((value) => (value ? [value.value] : [])))];
  return (field) => {
    const of = distinct.map((value): Predicate => {
      const { family } = mask;
      const host = hostBits(mask);
      if (host === null) return { kind: 'masked', field, family, mask: mask.value, value, negated, span };
      return prefix({ field, negated, span }, family, [value, value | host]);
    });
    return negated ? both(of) : either(of);
  };
}

/** The bits that a mask clears, when they are the last ones. */
function hostBits({ family, value }: Single): bigint | null {
  const host = value ^ ((1n << (family === 4 ? 32n : 128n)) - 1n);
  return (host & (host + 1n)) === 0n ? host : null;
}

/** The addresses of one prefix, or all others of either family. */
function prefix(
  { field, negated, span }: { readonly field: string; readonly negated: boolean; readonly span: Span },
  family: 4 | 6,
  [first, last]: BigRange,
): Predicate {
  const v4: readonly NumberRange[] = family === 4 ? [[Number(first), Number(last)]] : [];
  const v6: readonly BigRange[] = family === 6 ? [[first, last]] : [];
  if (!negated) return { kind: 'address', field, v4, v6, span };
  return { kind: 'address', field, v4: complement(v4, 0, V4_LAST), v6: complement(v6, 0n, V6_LAST), span };
}

function keptAddress(compared: Compared, item: Item, mask: Single): Single | null {
  const single = singleAddress(compared, item);
  if (single === null) return null;
  if (single.family !== mask.family) {
    const { context } = compared;
    return context.report(
      'PKT2039',
      { mask: mask.family, value: single.family },
      item.written,
      `an IPv${single.family} address`,
      {
        help: 'mask and value are of one family',
      },
    );
  }
  const kept = single.value & mask.value;
  if (kept === single.value) return single;
  const range =
    single.family === 4
      ? ({ family: 4, first: Number(kept), last: Number(kept) } as const)
      : ({ family: 6, first: kept, last: kept } as const);
  return outsideMask(compared, item, textOf(compared.context, item.written), printAddressRange(range));
}

/** One address, no prefix and no range. */
function singleAddress(compared: Compared, item: Item): Single | null {
  const { context } = compared;
  const { scalar } = item;
  if (scalar.kind === 'string') return wrongType(compared, item);
  if (scalar.kind === 'word') return unknownValue(compared, item);
  if (/^0[xX][0-9A-Fa-f]{1,8}$/.test(scalar.text) && !scalar.to && item.written === scalar.span) {
    const dotted = printIpv4(Number.parseInt(scalar.text, 16));
    return context.report('PKT2103', { text: scalar.text }, item.written, 'a number', {
      fixes: [replacing(item.written, dotted)],
    });
  }
  const slash = scalar.text.indexOf('/');
  if (scalar.to || slash >= 0) {
    return context.report('PKT2040', { text: textOf(context, scalar.span) }, item.written, 'more than one address', {
      help: 'the mask says which bits count',
      fixes:
        slash >= 0 && !scalar.to && item.written === scalar.span ? [replacing(item.written, scalar.text.slice(0, slash))] : [],
    });
  }
  const range = accept(context, scalar, judgeAddress(scalar.text));
  return range && { family: range.family, value: BigInt(range.first) };
}

/** A mask on flags: bits are written as words. */
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
