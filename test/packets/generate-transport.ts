import { concat, icmp, sctp, tcp, udp } from './build-packet.ts';
import { geneve, gre, vxlan } from './build-tunnel.ts';
import { generateOptions } from './generate-options.ts';
import { generatePayload } from './generate-payload.ts';
import { asksFor, type Generation, lies, number } from './generation.ts';

export interface Carriage {
  readonly proto: number;
  readonly bytes: Uint8Array;
}

/** What an IP header of this family carries. */
export function generateTransport(generation: Generation, family: 4 | 6): Carriage {
  const { random, hints, depth } = generation;
  if (random.chance(hints.tunnels && depth === 0 ? 0.6 : 0.12)) {
    return tunnel(generation);
  }
  const proto = random.weighted([
    [asksFor(hints, 'tcp.') || asksFor(hints, 'flags') ? 120 : 35, 6],
    [asksFor(hints, 'udp.') ? 80 : 22, 17],
    [16, family === 4 ? 1 : 58],
    [8, 132],
    [3, family === 4 ? 58 : 1],
    [hints.numbers.has('proto') ? 60 : 12, number(generation, 'proto', 255)],
    [4, random.pick([2, 4, 41, 47, 50, 59, 89, 136])],
  ]);
  return { proto, bytes: segment(generation, proto) };
}

function segment(generation: Generation, proto: number): Uint8Array {
  const { random } = generation;
  const ports = {
    sport: number(generation, random.chance(0.8) ? 'sport' : 'dport', 0xffff),
    dport: number(generation, random.chance(0.8) ? 'dport' : 'sport', 0xffff),
  };
  const body = generatePayload(generation);
  switch (proto) {
    case 6:
      return tcp(
        {
          ...ports,
          flags: random.chance(0.5)
            ? random.pick([0x00, 0x02, 0x10, 0x12, 0x18, 0x11, 0x14, 0x04, 0xff])
            : number(generation, 'flags', 255),
          seq: number(generation, 'tcp.seq', 0xffffffff),
          ack: number(generation, 'tcp.ack', 0xffffffff),
          window: number(generation, 'tcp.window', 0xffff),
          options: generateOptions(generation, 'tcp.option'),
          ...lies(random, { dataOffset: () => random.int(0, 15) }),
        },
        body,
      );
    case 17:
      return datagram(generation, ports, body);
    case 132:
      return sctp(ports, body);
    case 1:
    case 58:
      return icmp({ type: number(generation, 'icmp.type', 255), code: number(generation, 'icmp.code', 255) }, body);
    default:
      return random.chance(0.5) ? body : concat(tcp(ports), body);
  }
}

function datagram(generation: Generation, ports: { sport: number; dport: number }, body: Uint8Array): Uint8Array {
  const { random, hints } = generation;
  const length = hints.numbers.has('udp.len') ? { length: number(generation, 'udp.len', 0xffff) } : {};
  return udp({ ...ports, ...length, ...lies(random, { length: () => random.int(0, 0xffff) }) }, body);
}

/** One of the five kinds, mostly as it should be. */
function tunnel(generation: Generation): Carriage {
  const { random, hints } = generation;
  return random.weighted([
    [20, ipInIp],
    [asksFor(hints, 'gre.') ? 60 : 20, greTunnel],
    [asksFor(hints, 'vxlan.') ? 60 : 12, vxlanTunnel],
    [asksFor(hints, 'geneve.') ? 60 : 12, geneveTunnel],
  ])(generation);
}

function ipInIp(generation: Generation): Carriage {
  const proto = generation.random.pick([4, 41]);
  return { proto, bytes: generation.carry(proto === 4 ? 'ipv4' : 'ipv6') };
}

/** What GRE and Geneve carry, and the type that says so. */
function carried({ random, carry }: Generation): { type: number; packet: Uint8Array } {
  const link = random.pick(['ethernet', 'ipv4', 'ipv6'] as const);
  const types = { ethernet: 0x6558, ipv4: 0x0800, ipv6: 0x86dd };
  const type = random.chance(0.94) ? types[link] : random.pick([0x0800, 0x86dd, 0x6558, 0x8847, 0x0806, 0x880b]);
  return { type, packet: carry(link) };
}

function greTunnel(generation: Generation): Carriage {
  const { random } = generation;
  const { type, packet } = carried(generation);
  const header = {
    type,
    checksum: random.chance(0.3),
    routing: random.chance(0.04),
    ...(random.chance(0.6) ? { key: number(generation, 'gre.key', 0xffffffff) } : {}),
    ...(random.chance(0.3) ? { sequence: random.int(0, 0xffffffff) } : {}),
    ...lies(random, { version: () => random.int(1, 7) }),
  };
  return { proto: 47, bytes: gre(header, packet) };
}

const VXLAN_PORT = 4789;
const GENEVE_PORT = 6081;

function vxlanTunnel(generation: Generation): Carriage {
  const { random } = generation;
  const header = {
    vni: number(generation, 'vxlan.vni', 0xffffff),
    flags: random.chance(0.9) ? 0x08 : random.int(0, 255),
  };
  return overUdp(generation, VXLAN_PORT, vxlan(header, generation.carry('ethernet')));
}

function geneveTunnel(generation: Generation): Carriage {
  const { random } = generation;
  const { type, packet } = carried(generation);
  const header = {
    vni: number(generation, 'geneve.vni', 0xffffff),
    type,
    options: random.bytes(
      4 *
        random.weighted([
          [60, 0],
          [30, random.int(1, 6)],
          [10, random.int(0, 63)],
        ]),
    ),
    ...lies(random, { version: () => random.int(1, 3), optionsLength: () => random.int(0, 63) }),
  };
  return overUdp(generation, GENEVE_PORT, geneve(header, packet));
}

/** The port is right, but for the few that only look like it. */
function overUdp(generation: Generation, port: number, bytes: Uint8Array): Carriage {
  const { random } = generation;
  const dport = random.chance(0.95) ? port : random.pick([VXLAN_PORT, GENEVE_PORT, 8472, 53]);
  return { proto: 17, bytes: udp({ sport: number(generation, 'sport', 0xffff), dport }, bytes) };
}
