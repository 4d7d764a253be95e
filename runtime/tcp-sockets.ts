/** The TCP sockets of this process's network namespace, as the kernel lists them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { addressText, unmapped } from './address-bytes.ts';
import { LITTLE_ENDIAN } from './byte-order.ts';

export interface TcpEnd {
  /** Dotted IPv4, or IPv6 as in RFC 5952 without a zone; an IPv4-mapped one is IPv4. */
  readonly address: string;
  readonly port: number;
}

export interface TcpSocket {
  readonly state: 'listening' | 'established';
  readonly local: TcpEnd;
  /** All zeros for one that listens. */
  readonly remote: TcpEnd;
  readonly inode: string;
}

/** include/net/tcp_states.h, as `st` has them; the other states carry nothing that could be cut off. */
const STATES: ReadonlyMap<string, TcpSocket['state']> = new Map([
  ['01', 'established'],
  ['0A', 'listening'],
]);

/**
 * Those that listen and those that are connected. A list that cannot be read (no IPv6) is empty.
 * @param proc where the proc file system is
 */
export function readTcpSockets(proc: string): readonly TcpSocket[] {
  return ['tcp', 'tcp6'].flatMap((name) => {
    try {
      return parseTcpSockets(readFileSync(path.join(proc, 'self/net', name), 'latin1'));
    } catch {
      return [];
    }
  });
}

/** Of `/proc/net/tcp` or `tcp6` (Documentation/networking/proc_net_tcp.rst); lines that are none are left out. */
export function parseTcpSockets(text: string): readonly TcpSocket[] {
  const sockets: TcpSocket[] = [];
  for (const line of text.split('\n')) {
    const [, local = '', remote = '', st = '', , , , , , inode = ''] = line.trim().split(/\s+/);
    const state = STATES.get(st);
    const [here, there] = state === undefined ? [null, null] : [parseEnd(local), parseEnd(remote)];
    if (state !== undefined && here !== null && there !== null) sockets.push({ state, local: here, remote: there, inode });
  }
  return sockets;
}

/** `0100007F:0016`: words of 32 bits as this machine reads them, then the port as people write it, in hex. */
function parseEnd(text: string): TcpEnd | null {
  const [address = '', port = ''] = text.split(':');
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/i.test(address) || !/^[0-9A-F]{4}$/i.test(port)) return null;
  const bytes = new Uint8Array(address.length / 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 4) {
    view.setUint32(at, Number.parseInt(address.slice(2 * at, 2 * at + 8), 16), LITTLE_ENDIAN);
  }
  return { address: addressText(unmapped(bytes)), port: Number.parseInt(port, 16) };
}
