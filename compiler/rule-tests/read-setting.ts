/** The value of one setting of a test packet: exactly one, as a wire would carry it. */
import type { PacketSetting, Scalar, Word } from '../../grammar/ast.ts';
import type { Names } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import { judgeMac } from '../../grammar/values/mac.ts';
import { judgeUint } from '../../grammar/values/number.ts';
import { judgeText } from '../../grammar/values/text.ts';
import { type Context, didYouMean, replacing } from '../2-resolve/context.ts';
import { accept } from '../2-resolve/value-problem.ts';
import { suggest } from '../diagnostics/suggest.ts';
import type { Setting } from './settings.ts';
import type { PacketProtocol } from './test-packet.ts';

/** Which setting of which packet is read. */
export interface Reading {
  readonly context: Context;
  readonly protocol: PacketProtocol;
  readonly name: string;
  readonly setting: Setting;
  readonly written: PacketSetting;
}

/** Reports a value that this setting does not take; always null. */
function refuse({ context, name }: Reading, scalar: Scalar | Word, takes: string, label: string, meant?: string | null): null {
  const fixes = meant == null ? [] : [didYouMean(scalar.span, meant)];
  return context.report('PKT2093', { setting: name, takes }, scalar.span, label, { fixes });
}

/** The scalar alone; null, with a report, when more stands behind it. */
function single(reading: Reading, takes: string): Scalar | null {
  const { value, more } = reading.written;
  if (value.kind === 'packet') {
    return reading.context.report('PKT2093', { setting: reading.name, takes }, value.span, 'this is a packet');
  }
  const [second] = more;
  if (second) return refuse(reading, second, takes, 'a second value');
  if (value.kind === 'literal' && value.to) return refuse(reading, value, takes, 'a packet has one value');
  if (value.kind === 'word' && value.times) return refuse(reading, value, takes, 'a packet has one value');
  return value;
}

/** A number, or a name that the field's table has for one. */
export function readNumber(reading: Reading): number | null {
  const { context, name, setting, protocol } = reading;
  const type = fieldNamed(name)?.type;
  const uint = type?.kind === 'uint' ? type : null;
  const names: Names = uint?.names ?? uint?.namesUnder?.[protocol] ?? {};
  const words = Object.keys(names);
  const shown = words.slice(0, 6).map((word) => `\`${word}\``);
  const takes =
    words.length === 0 ? 'a number' : `${uint?.closed ? '' : 'a number or '}${shown.join(', ')}${words.length > 6 ? ' …' : ''}`;
  const scalar = single(reading, takes);
  if (scalar === null) return null;
  if (scalar.kind === 'word') {
    const value = Object.hasOwn(names, scalar.text) ? names[scalar.text] : undefined;
    return value ?? refuse(reading, scalar, takes, 'not a name that it knows', suggest(scalar.text, words));
  }
  if (scalar.kind === 'string') return refuse(reading, scalar, takes, 'this is text');
  if (uint?.closed) return refuse(reading, scalar, takes, 'only its names are taken');
  const value = accept(context, scalar, judgeUint(scalar.text, setting.bits ?? uint?.bits ?? 32));
  if (value === null || !setting.words || value % 4 === 0) return value;
  return refuse(reading, scalar, 'a multiple of 4', 'headers are counted in words of 4 bytes');
}

/** A link-layer address as a 48-bit number. */
export function readMac(reading: Reading): number | null {
  const takes = 'a MAC address or `broadcast`';
  const scalar = single(reading, takes);
  if (scalar === null) return null;
  if (scalar.kind === 'word' && scalar.text === 'broadcast') return 2 ** 48 - 1;
  if (scalar.kind !== 'literal') return refuse(reading, scalar, takes, 'not an address');
  const range = accept(reading.context, scalar, judgeMac(scalar.text));
  if (range === null) return null;
  return range[0] === range[1] ? range[0] : refuse(reading, scalar, takes, 'a packet has one address');
}

/** `SYN,ACK`, `none`: exactly the flags that the packet carries. */
export function readFlags(reading: Reading): number | null {
  const type = fieldNamed(reading.name)?.type;
  const names: Names = type?.kind === 'flags' ? type.names : {};
  const takes = `flags such as \`SYN,ACK\`, or \`none\``;
  const words = wordsOf(reading, takes);
  if (words === null) return null;
  if (words.length === 1 && words[0]?.text === 'none') return 0;
  let flags = 0;
  for (const word of words) {
    const bit = Object.hasOwn(names, word.text) ? names[word.text] : undefined;
    if (bit === undefined) return refuse(reading, word, takes, 'not a flag', suggest(word.text, Object.keys(names)));
    flags |= bit;
  }
  return flags;
}

/** `mss,nop,254`: option kinds or extension headers; only the first can be a number, as the grammar has it. */
export function readKinds(reading: Reading): readonly number[] | null {
  const type = fieldNamed(reading.name)?.type;
  const names: Names = type?.kind === 'kinds' ? type.names : {};
  const takes = `names such as \`${Object.keys(names).slice(0, 2).join(',')}\`, or a number`;
  const { value } = reading.written;
  const kinds: number[] = [];
  if (value.kind === 'literal' && value.to === null) {
    const kind = accept(reading.context, value, judgeUint(value.text, 8));
    if (kind === null) return null;
    kinds.push(kind);
  }
  const words = kinds.length > 0 ? reading.written.more : wordsOf(reading, takes);
  if (words === null) return null;
  for (const word of words) {
    const kind = Object.hasOwn(names, word.text) ? names[word.text] : undefined;
    if (kind === undefined) return refuse(reading, word, takes, 'not a kind', suggest(word.text, Object.keys(names)));
    kinds.push(kind);
  }
  return kinds;
}

function wordsOf(reading: Reading, takes: string): readonly Word[] | null {
  const { value, more } = reading.written;
  if (value.kind === 'word' && value.times === null) return [value, ...more];
  if (value.kind === 'packet') return reading.context.report('PKT2093', { setting: reading.name, takes }, value.span);
  return refuse(reading, value, takes, 'this is no word');
}

/** Text with its escapes as bytes. */
export function readText(reading: Reading): Uint8Array | null {
  const scalar = single(reading, 'text in quotes');
  if (scalar === null) return null;
  if (scalar.kind !== 'string') return refuse(reading, scalar, 'text in quotes', 'this has no quotes');
  return readString(reading.context, scalar);
}

/** The bytes of a string; null when an escape in it was refused, which is reported here. */
export function readString(context: Context, { text, span }: { readonly text: string; readonly span: Scalar['span'] }) {
  const judged = judgeText(text);
  if (judged.ok) return judged.value;
  const { problem } = judged;
  const place = { start: span.start + 1 + problem.start, end: span.start + 1 + problem.end };
  return context.report('PKT2115', { text: `"${text}"` }, place, problem.label, { help: problem.help });
}

/** `"0200 0000 0001"`, spaces wherever they help: as a capture tool prints bytes. */
export function readHex(reading: Reading): Uint8Array | null {
  const takes = 'hexadecimal digits in quotes';
  const scalar = single(reading, takes);
  if (scalar === null) return null;
  if (scalar.kind !== 'string') {
    const { context, name } = reading;
    const quoted = scalar.kind === 'word' && /^[0-9A-Fa-f]+$/.test(scalar.text);
    const fixes = quoted ? [replacing(scalar.span, `"${scalar.text}"`)] : [];
    return context.report('PKT2093', { setting: name, takes }, scalar.span, 'this has no quotes', { fixes });
  }
  const wrong = scalar.text.search(/[^0-9A-Fa-f \t]/);
  const start = scalar.span.start + 1;
  if (wrong >= 0) {
    const span = { start: start + wrong, end: start + wrong + 1 };
    return reading.context.report('PKT2093', { setting: reading.name, takes }, span, 'not a hexadecimal digit');
  }
  const digits = scalar.text.replace(/[ \t]/g, '');
  if (digits.length % 2 === 1) return refuse(reading, scalar, takes, 'half a byte is missing');
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

/** IFNAMSIZ of include/uapi/linux/if.h, less the terminating zero. */
const INTERFACE_BYTES_MAX = 15;

/** The name of one interface. */
export function readInterface(reading: Reading): string | null {
  const takes = 'the name of an interface';
  const scalar = single(reading, takes);
  if (scalar === null) return null;
  if (scalar.kind === 'literal') return refuse(reading, scalar, takes, 'quote it');
  const bytes = scalar.kind === 'word' ? new TextEncoder().encode(scalar.text) : readString(reading.context, scalar);
  if (bytes === null) return null;
  if (bytes.length === 0 || bytes.length > INTERFACE_BYTES_MAX || bytes.some((byte) => byte <= 0x20 || byte === 0x2f)) {
    return refuse(reading, scalar, takes, `1 to ${INTERFACE_BYTES_MAX} bytes, without spaces and slashes`);
  }
  return new TextDecoder().decode(bytes);
}
