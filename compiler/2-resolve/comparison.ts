import type { CompareNode, Key, Slice, Value } from '../../grammar/ast.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import { resolveAddress } from './address.ts';
import { both, type Compared, either, type Resolved, refuse, type Surroundings } from './compared.ts';
import { type Context, replacing, textOf } from './context.ts';
import { resolveFlags } from './flags.ts';
import { resolveInterface } from './interface.ts';
import { itemsOf } from './items.ts';
import { resolveKinds } from './kinds.ts';
import { resolveMac } from './mac.ts';
import { resolveMask } from './mask.ts';
import { namedSet, resolveMember } from './member.ts';
import { resolveNumber } from './number.ts';
import type { Expression } from './program.ts';
import { setsFit } from './set-values.ts';
import { isRawBase, lastByte, numberField, stretchOf } from './slice.ts';
import { comparesText, refuseNocase, resolveBytes, resolveSliceText } from './text.ts';
import { unknownField } from './unknown-field.ts';

/** `dport 22`, `src != lan`, `flags SYN,!ACK`: the field's own type decides what it means. */
export function resolveComparison(context: Context, node: CompareNode, around: Surroundings): Expression | null {
  if (node.slice) return node.per ? counted(context, node.per) : resolveSlice(context, node, node.slice, around);
  const field = fieldNamed(node.field.text);
  if (!field)
    return isRawBase(node.field.text) ? needsSlice(context, node) : unknownField(context, node.field, node.value !== null);
  if (node.per) return counted(context, node.per);
  const { operator, value } = node;
  if (value === null) {
    const label = field.type.kind === 'truth' ? '' : 'a value belongs behind this';
    return context.report('PKT2004', { field: field.name }, node.span, label, {
      help: `write for example \`${field.example}\`, or \`${field.name} any\` for every packet that has the field`,
    });
  }
  if (field.type.kind === 'truth') {
    const fixes = [replacing(node.span, field.name)];
    const parameters = { operator: operator?.text ?? textOf(context, value.span), field: field.name };
    return context.report('PKT2006', parameters, node.span, 'stands alone', { fixes });
  }
  if (asksAny(context, node)) return present(context, node, field);
  const set = namedSet(context, value);
  if (set !== null) return resolveMember(context, node, set);
  const compared = compare(context, node, field, value, around);
  const resolved = compared && fits(compared) ? resolveTyped(compared) : null;
  return resolved && spread(field, resolved, operator?.text === '!=');
}

/** `… per src` */
function counted(context: Context, per: Key): null {
  return context.report('PKT2008', { what: '`per` behind a comparison' }, per.span, 'counting per key');
}

/** One field of a tuple: what `field value` means. */
export function resolveCell(context: Context, node: CompareNode, field: Field, around: Surroundings): Expression | null {
  const compared = node.value && compare(context, node, field, node.value, around);
  const resolved = compared && fits(compared) ? resolveTyped(compared) : null;
  return resolved && spread(field, resolved, false);
}

function compare(context: Context, node: CompareNode, field: Field, value: Value, around: Surroundings): Compared | null {
  const items = itemsOf(context, value);
  return items && { context, node, field, operator: node.operator?.text ?? null, items, around };
}

function asksAny(context: Context, { value }: CompareNode): boolean {
  return value?.kind === 'word' && value.text === 'any' && context.names.lookUp('any') === undefined;
}

/** `payload[4:2] = 0x0035`, `frame[0:3] "abc"`, `network[9:1] & 0xf0 = 0`. */
function resolveSlice(context: Context, node: CompareNode, slice: Slice, around: Surroundings): Expression | null {
  const stretch = stretchOf(context, node, slice);
  if (stretch === null || node.value === null) return null;
  const name = `${stretch.base}[${stretch.offset}:${stretch.size}]`;
  if (asksAny(context, node)) return presentSlice(context, node, name, lastByte(stretch));
  const compared = compare(context, node, { ...SLICE, name }, node.value, around);
  if (compared === null || !plain(compared)) return null;
  if (comparesText(compared)) return resolveSliceText(compared, stretch)?.(name) ?? null;
  const field = numberField(context, node, stretch);
  const number = field && { ...compared, field };
  return (number && fits(number) ? resolveTyped(number) : null)?.(name) ?? null;
}

/** What messages call a slice before it is clear what it is compared with. */
const SLICE: Field = {
  name: '',
  group: 'raw',
  type: { kind: 'uint', bits: 48 },
  read: { kind: 'raw', base: 'frame', offset: 0, size: 1 },
  summary: '',
  units: '',
  source: '',
  absent: '',
  example: 'payload[0:4] = "HTTP"',
};

function presentSlice(context: Context, node: CompareNode, name: string, last: string): Expression | null {
  const asked = present(context, node, { ...SLICE, name });
  return asked?.kind === 'present' ? { ...asked, field: last } : asked;
}

/** `frame`, `network` and `transport` are read in pieces only. */
function needsSlice(context: Context, { field }: CompareNode): null {
  return context.report('PKT2043', { field: field.text }, field.span, 'which bytes?', {
    help: `write for example \`${field.text}[0:2] = 0x0800\`: two bytes from byte 0 on`,
  });
}

/** `addr != X` is neither of the two, every other operator is one of them. */
function spread(field: Field, resolved: (field: string) => Expression, negated: boolean): Expression {
  if (field.read.kind !== 'either') return resolved(field.name);
  const of = field.read.of.map(resolved);
  return negated ? both(of) : either(of);
}

function resolveTyped(compared: Compared): Resolved {
  const { kind } = compared.field.type;
  if (!setsFit(compared)) return null;
  if (compared.node.mask && kind !== 'bytes') return resolveMask(compared);
  switch (kind) {
    case 'uint':
      return resolveNumber(compared);
    case 'address':
      return resolveAddress(compared);
    case 'mac':
      return resolveMac(compared);
    case 'flags':
      return resolveFlags(compared);
    case 'kinds':
      return resolveKinds(compared);
    case 'bytes':
      return resolveBytes(compared);
    case 'interface':
      return resolveInterface(compared);
    case 'truth':
      return null;
  }
}

function present(context: Context, node: CompareNode, field: Field): Expression | null {
  const { operator } = node;
  if (node.bang || node.mask || (operator && operator.text !== '=')) {
    const negative = node.bang || operator?.text === '!=';
    return context.report('PKT2024', { field: field.name }, node.span, 'neither equal nor larger', {
      help: '`any` asks whether the packet has the field at all',
      fixes: [replacing(node.span, negative ? `not ${field.name} any` : `${field.name} any`)],
    });
  }
  return spread(field, (name) => ({ kind: 'present', field: name, span: node.span }), false);
}

/** Operators that no field of this type has, and what else means nothing there. */
function fits(compared: Compared): boolean {
  const { context, node, field } = compared;
  const { operator } = node;
  if (!plain(compared)) return false;
  const { type } = field;
  if (type.kind === 'bytes') return operator === null || !/[<>]/.test(operator.text) || noOrder(compared);
  if (node.nocase) return refuseNocase(compared) ?? false;
  if (node.within) {
    const help = '`payload within 64 contains "…"` looks at the first 64 bytes';
    return refuse(context, 'within', field, node.within.span, `\`${field.name}\` is not searched`, help);
  }
  if (operator && ['contains', 'starts', 'ends'].includes(operator.text)) {
    const wild = type.kind === 'interface' ? 'write a pattern: `iface "veth*"`' : undefined;
    return refuse(context, operator.text, field, operator.span, `\`${field.name}\` is not text`, wild);
  }
  const ordered = type.kind === 'uint' && !type.closed;
  return !operator || !/[<>]/.test(operator.text) || ordered || noOrder(compared);
}

function noOrder({ context, node, field }: Compared): false {
  const { kind } = field.type;
  const help = kind === 'address' || kind === 'mac' ? 'write a prefix or a range `first-last`' : 'compare with `=` or `!=`';
  const { text, span } = node.operator ?? { text: '<', span: node.span };
  return refuse(context, text, field, span, `${TYPE_NAMES[kind]} no order`, help);
}

const TYPE_NAMES: Readonly<Record<Field['type']['kind'], string>> = {
  address: 'addresses have',
  mac: 'addresses have',
  flags: 'flags have',
  kinds: 'a set of numbers has',
  bytes: 'text has',
  interface: 'names have',
  uint: 'names have',
  truth: 'a word has',
};

/** `!` and `,` where they mean nothing, and `any` among values. */
function plain({ context, node, field, items }: Compared): boolean {
  const flags = field.type.kind === 'flags';
  if (!flags && node.more.length > 0) return withoutBraces(context, node, field);
  if (!flags && node.bang) {
    const value = node.value && textOf(context, node.value.span);
    const fixes = node.operator ? [] : [replacing(node.span, `${field.name} != ${value}`)];
    context.report('PKT2007', { field: field.name }, node.span, 'means nothing here', {
      help: 'write `!=` for "is not"',
      fixes,
    });
    return false;
  }
  const any = items.list.find((item) => item.scalar.kind === 'word' && item.scalar.text === 'any');
  if (any) {
    context.report('PKT2024', { field: field.name }, any.written, 'not one value among others', {
      help: `\`${field.name} any\` asks whether the packet has the field at all`,
    });
  }
  return !any;
}

/** `proto tcp,udp`: a comma between words belongs to flags. */
function withoutBraces(context: Context, node: CompareNode, field: Field): false {
  const { value, more } = node;
  const last = more.at(-1)?.word.span ?? node.span;
  const place = { start: value?.span.start ?? node.span.start, end: last.end };
  const words = [value ? textOf(context, value.span) : '', ...more.map(({ word }) => word.text)].join(', ');
  const list = value?.kind !== 'list' && !node.bang && more.every(({ bang }) => !bang);
  context.report('PKT2045', { field: field.name }, place, 'means any of these?', {
    help: list ? null : '`!` and `,` between words belong to `flags`',
    fixes: list ? [replacing(place, `{ ${words} }`)] : [],
  });
  return false;
}
