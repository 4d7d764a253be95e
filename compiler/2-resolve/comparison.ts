import type { CompareNode } from '../../grammar/ast.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import { resolveAddress } from './address.ts';
import { both, type Compared, either, type Resolved, refuse, type Surroundings } from './compared.ts';
import { type Context, replacing, textOf } from './context.ts';
import { resolveFlags } from './flags.ts';
import { itemsOf } from './items.ts';
import { resolveMac } from './mac.ts';
import { resolveMask } from './mask.ts';
import { resolveNumber } from './number.ts';
import type { Expression } from './program.ts';
import { unknownField } from './unknown-field.ts';

/** `dport 22`, `src != lan`, `flags SYN,!ACK`: the field's own type decides what it means. */
export function resolveComparison(context: Context, node: CompareNode, around: Surroundings): Expression | null {
  const field = fieldNamed(node.field.text);
  if (!field) return unknownField(context, node.field, node.value !== null);
  if (node.per) return context.report('PKT2008', { what: '`per` behind a comparison' }, node.per.span, 'counting per key');
  if (node.slice) return sliced(context, node);
  const { operator, value } = node;
  if (value === null) {
    const label = field.type.kind === 'truth' ? '' : 'a value belongs behind this';
    return context.report('PKT2004', { field: field.name }, node.span, label, {
      help: `write for example \`${field.example}\`, or \`${field.name} any\` for every packet that has the field`,
    });
  }
  if (field.type.kind === 'truth') {
    const fixes = [replacing(node.span, field.name)];
    return context.report(
      'PKT2006',
      { operator: operator?.text ?? textOf(context, value.span), field: field.name },
      node.span,
      'stands alone',
      {
        fixes,
      },
    );
  }
  if (value.kind === 'word' && value.text === 'any' && context.names.lookUp('any') === undefined)
    return present(context, node, field);
  const items = itemsOf(context, value);
  if (!items) return null;
  const compared: Compared = { context, node, field, operator: operator?.text ?? null, items, around };
  const resolved = fits(compared) ? resolveTyped(compared) : null;
  return resolved && spread(field, resolved, operator?.text === '!=');
}

/** `addr != X` is neither of the two, every other operator is one of them. */
function spread(field: Field, resolved: (field: string) => Expression, negated: boolean): Expression {
  if (field.read.kind !== 'either') return resolved(field.name);
  const of = field.read.of.map(resolved);
  return negated ? both(of) : either(of);
}

function resolveTyped(compared: Compared): Resolved {
  if (compared.node.mask) return resolveMask(compared);
  switch (compared.field.type.kind) {
    case 'uint':
      return resolveNumber(compared);
    case 'address':
      return resolveAddress(compared);
    case 'mac':
      return resolveMac(compared);
    case 'flags':
      return resolveFlags(compared);
    case 'truth':
    case 'kinds':
    case 'bytes':
    case 'interface':
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

function sliced(context: Context, node: CompareNode): null {
  return context.report(
    'PKT2006',
    { operator: '[offset:length]', field: node.field.text },
    node.span,
    'a field is compared whole',
    {
      help: 'bits of a number are compared with a mask: `tcp.window & 0x8000 = 0x8000`',
    },
  );
}

/** Operators that no field of this type has, `!` and `,` where they mean nothing, `any` among values. */
function fits({ context, node, field, items }: Compared): boolean {
  const { operator } = node;
  const flags = field.type.kind === 'flags';
  const value = node.value && textOf(context, node.value.span);
  if (!flags && node.bang) {
    const fixes = operator ? [] : [replacing(node.span, `${field.name} != ${value}`)];
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
    return false;
  }
  if (operator && ['contains', 'starts', 'ends'].includes(operator.text)) {
    return refuse(context, operator.text, field, operator.span, `\`${field.name}\` is not text`);
  }
  const ordered = field.type.kind === 'uint' && !field.type.closed;
  if (operator && /[<>]/.test(operator.text) && !ordered) {
    const help =
      field.type.kind === 'address' || field.type.kind === 'mac'
        ? 'write a prefix or a range `first-last`'
        : `compare with \`=\` or \`!=\``;
    return refuse(context, operator.text, field, operator.span, `${typeName(field)} have no order`, help);
  }
  return true;
}

function typeName(field: Field): string {
  const { kind } = field.type;
  return kind === 'address' || kind === 'mac' ? 'addresses' : kind === 'flags' ? 'flags' : 'names';
}
