/** Random values for a field, in every form its type can be written. */
import type { Field, Names, ValueType } from '../../grammar/fields/field.ts';
import type { Random } from '../packets/random.ts';

/** The forms that a value of each type takes; the coverage test asks for each of them. */
export type ValueForm =
  | 'number'
  | 'hexadecimal'
  | 'multiplied'
  | 'name'
  | 'range'
  | 'ipv4'
  | 'ipv4 prefix'
  | 'ipv4 range'
  | 'ipv6'
  | 'ipv6 prefix'
  | 'ipv6 range'
  | 'mac'
  | 'mac with dashes'
  | 'mac prefix'
  | 'mac range'
  | 'mac word'
  | 'text'
  | 'long text'
  | 'interface'
  | 'interface pattern';

export const FORMS: Readonly<Record<'uint' | 'address' | 'mac' | 'bytes' | 'interface', readonly ValueForm[]>> = {
  uint: ['number', 'hexadecimal', 'multiplied', 'name', 'range'],
  address: ['ipv4', 'ipv4 prefix', 'ipv4 range', 'ipv6', 'ipv6 prefix', 'ipv6 range'],
  mac: ['mac', 'mac with dashes', 'mac prefix', 'mac range', 'mac word'],
  bytes: ['text', 'long text'],
  interface: ['interface', 'interface pattern'],
};

/** Forms that name one value, so that `<` can stand before it. */
export const SINGLE: ReadonlySet<ValueForm> = new Set(['number', 'hexadecimal', 'multiplied', 'name']);

export function formsOf(field: Field): readonly ValueForm[] {
  const { type } = field;
  if (type.kind === 'address' || type.kind === 'mac' || type.kind === 'bytes' || type.kind === 'interface') {
    return FORMS[type.kind];
  }
  if (type.kind === 'kinds') {
    return ['number', 'hexadecimal', 'name', 'range'];
  }
  if (type.kind !== 'uint') {
    return [];
  }
  if (type.closed) {
    return ['name'];
  }
  return FORMS.uint.filter((form) =>
    form === 'name' ? namesOf(type).length > 0 : form === 'multiplied' ? type.bits > 12 : true,
  );
}

export function generateValue(random: Random, field: Field, form: ValueForm): string {
  switch (form) {
    case 'number':
      return `${numberFor(random, field)}`;
    case 'hexadecimal':
      return `0x${numberFor(random, field).toString(16)}`;
    case 'multiplied':
      return random.pick(['1k', '2k', '0.5k', '1Ki', '4Ki', '1.5k']);
    case 'name':
      return random.pick(wordsOf(field.type));
    case 'range':
      return rangeOf(numberFor(random, field), numberFor(random, field), String, (a, b) => a - b);
    case 'ipv4':
      return ipv4Text(ipv4(random));
    case 'ipv4 prefix':
      return prefix(BigInt(ipv4(random)), 32, random.pick([0, 1, 7, 8, 12, 16, 24, 31, 32, random.int(0, 32)]), (bits) =>
        ipv4Text(Number(bits)),
      );
    case 'ipv4 range':
      return rangeOf(ipv4(random), ipv4(random), ipv4Text, (a, b) => a - b);
    case 'ipv6':
      return ipv6Text(ipv6(random));
    case 'ipv6 prefix':
      return prefix(ipv6(random), 128, random.pick([0, 1, 8, 10, 32, 48, 63, 64, 65, 127, 128, random.int(0, 128)]), ipv6Text);
    case 'ipv6 range':
      return rangeOf(ipv6(random), ipv6(random), ipv6Text, (a, b) => (a < b ? -1 : 1));
    case 'mac':
      return macText(mac(random), ':');
    case 'mac with dashes':
      return macText(mac(random), '-');
    case 'mac prefix':
      return prefix(BigInt(mac(random)), 48, random.pick([1, 8, 24, 40, 47, 48]), (bits) => macText(Number(bits), ':'));
    case 'mac range':
      return rangeOf(
        mac(random),
        mac(random),
        (bits) => macText(bits, ':'),
        (a, b) => a - b,
      );
    case 'mac word':
      return random.pick(['broadcast', 'multicast']);
    case 'text':
      return quoted(text(random, random.int(1, 5)));
    case 'long text':
      return quoted(text(random, random.pick([6, 7, 12, 13, random.int(8, 40)])));
    case 'interface':
      return random.pick(['eth0', 'lo', 'veth7', '"3g-wan"', 'eth0.100']);
    case 'interface pattern':
      return random.pick(['"veth*"', '"*"', '"e*0"', '"*0.1*"', '"*x"']);
  }
}

/** Few different letters, so that patterns overlap themselves and each other; now and then any bytes. */
function text(random: Random, length: number): readonly number[] {
  const letters = random.weighted<readonly number[]>([
    [4, [0x61, 0x41, 0x62]],
    [2, [0x47, 0x45, 0x54, 0x20, 0x2f, 0x67]],
    [1, [0x00, 0xff, 0x0a, 0x22, 0x5c]],
  ]);
  return Array.from({ length }, () => (random.chance(0.1) ? random.int(0, 255) : random.pick(letters)));
}

/** As a rule file writes it. */
export function quoted(bytes: readonly number[]): string {
  const letters = bytes.map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `"${letters.join('')}"`;
}

function wordsOf(type: ValueType): readonly string[] {
  if (type.kind === 'kinds') return Object.keys(type.names);
  return type.kind === 'uint' ? namesOf(type) : [];
}

type UintType = Extract<ValueType, { kind: 'uint' }>;

function namesOf(type: UintType): readonly string[] {
  const tables: readonly Names[] = [type.names ?? {}, ...Object.values(type.namesUnder ?? {})];
  return [...new Set(tables.flatMap(Object.keys))];
}

/** Small numbers and those that packets carry are likelier than the rest of a wide field. */
function numberFor(random: Random, field: Field): number {
  const bits = field.type.kind === 'uint' ? field.type.bits : 8;
  const max = 2 ** bits - 1;
  const likely = LIKELY.get(field.name);
  if (likely !== undefined && random.chance(0.6)) {
    return random.pick(likely);
  }
  return random.weighted([
    [3, random.int(0, max)],
    [3, random.int(0, Math.min(max, 2000))],
    [1, 0],
    [1, max],
    [1, 2 ** random.int(0, bits - 1)],
  ]);
}

const LIKELY: ReadonlyMap<string, readonly number[]> = new Map([
  ['ethertype', [0x0800, 0x86dd, 0x0806, 0x8100, 1500]],
  ['proto', [0, 1, 6, 17, 43, 44, 58, 60, 132, 135]],
  ['len', [14, 18, 33, 34, 53, 54, 60, 62, 74, 100, 1500]],
  ['payload.len', [0, 1, 5, 39, 40, 100, 600]],
  ['ip.len', [0, 20, 28, 40, 41, 100, 600]],
  ['ip.options', [0, 1, 7, 68, 130, 148]],
  ['ip6.ext', [0, 43, 44, 51, 60]],
  ['tcp.option', [0, 1, 2, 3, 4, 5, 8]],
  ['tcp.mss', [0, 536, 1460]],
  ['udp.len', [0, 8, 9, 100]],
  ['ip.hdrlen', [0, 16, 20, 24, 60]],
  ['tcp.hdrlen', [0, 16, 20, 24, 60]],
]);

function rangeOf<T>(one: T, other: T, print: (value: T) => string, order: (a: T, b: T) => number): string {
  const [first, last] = order(one, other) <= 0 ? [one, other] : [other, one];
  return `${print(first)}-${print(last)}`;
}

function prefix(value: bigint, bits: number, length: number, print: (value: bigint) => string): string {
  const host = BigInt(bits - length);
  return `${print((value >> host) << host)}/${length}`;
}

function ipv4(random: Random): number {
  return random.chance(0.5)
    ? random.pick([0x0a000001, 0x0a010203, 0xac100001, 0xc0a80101, 0xffffffff, 0])
    : random.int(0, 2 ** 32 - 1);
}

function ipv4Text(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}

function ipv6(random: Random): bigint {
  return random.weighted([
    [3, random.bigint(128)],
    // Edges in either half, so that the border between them is crossed.
    [2, (random.pick([0xfd00n, 0xfe80n, 0x2001n]) << 112n) | random.pick([0n, 1n, (1n << 64n) - 1n, 1n << 64n, 1n << 63n])],
    [1, random.pick([0n, 1n, (1n << 128n) - 1n])],
  ]);
}

function ipv6Text(bits: bigint): string {
  return Array.from({ length: 8 }, (_, at) => ((bits >> BigInt(112 - at * 16)) & 0xffffn).toString(16)).join(':');
}

function mac(random: Random): number {
  return random.chance(0.3) ? random.pick([0x020000000001, 0x333300000001, 0x01005e000001]) : random.int(0, 2 ** 48 - 1);
}

export function macText(bits: number, separator: string): string {
  return (bits.toString(16).padStart(12, '0').match(/../g) ?? []).join(separator);
}
