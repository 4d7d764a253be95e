/** What of this process's network namespace says which interface carries a flow. */
import { networkInterfaces } from 'node:os';
import { addressBytes, addressText } from '../../runtime/address-bytes.ts';
import { type Libc, openLibc } from '../../runtime/ffi/libc.ts';
import { type Link, readLinks, routeInterface } from '../../runtime/rtnetlink.ts';

export interface LocalAddress {
  readonly ifname: string;
  /** Without a zone. */
  readonly address: string;
  readonly prefix_bits: number;
}

export interface NetworkFacts {
  /** null: not to be told. */
  readonly links: readonly Link[] | null;
  readonly addresses: readonly LocalAddress[];
  /** Index of the interface that packets leave by; null: none, or not to be told. */
  route(to: string, from: string): number | null;
}

export function readNetworkFacts(): NetworkFacts {
  const libc = openLibc();
  /** A busy server has thousands of connections, and far fewer clients. */
  const routes = new Map<string, number | null>();
  return {
    links: readLinks(libc),
    addresses: Object.entries(networkInterfaces()).flatMap(([label, addresses = []]) =>
      addresses.flatMap(({ address, cidr }) => {
        const bytes = addressBytes(address);
        if (bytes === null) return [];
        const prefix_bits = Number(cidr?.split('/')[1] ?? bytes.length * 8);
        // An address may have a label of its own: `eth0:1` is on `eth0`.
        return [{ ifname: label.split(':')[0] ?? label, address: addressText(bytes), prefix_bits }];
      }),
    ),
    route(to, from) {
      const key = `${to} ${from}`;
      const known = routes.get(key);
      if (known !== undefined) return known;
      const ifindex = askRoute(libc, to, from);
      routes.set(key, ifindex);
      return ifindex;
    },
  };
}

/** A route may depend on the sender; where that is not an address of this machine, the kernel refuses to say. */
function askRoute(libc: Libc, to: string, from: string): number | null {
  const [peer, own] = [addressBytes(to), addressBytes(from)];
  if (peer === null || own === null || peer.length !== own.length) return null;
  return routeInterface(libc, peer, own) ?? routeInterface(libc, peer, null);
}
