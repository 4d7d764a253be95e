/** Wishes as the bytes of a frame. */
import { buildFrame } from '../../compiler/rule-tests/build-frame.ts';
import { integer } from '../../compiler/rule-tests/frame-bytes.ts';
import { SETTINGS } from '../../compiler/rule-tests/settings.ts';
import type { PacketProtocol, TestPacket } from '../../compiler/rule-tests/test-packet.ts';
import { PACKET_BYTES_MAX } from '../../runtime/timing/driver.ts';
import type { Random } from './seeded-random.ts';
import { anyAddress, type Wishes } from './wishes.ts';

/** IANA protocol numbers and the words for them. */
const PROTOCOLS: ReadonlyMap<number, PacketProtocol> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmp6'],
  [132, 'sctp'],
]);
const ARP = 0x0806;
const IP_TYPES: readonly number[] = [0x0800, 0x86dd];
/** Fields that make a packet longer. */
const LENGTHS: readonly string[] = ['len', 'payload.len'];
const RAW_PAYLOAD = /^payload\[(\d+)(?::(\d+))?\]$/;

/** null: there is no such packet. */
export function wishedFrame(wishes: Wishes, random: Random): Uint8Array | null {
  return wishedPacket(wishes, random)?.frame ?? null;
}

/** @param iface that it arrives on; null: unknown. null: there is no such packet. */
export function wishedPacket(
  wishes: Wishes,
  random: Random,
  iface: string | null = null,
): { readonly packet: TestPacket; readonly frame: Uint8Array } | null {
  if ([...wishes.numbers.values()].some((value) => !Number.isSafeInteger(value))) return null;
  if (LENGTHS.some((name) => (wishes.numbers.get(name) ?? 0) > PACKET_BYTES_MAX)) return null;
  let refused = false;
  const packet = { ...packetOf(wishes, random), iface };
  const frame = buildFrame(packet, () => {
    refused = true;
  });
  return refused ? null : { packet, frame };
}

function packetOf(wishes: Wishes, random: Random): TestPacket {
  const protocol = wishes.inner === null ? protocolOf(wishes, random) : 'udp';
  const [from, to] = endpoints(wishes, protocol, random);
  const numbers = new Map(
    [...wishes.numbers].filter(([name]) => fits(name, protocol)).map(([name, value]) => [name, [value]] as const),
  );
  const payload = payloadOf(wishes);
  return {
    protocol,
    from,
    to,
    numbers,
    kinds: wishes.kinds,
    bytes: payload.length === 0 ? new Map() : new Map([['payload', payload]]),
    iface: null,
    tunnel: wishes.inner === null ? null : { name: 'vxlan', inner: packetOf(wishes.inner, random) },
  };
}

function fits(name: string, protocol: PacketProtocol): boolean {
  const setting = SETTINGS[name];
  return setting !== undefined && setting.takes !== 'packet' && setting.of.includes(protocol);
}

function protocolOf({ numbers, v6 }: Wishes, random: Random): PacketProtocol {
  const six = numbers.get('ethertype') === 0x86dd || v6.size > 0;
  const proto = numbers.get('proto');
  const type = numbers.get('ethertype');
  if (type === ARP) return 'arp';
  if (type !== undefined && !IP_TYPES.includes(type)) return 'ethernet';
  if (proto !== undefined) return PROTOCOLS.get(proto) ?? (six ? 'ip6' : 'ip');
  const names = [...numbers.keys()];
  if (names.some((name) => name === 'flags' || name.startsWith('tcp.'))) return 'tcp';
  if (names.some((name) => name.startsWith('udp.'))) return 'udp';
  if (names.some((name) => name.startsWith('icmp.'))) return six ? 'icmp6' : 'icmp';
  return random(2) === 0 ? 'tcp' : 'udp';
}

function endpoints(wishes: Wishes, protocol: PacketProtocol, random: Random): [TestPacket['from'], TestPacket['to']] {
  if (protocol === 'ethernet') return [null, null];
  const { numbers } = wishes;
  const six = wishes.v6.size > 0 || numbers.get('ethertype') === 0x86dd || protocol === 'icmp6' || protocol === 'ip6';
  const hasPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
  const end = (address: string, port: string, usual: number) => ({
    address: six
      ? addressBytes(wishes.v6.get(address) ?? anyAddress(random))
      : integer(wishes.v4.get(address) ?? random(2 ** 32), 4),
    port: hasPorts ? (numbers.get(port) ?? usual) : null,
  });
  const to = wishes.inner === null ? random(2 ** 16) : 4789;
  return [end('src', 'sport', random(2 ** 16)), end('dst', 'dport', to)];
}

function addressBytes(address: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let at = 15, left = address; at >= 0; at--, left >>= 8n) bytes[at] = Number(left & 255n);
  return bytes;
}

/** Patterns one behind the other, and then what rules read at fixed places. */
function payloadOf({ payload, numbers }: Wishes): Uint8Array {
  const bytes: number[] = payload.flatMap((pattern) => [...pattern.bytes]);
  for (const [name, value] of numbers) {
    const [, offset, size = '1'] = RAW_PAYLOAD.exec(name) ?? [];
    if (offset === undefined) continue;
    for (const [index, byte] of integer(value, Number(size)).entries()) bytes[Number(offset) + index] = byte;
  }
  return Uint8Array.from(bytes, (byte) => byte ?? 0);
}
