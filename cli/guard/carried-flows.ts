/** Which SSH flows come by on an interface. What is not clear counts as coming by. */
import { addressBytes, addressText } from '../../runtime/address-bytes.ts';
import type { SshFlow, SshFlows } from '../../runtime/ssh-flows.ts';
import type { TcpEnd } from '../../runtime/tcp-sockets.ts';
import type { LocalAddress, NetworkFacts } from './network-facts.ts';
import type { SessionEnds } from './session-frames.ts';

/** Somebody who is logged in, or could log in, through one interface. */
export interface Carried {
  readonly kind: 'session' | 'connection' | 'listener';
  readonly ifname: string;
  readonly server: TcpEnd;
  /** One flow; of a listener those that stand for anybody, of one family: it is enough when one of them comes through. */
  readonly flows: readonly SessionEnds[];
}

/** The interface itself, or one above it whose packets come by there. */
interface Path {
  readonly ifname: string;
  readonly mac: Uint8Array | null;
  readonly vlans: readonly number[];
}

/** Stands for everybody from elsewhere; chosen for being in no special-purpose registry, and not sent to. */
const OUTSIDE: Readonly<Record<'4' | '6', string>> = { 4: '11.22.33.44', 6: '2600:44::44' };
const CLIENT_PORT = 50_022;

/** @param ifnames the loopback interface and interfaces that do not exist carry nothing */
export function carriedFlows(flows: SshFlows, ifnames: readonly string[], facts: NetworkFacts): readonly Carried[] {
  const { session, connections, listeners } = flows;
  const isLocal = ({ server }: SshFlow) => facts.addresses.some(({ address }) => address === server.address);
  // A session whose end is not here is one of another network namespace.
  const own = session !== null && isLocal(session) ? session : null;
  const others = connections.filter((one) => own === null || !sameFlow(one, own));
  const known = [
    ...(own === null ? [] : [{ kind: 'session' as const, flow: own }]),
    ...others.map((flow) => ({ kind: 'connection' as const, flow })),
  ].flatMap(({ kind, flow }) => {
    const carriers = carriersOf(flow, facts);
    return carriers === 'loopback' ? [] : [{ kind, flow, carriers }];
  });
  const taken = new Set(known.map(({ flow }) => flow.server.port));
  const free = listeners.filter(({ port }) => !taken.has(port));
  return ifnames.flatMap((ifname) => {
    const paths = pathsOf(ifname, facts);
    const carried = known.flatMap(({ kind, flow, carriers }) => {
      const path = carriers === null || facts.links === null ? paths[0] : paths.find((one) => carriers.has(one.ifname));
      return path === undefined ? [] : [{ kind, ifname, server: flow.server, flows: [endsOf(flow, path)] }];
    });
    return [...carried, ...strangers(ifname, paths, free, facts.addresses)];
  });
}

function sameFlow(a: SshFlow, b: SshFlow): boolean {
  return [a.client, a.server].every((end, index) => {
    const other = [b.client, b.server][index];
    return end.address === other?.address && end.port === other.port;
  });
}

function endsOf({ client, server }: Pick<SshFlow, 'client' | 'server'>, { mac, vlans }: Path): SessionEnds {
  return { client, server, mac, vlans };
}

/** Names of interfaces; null: not clear. */
function carriersOf({ client, server, zone }: SshFlow, facts: NetworkFacts): ReadonlySet<string> | null | 'loopback' {
  const names = new Set(facts.addresses.filter(({ address }) => address === server.address).map(({ ifname }) => ifname));
  if (zone !== null) names.add(zone);
  if (!isLinkLocal(client.address)) {
    const ifindex = facts.route(client.address, server.address);
    const link = facts.links?.find((one) => one.ifindex === ifindex);
    // Somebody on this very machine, whichever of its addresses they took.
    if (link?.loopback) return 'loopback';
    if (link !== undefined) names.add(link.ifname);
  }
  return names.size === 0 ? null : names;
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

/** The interface first, then what is above it. Empty: it is not there, or it is loopback. */
function pathsOf(ifname: string, { links }: NetworkFacts): readonly Path[] {
  if (links === null) return ifname === 'lo' ? [] : [{ ifname, mac: null, vlans: [] }];
  const start = links.find((link) => link.ifname === ifname && !link.loopback);
  if (start === undefined) return [];
  const found = [{ link: start, vlans: [] as readonly number[] }];
  for (const { link, vlans } of found) {
    for (const above of links) {
      if (found.some((one) => one.link === above)) continue;
      if (above.ifindex === link.master) found.push({ link: above, vlans });
      else if (above.lower === link.ifindex)
        found.push({ link: above, vlans: above.vlan === null ? vlans : [...vlans, above.vlan] });
    }
  }
  return found.map(({ link, vlans }) => ({ ifname: link.ifname, mac: link.mac, vlans }));
}

/** Where nobody is logged in: whoever may come, from the network of the interface and from elsewhere. */
function strangers(
  ifname: string,
  paths: readonly Path[],
  listeners: readonly TcpEnd[],
  addresses: readonly LocalAddress[],
): readonly Carried[] {
  const groups = new Map<string, { server: TcpEnd; flows: SessionEnds[] }>();
  for (const path of paths) {
    for (const local of addresses.filter((one) => one.ifname === path.ifname && !isLinkLocal(one.address))) {
      for (const port of new Set(listeners.map((one) => one.port))) {
        if (!listeners.some((one) => listensAt(one, port, local.address, listeners))) continue;
        const family = local.address.includes(':') ? '6' : '4';
        const server = { address: local.address, port };
        const key = `${family} ${port}`;
        const group = groups.get(key) ?? { server, flows: [] };
        groups.set(key, group);
        for (const address of [neighbourOf(local), OUTSIDE[family]]) {
          if (address !== null) group.flows.push(endsOf({ client: { address, port: CLIENT_PORT }, server }, path));
        }
      }
    }
  }
  return [...groups.values()].map(({ server, flows }) => ({ kind: 'listener', ifname, server, flows }));
}

/** `::` takes IPv4 as well, unless somebody else has it. */
function listensAt(one: TcpEnd, port: number, address: string, all: readonly TcpEnd[]): boolean {
  if (one.port !== port) return false;
  if (one.address === address) return true;
  if (address.includes(':')) return one.address === '::';
  return (
    one.address === '0.0.0.0' ||
    (one.address === '::' && !all.some((other) => other.port === port && other.address === '0.0.0.0'))
  );
}

/** Another address of the same network, neither the network's own nor that of everybody in it; null: it has no other. */
function neighbourOf({ address, prefix_bits }: LocalAddress): string | null {
  const bytes = addressBytes(address);
  if (bytes === null || prefix_bits >= bytes.length * 8) return null;
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  const size = 1n << BigInt(bytes.length * 8 - prefix_bits);
  const host = value % size;
  const next = host + 1n < size - 1n ? host + 1n : host - 1n;
  const other = value - host + (size === 2n ? host ^ 1n : next);
  return addressText(Buffer.from(other.toString(16).padStart(bytes.length * 2, '0'), 'hex'));
}
