/** Values as the trace shows them to people. */
import type { Field, Names } from '../../grammar/fields/field.ts';
import { printIpv4 } from '../../grammar/values/ipv4.ts';
import { printIpv6 } from '../../grammar/values/ipv6.ts';
import { printMac } from '../../grammar/values/mac.ts';
import type { Dissection } from './dissection.ts';
import type { FieldValue } from './read-field.ts';

/** `22`, `6 (tcp)`, `SYN,ACK`, `10.0.0.1`, `{2 (mss), 1 (nop)}`, `5 bytes "hello"`. */
export function valueText(value: FieldValue, field: Field, dissection: Dissection): string {
  const { type } = field;
  if (value instanceof Uint8Array) return bytesText(value);
  if (value instanceof Set) return `{${[...value].map((kind) => named(kind, String(kind), namesOf(field))).join(', ')}}`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return printIpv6(value);
  if (typeof value !== 'number') return '';
  switch (type.kind) {
    case 'address':
      return printIpv4(value);
    case 'mac':
      return printMac(value);
    case 'flags':
      return flagsText(value, type.names);
    case 'truth':
      return value === 0 ? 'false' : 'true';
    case 'uint':
      return uintText(value, field, dissection);
    default:
      return String(value);
  }
}

function uintText(value: number, field: Field, dissection: Dissection): string {
  const { type, read } = field;
  if (type.kind !== 'uint') return String(value);
  if (read.kind === 'raw') return hexText(value, 2 * read.size);
  const under = dissection.layers.icmp6 === undefined ? 'icmp' : 'icmp6';
  const names = { ...type.names, ...type.namesUnder?.[under] };
  if (type.closed) return nameOf(value, names) ?? String(value);
  return named(value, field.name === 'ethertype' ? hexText(value, 4) : String(value), names);
}

function hexText(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

function namesOf({ type }: Field): Names {
  return type.kind === 'kinds' ? type.names : {};
}

function named(value: number, text: string, names: Names): string {
  const name = nameOf(value, names);
  return name === undefined ? text : `${text} (${name})`;
}

function nameOf(value: number, names: Names): string | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}

function flagsText(value: number, names: Names): string {
  const set = Object.keys(names).filter((name) => (value & (names[name] ?? 0)) !== 0);
  return set.length === 0 ? 'none' : set.join(',');
}

const SHOWN_BYTES = 32;
const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' };

function bytesText(bytes: Uint8Array): string {
  const text = Array.from(bytes.subarray(0, SHOWN_BYTES), characterText).join('');
  const count = `${bytes.length} ${bytes.length === 1 ? 'byte' : 'bytes'}`;
  return bytes.length === 0 ? count : `${count} "${text}${bytes.length > SHOWN_BYTES ? '…' : ''}"`;
}

/** As a string of the language has it. */
function characterText(byte: number): string {
  const printable = byte >= 0x20 && byte < 0x7f;
  return ESCAPES[byte] ?? (printable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`);
}
