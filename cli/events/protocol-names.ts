/** Numbers in packets as the words that rules use for them, from the field table. */
import type { Names } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';

const ICMP = 1;
const ICMP6 = 58;

function reversed(names: Names | undefined): ReadonlyMap<number, string> {
  return new Map(Object.entries(names ?? {}).map(([name, value]) => [value, name]));
}

function namesOf(field: string): Names | undefined {
  const type = fieldNamed(field)?.type;
  return type?.kind === 'uint' || type?.kind === 'flags' ? type.names : undefined;
}

function namesUnder(field: string, word: string): Names | undefined {
  const type = fieldNamed(field)?.type;
  return type?.kind === 'uint' ? type.namesUnder?.[word] : undefined;
}

const PROTOCOLS = reversed(namesOf('proto'));
const ETHERTYPES = reversed(namesOf('ethertype'));
const FLAGS: readonly (readonly [string, number])[] = Object.entries(namesOf('flags') ?? {});
const ICMP_TYPES = reversed(namesUnder('icmp.type', 'icmp'));
const ICMP6_TYPES = reversed(namesUnder('icmp.type', 'icmp6'));

/** `tcp`, or the number. */
export function protocolName(proto: number): string {
  return PROTOCOLS.get(proto) ?? String(proto);
}

/** As Suricata's EVE has it: `TCP`, `IPv6-ICMP`, or the number. */
export function eveProtocolName(proto: number): string {
  return proto === ICMP6 ? 'IPv6-ICMP' : protocolName(proto).toUpperCase();
}

/** `arp`, or `0x88cc`. */
export function ethertypeName(ethertype: number): string {
  return ETHERTYPES.get(ethertype) ?? `0x${ethertype.toString(16).padStart(4, '0')}`;
}

/** `SYN,ACK`, lowest bit first; `none`. */
export function flagsText(flags: number): string {
  return (
    FLAGS.filter(([, bit]) => (flags & bit) !== 0)
      .map(([name]) => name)
      .join(',') || 'none'
  );
}

/** `echo-request`, or `type 42`. */
export function icmpTypeName(proto: number, type: number): string {
  const names = proto === ICMP ? ICMP_TYPES : proto === ICMP6 ? ICMP6_TYPES : null;
  return names?.get(type) ?? `type ${type}`;
}
