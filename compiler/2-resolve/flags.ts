import type { Names, ValueType } from '../../grammar/fields/field.ts';
import type { Span } from '../../grammar/source.ts';
import { printFlags } from '../../grammar/values/flags.ts';
import { judgeUint } from '../../grammar/values/number.ts';
import { type Compared, type Resolved, refuse } from './compared.ts';
import { replacing } from './context.ts';
import { given, takes } from './describe.ts';
import type { Item } from './items.ts';
import type { Predicate } from './program.ts';
import { unknownValue, wrongType } from './unknown-value.ts';

type Flags = Extract<ValueType, { readonly kind: 'flags' }>;

interface Named {
  readonly bit: number;
  readonly bang: boolean;
  readonly word: string;
  readonly span: Span;
}

/** `flags SYN,!ACK`, `flags = SYN`, `flags {SYN, RST}`, `flags none`, as docs/packets.md says. */
export function resolveFlags(compared: Compared): Resolved {
  const { context, field, items, node, operator } = compared;
  const type = field.type as Flags;
  const all = 2 ** type.bits - 1;
  const named = readFlags(compared, type);
  if (named === null) return null;
  if (operator === 'in') {
    refuse(
      context,
      'in',
      field,
      node.operator?.span ?? node.span,
      'flags are not one value',
      '`flags {SYN, RST}` means at least one of them',
    );
    return null;
  }
  if (items.braced && (operator !== null || node.bang || node.more.length > 0)) {
    const help = '`flags {SYN, RST}` stands alone and means at least one; `flags = SYN or flags = RST` compares all eight bits';
    refuse(context, operator ?? ',', field, node.span, 'a list of flags takes no operator', help);
    return null;
  }
  if (exclude(compared, named)) return null;
  const { span } = node;
  const mask = named.reduce((bits, flag) => bits | flag.bit, 0);
  const value = named.reduce((bits, flag) => (flag.bang ? bits : bits | flag.bit), 0);
  if (items.braced && mask !== 0) return told({ kind: 'some', field: field.name, mask, span });
  if (operator === '=' || (value === 0 && mask === 0)) {
    if (operator === '!=') return told({ kind: 'some', field: field.name, mask: all, span });
    return told({ kind: 'bits', field: field.name, mask: all, value, span });
  }
  if (operator === '!=') {
    const below = value > 0 ? [[0, value - 1] as const] : [];
    const above = value < all ? [[value + 1, all] as const] : [];
    return told({ kind: 'in', field: field.name, ranges: [...below, ...above], span });
  }
  return told({ kind: 'bits', field: field.name, mask, value, span });
}

function told(predicate: Predicate): Resolved {
  return (field) => ({ ...predicate, field });
}

/** Every flag that is asked for; `none` is no flag at all. Null: something is none, which has been told. */
function readFlags(compared: Compared, type: Flags): readonly Named[] | null {
  const { items, node } = compared;
  const named: (Named | null)[] = items.list.map((item) => readItem(compared, type, item));
  for (const { bang, word } of node.more) {
    const item: Item = { scalar: { kind: 'word', times: null, ...word }, written: word.span };
    const flag = readItem(compared, type, item);
    named.push(flag && { ...flag, bang });
  }
  if (named.includes(null)) return null;
  return (named as readonly Named[]).filter((flag) => flag.word !== 'none' || named.length > 1 || flag.bang);
}

function readItem(compared: Compared, type: Flags, item: Item): Named | null {
  const { scalar } = item;
  if (scalar.kind === 'string') return wrongType(compared, item);
  if (scalar.kind === 'literal') return numberOfFlags(compared, type.names, item);
  const bang = compared.node.bang;
  const place = { bang, word: scalar.text, span: item.written };
  if (scalar.times === null && scalar.text === 'none') return { bit: 0, ...place };
  const bit = scalar.times === null && Object.hasOwn(type.names, scalar.text) ? type.names[scalar.text] : undefined;
  return bit === undefined ? unknownValue(compared, item) : { bit, ...place };
}

/** `flags 0x12`: flags are written as words, and here are the words. */
function numberOfFlags({ context, field, items, node, operator }: Compared, names: Names, item: Item): null {
  const text = item.scalar.kind === 'literal' ? item.scalar.text : '';
  const judged = judgeUint(text, 8);
  const alone = !items.braced && node.more.length === 0 && item.written === item.scalar.span;
  const fixes =
    judged.ok && alone ? [replacing(item.written, printFlags({ mask: judged.value, value: judged.value }, names))] : [];
  return context.report(
    'PKT2005',
    { field: field.name, takes: takes(field), given: given(item) },
    item.written,
    'flags are written as words',
    {
      help: operator === null ? '`flags = …` compares all eight bits, `flags …` only those that it lists' : null,
      fixes,
    },
  );
}

/** `SYN,!SYN`, `none,SYN`, `= SYN,!ACK`: no packet, or nothing said. */
function exclude({ context, items, operator }: Compared, named: readonly Named[]): boolean {
  for (const [index, flag] of named.entries()) {
    const other = named.slice(0, index).find((earlier) => earlier.bit === flag.bit && earlier.bang !== flag.bang);
    const none = named.length > 1 && flag.word === 'none' ? (named.find((one) => one !== flag) ?? flag) : undefined;
    const exact = operator !== null && flag.bang ? flag : undefined;
    if (other === undefined && none === undefined && exact === undefined && !(flag.word === 'none' && flag.bang)) continue;
    const print = (one: Named): string => `${one.bang ? '!' : ''}${one.word}`;
    if (other ?? none) {
      const [first, second] = [print(other ?? none ?? flag), print(flag)];
      const help = items.braced ? '`none` is no flag at all; write it as a rule of its own' : null;
      context.report('PKT2023', { first, second }, flag.span, 'no packet has both', { help });
    } else {
      const help =
        flag.word === 'none'
          ? 'write `flags != none` for any flag at all'
          : '`=` compares all eight bits: flags that are not listed are clear';
      context.report('PKT2006', { operator: '!', field: 'flags' }, flag.span, 'says nothing here', { help });
    }
    return true;
  }
  return false;
}
