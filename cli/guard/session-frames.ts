/** The packets of an SSH session as a program at a hook sees them, made from nothing. */
import { buildFrame } from '../../compiler/rule-tests/build-frame.ts';
import type { TestPacket } from '../../compiler/rule-tests/test-packet.ts';
import { addressBytes } from '../../runtime/address-bytes.ts';
import type { TcpEnd } from '../../runtime/tcp-sockets.ts';

export type Direction = 'ingress' | 'egress';

export interface SessionFrame {
  /** With its article, for people. */
  readonly what: string;
  readonly bytes: Uint8Array;
}

export interface SessionEnds {
  readonly client: TcpEnd;
  readonly server: TcpEnd;
  /** Of the interface that carries it; null: unknown. */
  readonly mac: Uint8Array | null;
  /** Tags that the packets have where the program sits, outermost first. */
  readonly vlans: readonly number[];
}

const SYN = 0x02;
const ACK = 0x10;
const PSH = 0x08;
/** Of a TCP header (RFC 9293, RFC 7323, RFC 2018), as Linux sends them. */
const SYN_OPTIONS: readonly number[] = [2, 4, 8, 3];
const DATA_OPTIONS: readonly number[] = [8];
/** The first that both sides say (RFC 4253, 4.2); it stands for itself in no other protocol. */
const VERSION: Uint8Array = Buffer.from('SSH-2.0-OpenSSH_9.2\r\n');
/** What follows is a cipher's; a keystroke has these many bytes. */
const CIPHERTEXT: Uint8Array = Uint8Array.from({ length: 36 }, (_, index) => (index * 151 + 89) & 0xff);

/** How a session begins and how it goes on, in one direction. Addresses have to be of one family. */
export function sessionFrames(ends: SessionEnds, direction: Direction): readonly SessionFrame[] {
  const first = direction === 'ingress' ? SYN : SYN | ACK;
  return [
    { what: direction === 'ingress' ? 'a SYN' : 'a SYN,ACK', bytes: frame(ends, direction, first, new Uint8Array()) },
    { what: 'the version exchange', bytes: frame(ends, direction, PSH | ACK, VERSION) },
    { what: 'a segment with data', bytes: frame(ends, direction, PSH | ACK, CIPHERTEXT) },
  ];
}

function frame(ends: SessionEnds, direction: Direction, flags: number, payload: Uint8Array): Uint8Array {
  const [from, to] = direction === 'ingress' ? [ends.client, ends.server] : [ends.server, ends.client];
  const numbers = new Map<string, readonly number[]>([
    ['flags', [flags]],
    ['ip.df', [1]],
    ['tcp.seq', [payload.length === 0 ? 1_000 : 1_001]],
    ['tcp.ack', [(flags & ACK) === 0 ? 0 : 2_001]],
  ]);
  if (ends.vlans.length > 0) numbers.set('vlan', ends.vlans);
  if (ends.mac !== null) numbers.set(direction === 'ingress' ? 'dmac' : 'smac', [Buffer.from(ends.mac).readUIntBE(0, 6)]);
  const packet: TestPacket = {
    protocol: 'tcp',
    from: endpoint(from),
    to: endpoint(to),
    numbers,
    kinds: new Map([['tcp.option', (flags & SYN) === 0 ? DATA_OPTIONS : SYN_OPTIONS]]),
    bytes: new Map(payload.length === 0 ? [] : [['payload', payload]]),
    iface: null,
    tunnel: null,
  };
  return buildFrame(packet, (_, setting, why) => {
    throw new Error(`a packet of a session cannot be: ${setting ?? 'packet'}: ${why}`);
  });
}

function endpoint({ address, port }: TcpEnd): { readonly address: Uint8Array; readonly port: number } {
  const bytes = addressBytes(address);
  if (bytes === null) throw new Error(`\`${address}\` is no address`);
  return { address: bytes, port };
}
