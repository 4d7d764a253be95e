import type { CompareNode, LiteralScalar, Slice } from '../../grammar/ast.ts';
import type { Field, RawBase } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import { RAW_BYTES_MAX, RAW_END_MAX, rawName } from '../../grammar/fields/raw.ts';
import { judgeNumber } from '../../grammar/values/number.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { type Context, didYouMean, replacing } from './context.ts';
import { unknownField } from './unknown-field.ts';
import { accept } from './value-problem.ts';

/** What may be read byte by byte, as `frame[0:2]`. */
export const RAW_BASES = ['frame', 'network', 'transport', 'payload'] as const;

export type WrittenBase = (typeof RAW_BASES)[number];

/** Bytes of a packet: `size` of them from byte `offset` of `base` on, all within {@link RAW_END_MAX}. */
export interface Stretch {
  readonly base: WrittenBase;
  readonly offset: number;
  readonly size: number;
}

export function isRawBase(name: string): name is WrittenBase {
  return (RAW_BASES as readonly string[]).includes(name);
}

/** The stretch that `payload[4:2]` asks for; null: there is no such one, which has been told. */
export function stretchOf(context: Context, node: CompareNode, slice: Slice): Stretch | null {
  const base = node.field.text;
  if (!isRawBase(base)) return sliceOfField(context, node, slice);
  const offset = byteCount(context, slice.offset);
  const size = byteCount(context, slice.length);
  if (offset === null || size === null) return null;
  const place = slice.length.span;
  if (size === 0) {
    return context.report('PKT2028', {}, place, 'at least 1 byte', {
      help: 'a slice is `[offset:length]`, both in bytes',
      fixes: [replacing(place, '1')],
    });
  }
  if (offset + size > RAW_END_MAX) {
    return context.report('PKT2029', { end: offset + size, limit: RAW_END_MAX }, slice.span, 'ends too far in', {
      help: 'a slice is `[offset:length]`, both in bytes',
    });
  }
  return { base, offset, size };
}

function byteCount(context: Context, literal: LiteralScalar): number | null {
  return accept(context, literal, judgeNumber(literal.text));
}

function sliceOfField(context: Context, node: CompareNode, slice: Slice): null {
  const { text, span } = node.field;
  if (!fieldNamed(text)) {
    const meant = suggest(text, RAW_BASES);
    if (meant === null) return unknownField(context, node.field, true);
    return context.report('PKT2001', { name: text }, span, 'has no bytes to read', { fixes: [didYouMean(span, meant)] });
  }
  return context.report('PKT2006', { operator: '[offset:length]', field: text }, slice.span, 'a field is compared whole', {
    help: 'bytes are read from `frame`, `network`, `transport` and `payload`; bits of a number are compared with a mask: `tcp.window & 0x8000 = 0x8000`',
  });
}

/** A stretch as a number field; null: it is wider than one, which has been told. */
export function numberField(context: Context, node: CompareNode, { base, offset, size }: Stretch): Field | null {
  const field = fieldNamed(rawName(base, offset, size));
  if (field) return field;
  const { slice } = node;
  const fixes = slice ? [replacing(slice.length.span, String(RAW_BYTES_MAX))] : [];
  return context.report('PKT2030', { size, limit: RAW_BYTES_MAX }, slice?.length.span ?? node.span, 'too wide for a number', {
    help: 'longer stretches are compared with text, in which `\\xNN` is any byte: `payload[0:8] = "\\x00\\x01…"`',
    fixes,
  });
}

/** The raw reads that together are present exactly when the whole stretch is: its last byte. */
export function lastByte({ base, offset, size }: Stretch): string {
  return rawName(base as RawBase, offset + size - 1, 1);
}
