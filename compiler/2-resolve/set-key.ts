/** What an element of a set is: the value of a field, or of several. */
import type { Key, Word } from '../../grammar/ast.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Span } from '../../grammar/source.ts';
import type { Context } from './context.ts';
import { unknownField } from './unknown-field.ts';

/** Fields of one element. */
export const KEY_FIELDS_MAX = 4;

/** The fields of a key; null: one of them cannot be in it, which has been told. */
export function keyFields(context: Context, key: Key): readonly Field[] | null {
  const fields: Field[] = [];
  let sound = true;
  for (const word of key.words) {
    const field = keyField(context, word);
    if (field === null) sound = false;
    else if (fields.includes(field)) {
      context.report('PKT2044', { field: field.name }, word.span, 'once more', { help: 'a key has each field once' });
      sound = false;
    } else fields.push(field);
  }
  if (!sound) return null;
  if (fields.length <= KEY_FIELDS_MAX) return fields;
  const reason = `a key has at most ${KEY_FIELDS_MAX} fields`;
  const help = 'leave out what does not tell elements apart';
  return context.report('PKT2064', { field: keyText(fields), reason }, key.span, 'too many', { help });
}

function keyField(context: Context, word: Word): Field | null {
  const field = fieldNamed(word.text);
  if (!field) return unknownField(context, word, true);
  const reason = refusal(field);
  if (reason === null) return field;
  const help =
    field.read.kind === 'either'
      ? `write \`${field.read.of[0]}\` or \`${field.read.of[1]}\``
      : 'elements are made of addresses, numbers, flags and MAC addresses of headers';
  return context.report('PKT2064', { field: field.name, reason }, word.span, 'not for a key', { help });
}

/** null: it can be part of a key. */
function refusal({ read, type }: Field): string | null {
  if (read.kind === 'either') return 'it stands for two fields';
  if (!['address', 'uint', 'mac', 'flags'].includes(type.kind)) return 'it is no address and no number';
  if (read.kind === 'header' || read.kind === 'fact') return null;
  return read.kind === 'context' && read.what === 'mark' ? null : 'it is not read from a header';
}

/** The same for the parser's eyes: fields that can be a key, and nothing is told. */
export function quietKey(words: readonly Word[]): readonly Field[] | null {
  const fields = words.map(({ text }) => fieldNamed(text));
  const known = fields.filter((field) => field !== undefined);
  const sound = known.length === fields.length && known.length <= KEY_FIELDS_MAX && new Set(known).size === known.length;
  return sound && known.every((field) => refusal(field) === null) ? known : null;
}

/** Whether the values of one key are elements of a set with the other. */
export function sameKind(one: readonly Field[], other: readonly Field[]): boolean {
  return one.length === other.length && one.every((field, at) => kindOf(field) === kindOf(other[at]));
}

function kindOf(field: Field | undefined): string {
  const type = field?.type;
  return type?.kind === 'uint' || type?.kind === 'flags' ? `${type.kind} ${type.bits}` : (type?.kind ?? '');
}

/** `src`, `(src, dport)` */
export function keyText(fields: readonly Field[]): string {
  const names = fields.map(({ name }) => name);
  return names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`;
}

/** The same of what is written. */
export function wordsText({ words }: Key): string {
  return words.length === 1 ? (words[0]?.text ?? '') : `(${words.map(({ text }) => text).join(', ')})`;
}

export function keyOfWord({ text, span }: { readonly text: string; readonly span: Span }): Key {
  return { span, words: [{ text, span }] };
}
