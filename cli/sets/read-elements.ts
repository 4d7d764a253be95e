/** Elements of the command line and of a file, all of them before anything is changed. */
import { createScanner } from '../../compiler/2-resolve/ipv4-lines.ts';
import { createScanner6 } from '../../compiler/2-resolve/ipv6-lines.ts';
import { judgeDuration } from '../../grammar/values/duration.ts';
import type { ManifestSet } from '../../runtime/abi/manifest.ts';
import { wordsOf } from '../../runtime/dynamic-set.ts';
import { Failure } from '../failure.ts';
import { createElementList, type ElementList, type GrowingList } from './element-list.ts';
import { readElement } from './element-text.ts';

/** Elements by how long they stay, in milliseconds; null: as long as the set says. */
export type ElementLists = ReadonlyMap<number | null, ElementList>;

/** One `ELEMENT [timeout TIME]` a line, `#` and `;` begin comments. */
const LINE = /^\s*(.*?)(?:\s+timeout\s+(\S+))?\s*$/;

const ADDRESS_WORDS = 4;

/** @param place `line 3 of \`list\``, or what else says where it stands. @throws Failure PKT6091 */
function take(set: ManifestSet, text: string, place: string): readonly number[] {
  const read = readElement(set, text);
  if (!('problem' in read)) return read;
  throw wrong(`${place}: \`${read.token}\` is no element of \`${set.name}\`: ${read.problem}`);
}

function wrong(message: string): Failure {
  return new Failure(message, { code: 'PKT6091', help: 'nothing has been changed; correct it and try again' });
}

/** @throws Failure PKT6091 with line and word; then nothing has been changed */
export function readElements(
  set: ManifestSet,
  written: readonly string[],
  file: { readonly name: string; readonly text: string } | null,
): ElementLists {
  const lists = new Map<number | null, GrowingList>();
  const put = (time_ms: number | null, element: ArrayLike<number>) => {
    const list = lists.get(time_ms) ?? createElementList(wordsOf(set));
    list.push(element);
    lists.set(time_ms, list);
  };
  for (const [index, text] of written.entries()) put(null, take(set, text, `element ${index + 1}`));
  if (file === null) return lists;
  const scan = plainAddresses(set, file.text);
  let slash = file.text.indexOf('/');
  let start = 0;
  for (let index = 0; start < file.text.length; index += 1) {
    const newline = file.text.indexOf('\n', start);
    const end = newline < 0 ? file.text.length : newline;
    if (slash >= 0 && slash < start) slash = file.text.indexOf('/', start);
    const plain = slash < 0 || slash >= end ? (scan?.(start, end) ?? null) : null;
    const from = start;
    start = end + 1;
    if (plain !== null) {
      put(null, plain);
      continue;
    }
    const line = file.text.slice(from, end);
    const [, text = '', time] = LINE.exec(line.replace(/[#;].*$/s, '')) ?? [];
    if (text === '') continue;
    const place = `line ${index + 1} of \`${file.name}\``;
    put(time === undefined ? null : timeOf(time, place), take(set, text, place));
  }
  return lists;
}

/**
 * Lines that are an address and no more, nearly all of most lists, are read without making anything of them: the words of each are those of the
 * call before. null: another line. They must have no slash, as a network of one address is no element either.
 */
function plainAddresses({ key }: ManifestSet, text: string): ((start: number, end: number) => Uint32Array | null) | null {
  if (key.length !== 1 || key[0]?.type !== 'address') return null;
  const bounds = new Uint32Array(2 * ADDRESS_WORDS);
  const scan4 = createScanner(text);
  const scan6 = createScanner6(text, bounds);
  const element = new Uint32Array(1 + ADDRESS_WORDS);
  return (start, end) => {
    const range = scan4(start, end);
    if (range === null && !scan6(start, end)) return null;
    element[0] = range === null ? 6 : 4;
    for (let word = 0; word < ADDRESS_WORDS; word++) element[1 + word] = range === null ? (bounds[word] as number) : 0;
    if (range !== null) element[1] = range.first;
    return element;
  };
}

function timeOf(text: string, place: string): number {
  const judged = judgeDuration(text);
  if (judged.ok && judged.value >= 1) return judged.value;
  throw wrong(`${place}: \`${text}\` is no time${judged.ok ? '' : `: ${judged.problem.label}`}`);
}
