/** Elements of the command line and of a file, all of them before anything is changed. */
import { judgeDuration } from '../../grammar/values/duration.ts';
import type { ManifestSet } from '../../runtime/abi/manifest.ts';
import { Failure } from '../failure.ts';
import { readElement } from './element-text.ts';

/** Elements by how long they stay, in milliseconds; null: as long as the set says. */
export type ElementLists = ReadonlyMap<number | null, readonly (readonly number[])[]>;

/** One `ELEMENT [timeout TIME]` a line, `#` and `;` begin comments. */
const LINE = /^\s*(.*?)(?:\s+timeout\s+(\S+))?\s*$/;

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
  const lists = new Map<number | null, (readonly number[])[]>();
  const put = (time_ms: number | null, element: readonly number[]) => {
    const list = lists.get(time_ms) ?? [];
    list.push(element);
    lists.set(time_ms, list);
  };
  for (const [index, text] of written.entries()) put(null, take(set, text, `element ${index + 1}`));
  if (file === null) return lists;
  for (const [index, line] of file.text.split('\n').entries()) {
    const [, text = '', time] = LINE.exec(line.replace(/[#;].*$/, '')) ?? [];
    if (text === '') continue;
    const place = `line ${index + 1} of \`${file.name}\``;
    put(time === undefined ? null : timeOf(time, place), take(set, text, place));
  }
  return lists;
}

function timeOf(text: string, place: string): number {
  const judged = judgeDuration(text);
  if (judged.ok && judged.value >= 1) return judged.value;
  throw wrong(`${place}: \`${text}\` is no time${judged.ok ? '' : `: ${judged.problem.label}`}`);
}
