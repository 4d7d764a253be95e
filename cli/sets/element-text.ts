/** Elements of sets as people write them: `203.0.113.7`, `(203.0.113.7, 22)`, `203.0.113.7,22`. */
import { fieldNamed } from '../../grammar/fields/index.ts';
import { judgeIpv4 } from '../../grammar/values/ipv4.ts';
import { judgeIpv6 } from '../../grammar/values/ipv6.ts';
import { judgeMac } from '../../grammar/values/mac.ts';
import { judgeUint } from '../../grammar/values/number.ts';
import type { ManifestKeyPart, ManifestSet } from '../../runtime/abi/manifest.ts';
import { ipv4Text, ipv6Text } from '../../runtime/address-text.ts';

/** What is wrong with a part of an element, and the part. */
export interface ElementProblem {
  readonly token: string;
  readonly problem: string;
}

/** The words of an element as `runtime/dynamic-set.ts` takes them. */
export function readElement({ key }: ManifestSet, text: string): readonly number[] | ElementProblem {
  const inside = /^\((.*)\)$/.exec(text)?.[1] ?? text;
  const parts = inside.split(',').map((part) => part.trim());
  if (parts.length !== key.length) {
    const fields = key.map(({ field }) => `\`${field}\``).join(', ');
    return { token: text, problem: `an element is ${key.length === 1 ? 'one value' : `${key.length} values`}: ${fields}` };
  }
  const words: number[] = [];
  let family: 4 | 6 | null = null;
  for (const [index, part] of parts.entries()) {
    const read = readPart(key[index] as ManifestKeyPart, part);
    if ('problem' in read) return { token: part, problem: read.problem };
    if (read.family !== null && family !== null && read.family !== family) {
      return { token: part, problem: 'addresses of one element are of one family' };
    }
    family = read.family ?? family;
    words.push(...read.words);
  }
  return family === null ? words : [family, ...words];
}

type Part = { readonly words: readonly number[]; readonly family: 4 | 6 | null } | { readonly problem: string };

function readPart({ field, type, bits }: ManifestKeyPart, text: string): Part {
  if (type === 'address') return readAddress(text);
  const judged = type === 'mac' ? judgeMac(text) : judgeUint(text, bits);
  const named = nameOf(field, text);
  if (named === null && !judged.ok) return { problem: judged.problem.label };
  const value = named ?? (judged.ok ? (Array.isArray(judged.value) ? single(judged.value) : (judged.value as number)) : null);
  if (value === null) return { problem: 'one address, not several' };
  return { words: bits > 32 ? [Math.floor(value / 2 ** 32), value >>> 0] : [value], family: null };
}

function single([first, last]: readonly number[]): number | null {
  return first === last ? (first ?? null) : null;
}

function readAddress(text: string): Part {
  if (text.includes('/') || text.includes('-'))
    return { problem: 'one address: a set that rules fill holds no prefixes and ranges' };
  if (!text.includes(':')) {
    const judged = judgeIpv4(text);
    return judged.ok ? { words: [judged.value, 0, 0, 0], family: 4 } : { problem: judged.problem.label };
  }
  const judged = judgeIpv6(text);
  if (!judged.ok) return { problem: judged.problem.label };
  return { words: [96n, 64n, 32n, 0n].map((shift) => Number((judged.value >> shift) & 0xffff_ffffn)), family: 6 };
}

/** `tcp` for 6, where the field has names. */
function nameOf(field: string, text: string): number | null {
  const type = fieldNamed(field)?.type;
  const names = type?.kind === 'uint' ? (type.names ?? {}) : {};
  return Object.hasOwn(names, text) ? (names[text] ?? null) : null;
}

/** As `readElement` reads it. */
export function elementText({ key }: ManifestSet, words: readonly number[]): string {
  const family = key.some(({ type }) => type === 'address') ? words[0] : null;
  let at = family === null ? 0 : 1;
  const texts = key.map(({ type, bits }) => {
    const count = type === 'address' ? 4 : bits > 32 ? 2 : 1;
    const part = words.slice(at, at + count);
    at += count;
    if (type === 'address') return addressText(family === 4, part);
    const value = count === 2 ? (part[0] ?? 0) * 2 ** 32 + (part[1] ?? 0) : (part[0] ?? 0);
    return type === 'mac' ? (value.toString(16).padStart(12, '0').match(/../g) ?? []).join(':') : String(value);
  });
  return texts.length === 1 ? texts.join() : `(${texts.join(', ')})`;
}

function addressText(isIpv4: boolean, words: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(16));
  words.forEach((word, index) => {
    view.setUint32(4 * index, word);
  });
  const bytes = new Uint8Array(view.buffer);
  return isIpv4 ? ipv4Text(bytes, 0) : ipv6Text(bytes, 0);
}
