import type { Field, Names } from '../../grammar/fields/field.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import type { Item } from './items.ts';

/** What a field takes, with an example: `a port or number such as …`. */
export function takes(field: Field): string {
  switch (field.type.kind) {
    case 'address':
      return 'an address or a prefix';
    case 'mac':
      return 'a MAC address';
    case 'flags':
      return 'TCP flags';
    case 'truth':
      return 'no value';
    case 'bytes':
      return 'text';
    case 'interface':
      return 'the name of an interface';
    case 'kinds':
      return numberOrName(field);
    case 'uint':
      return field.type.closed
        ? Object.keys(field.type.names ?? {})
            .map((name) => `\`${name}\``)
            .join(' or ')
        : numberOrName(field);
  }
}

function numberOrName(field: Field): string {
  const names = Object.keys(wordsOf(field));
  const [first] = names;
  return first === undefined ? 'a number' : `a number or a name such as \`${first}\``;
}

/** What an item is, for "takes X, not Y". */
export function given(item: Item): string {
  const { scalar } = item;
  if (scalar.kind === 'string') return 'a string';
  if (scalar.kind === 'word') return 'a name';
  return shapeOf(scalar.text);
}

/** Every name of the field's table, those that depend on the protocol included. */
export function wordsOf(field: Field): Names {
  const { type } = field;
  if (type.kind === 'flags' || type.kind === 'kinds') return type.names;
  if (type.kind === 'mac') return { broadcast: 0xffffffffffff, multicast: 0x010000000000 };
  if (type.kind !== 'uint') return {};
  return Object.assign({}, type.names, ...Object.values(type.namesUnder ?? {})) as Names;
}
