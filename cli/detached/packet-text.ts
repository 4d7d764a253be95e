/** A packet as `test` in a rule file would say it. */
import { analyse } from '../../compiler/index.ts';
import { buildFrame } from '../../compiler/rule-tests/build-frame.ts';
import { SETTINGS } from '../../compiler/rule-tests/settings.ts';
import type { Endpoint, TestPacket } from '../../compiler/rule-tests/test-packet.ts';
import type { Names } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import { addressText } from '../../runtime/address-bytes.ts';

/** As the field `frag` has it. */
const FRAG_LATER = 2;

/** Without `packet` before it. What no setting can say is said in bytes: `frame hex "…"`. */
export function packetText(packet: TestPacket): string {
  const said = sayPacket(packet);
  const frame = buildFrame(packet, () => {});
  if (said !== null && readsAs(said, frame)) return said;
  const outside = packet.iface === null ? '' : ` iface ${quoted(Buffer.from(packet.iface))}`;
  return `frame hex "${Buffer.from(frame).toString('hex')}"${outside}`;
}

/** Some packets can be made that no test can write. */
function readsAs(text: string, frame: Uint8Array): boolean {
  const { tests, diagnostics } = analyse(
    { name: 'packet', text: `match any -> count\ntest "" { packet ${text} expect pass }` },
    { hook: null },
  );
  const [read] = tests[0]?.cases ?? [];
  return diagnostics.length === 0 && read?.kind === 'packet' && Buffer.compare(read.frame, frame) === 0;
}

/** null: something of it has no words. */
function sayPacket(packet: TestPacket): string | null {
  const { protocol, from, to, numbers, kinds, bytes, iface, tunnel } = packet;
  const parts: (string | null)[] = [protocol];
  // Ports are in the first fragment alone.
  const hasPorts = numbers.get('frag')?.[0] !== FRAG_LATER;
  if (from !== null && to !== null) parts.push(`${endText(from, hasPorts)} > ${endText(to, hasPorts)}`);
  // A number for a set of kinds says nothing.
  const counted = [...numbers].filter(([name]) => SETTINGS[name]?.takes !== 'kinds');
  for (const [name, values] of counted) for (const value of values) parts.push(sayNumber(name, value, protocol));
  for (const [name, values] of kinds) if (SETTINGS[name]?.of.includes(protocol)) parts.push(sayKinds(name, values));
  for (const [name, value] of bytes) {
    parts.push(
      SETTINGS[name]?.takes === 'text' ? `${name} ${quoted(value)}` : `${name} "${Buffer.from(value).toString('hex')}"`,
    );
  }
  if (iface !== null) parts.push(`iface ${quoted(Buffer.from(iface))}`);
  if (tunnel !== null) {
    const inner = sayPacket(tunnel.inner);
    parts.push(inner === null ? null : `${tunnel.name}(${inner})`);
  }
  return parts.includes(null) ? null : parts.join(' ');
}

function endText({ address, port }: Endpoint, hasPorts: boolean): string {
  if (address.length === 6) return macText(Buffer.from(address).readUIntBE(0, 6));
  const text = addressText(address);
  if (port === null || !hasPorts) return text;
  return address.length === 16 ? `[${text}]:${port}` : `${text}:${port}`;
}

function macText(value: number): string {
  return value
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}

function sayNumber(name: string, value: number, protocol: string): string | null {
  const takes = SETTINGS[name]?.takes;
  if (takes === 'mac') return `${name} ${macText(value)}`;
  const type = fieldNamed(name)?.type;
  if (takes === 'flags') return sayFlags(name, value, type?.kind === 'flags' ? type.names : {});
  if (type?.kind !== 'uint' || !type.closed) return `${name} ${value}`;
  const word = nameOf(type.names ?? type.namesUnder?.[protocol] ?? {}, value);
  return word === null ? null : `${name} ${word}`;
}

function sayFlags(name: string, value: number, names: Names): string | null {
  if (value === 0) return `${name} none`;
  const set = Object.entries(names).filter(([, bit]) => (value & bit) !== 0);
  return set.reduce((sum, [, bit]) => sum | bit, 0) === value ? `${name} ${set.map(([flag]) => flag).join(',')}` : null;
}

/** Only the first can be a number, as the grammar has it. */
function sayKinds(name: string, values: readonly number[]): string | null {
  const type = fieldNamed(name)?.type;
  const names = type?.kind === 'kinds' ? type.names : {};
  const words = values.map((value, index) => nameOf(names, value) ?? (index === 0 ? String(value) : null));
  return words.includes(null) ? null : `${name} ${words.join(',')}`;
}

function nameOf(names: Names, value: number): string | null {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? null;
}

function quoted(bytes: Uint8Array): string {
  const text = [...bytes].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `"${text.join('')}"`;
}
