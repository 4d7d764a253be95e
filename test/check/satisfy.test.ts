/** "Can never match" is certain: no packet that the reference interpreter matches may contradict it. */
import { describe, expect, it } from 'vitest';
import { parse } from '../../compiler/1-parse/parse.ts';
import type { Program } from '../../compiler/2-resolve/program.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import { satisfy } from '../../compiler/3-check/satisfy.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom, type Random, seedOf } from '../packets/random.ts';

const LEAVES: readonly string[] = [
  ...['any', 'ip', 'ip6', 'arp', 'tcp', 'udp', 'icmp', 'icmp6', 'sctp', 'malformed'],
  ...[
    'src 10.0.0.0/8',
    'src fd00::/8',
    'src != 10.0.0.0/8',
    'dst { 192.0.2.1, fe80::/10 }',
    'addr 10.0.0.1',
    'addr != fd00::1',
    'src any',
  ],
  ...[
    'proto 6',
    'proto != tcp',
    'proto { tcp, udp }',
    'proto < 7',
    'proto any',
    'ttl < 64',
    'ttl >= 64',
    'dscp ef',
    'ecn ce',
    'ip.len > 100',
  ],
  ...[
    'sport 53',
    'dport 80',
    'dport != 80',
    'dport 0-65535',
    'port 53',
    'port != 53',
    'port any',
    'tcp.window & 0x8000 = 0x8000',
    'tcp.window < 100',
  ],
  ...[
    'flags SYN',
    'flags SYN,!ACK',
    'flags = SYN',
    'flags != SYN',
    'flags {SYN, RST}',
    'flags none',
    'flags any',
    'flags !ACK',
  ],
  ...[
    'frag any',
    'frag first',
    'frag later',
    'frag != later',
    'vlan any',
    'vlan 1',
    'vlan != 1',
    'ethertype ip',
    'ethertype != ip',
    'ethertype < 1501',
  ],
  ...['icmp.type echo-request', 'icmp.type 8', 'icmp.type neighbor-solicitation', 'icmp.type != echo-request', 'icmp.code 0'],
  ...[
    'smac multicast',
    'dmac broadcast',
    'dmac != multicast',
    'smac & 01:00:00:00:00:00 = 00:00:00:00:00:00',
    'dmac { multicast, 02:00:00:00:00:01 }',
  ],
  ...[
    'payload contains "a"',
    'payload within 4 contains nocase "ab"',
    'payload starts "a"',
    'payload ends "a"',
    'payload = "abc"',
    'payload != "abc"',
    'payload any',
    'payload[0:2] any',
    'payload[0:1] & 1 = 1',
    'payload[3:2] < 0x4000',
  ],
  ...[
    'frame[59:1] any',
    'frame[12:2] = 0x0800',
    'network[0:1] & 0xf0 = 0x40',
    'network[100:1] any',
    'transport[0:2] = 53',
    'transport[8:1] any',
    'transport[13:1] & 2 = 2',
  ],
  ...[
    'src & 255.0.255.0 = 10.0.0.0',
    'src & 255.0.255.0 != 10.0.0.0',
    'dst & ::ffff = ::1',
    '(src, dport) in { (10.0.0.0/8, 80), (fd00::/8, 53) }',
  ],
  ...[
    'ip.options any',
    'ip.options nop',
    'ip.options != nop',
    'ip6.ext any',
    'ip6.ext fragment',
    'tcp.option mss',
    'tcp.option != mss',
    'tcp.mss < 1000',
  ],
  ...[
    'ip.df yes',
    'ip.id 0',
    'ip.hdrlen > 20',
    'ip6.flow 0',
    'tcp.seq > 5',
    'tcp.hdrlen 20',
    'udp.len > 8',
    'vlan.depth 2',
    'vlan.pcp 3',
    'mpls.label any',
  ],
  ...[
    'vxlan.vni any',
    'geneve.vni any',
    'gre.key any',
    'inner(any)',
    'inner(tcp)',
    'inner(ip6 not udp)',
    'inner(src 10.0.0.0/8 payload any)',
    'inner(arp)',
  ],
  ...['len < 60', 'len >= 60', 'payload.len 0', 'payload.len > 0', 'direction ingress'],
];

function condition(random: Random, depth: number): string {
  const part = (): string => {
    const inner = condition(random, depth - 1);
    return / /.test(inner) && !LEAVES.includes(inner) ? `(${inner})` : inner;
  };
  const kind = depth === 0 ? 0 : random.int(0, 5);
  if (kind <= 1) return random.pick(LEAVES);
  if (kind === 2) return `not ${part()}`;
  const parts = Array.from({ length: random.int(2, 4) }, part);
  return parts.join(kind === 3 ? ' or ' : ' ');
}

function programOf(text: string): Program {
  const source = { name: 'x.rules', text };
  const syntax = parse(source);
  const { value, diagnostics } = resolve(syntax.value, source, { hook: 'xdp' });
  expect([...syntax.diagnostics, ...diagnostics], text).toEqual([]);
  return value;
}

describe('satisfy', () => {
  it('never calls impossible what a packet does', () => {
    let impossible = 0;
    let matched = 0;
    for (let part = 0; part < 1500; part += 1) {
      const random = createRandom(seedOf(3, part));
      const text = `match ${condition(random, 2)} -> count`;
      const program = programOf(text);
      const rule = program.rules[0];
      if (!rule) throw new Error(text);
      const possible = satisfy([rule.condition], 'xdp').possible;
      const negation = satisfy([{ kind: 'not', of: rule.condition }], 'xdp').possible;
      if (!possible) impossible += 1;
      const interpret = createInterpreter(program);
      const hints = hintsOf(program);
      for (let packet = 0; packet < 60; packet += 1) {
        const frame = generatePacket(random, { hints });
        const matches = interpret(frame).rules.length > 0;
        if (matches) matched += 1;
        const hex = Buffer.from(frame).toString('hex');
        if (matches) expect(possible, `${text}\n${hex}`).toBe(true);
        else expect(negation, `not: ${text}\n${hex}`).toBe(true);
      }
    }
    // Neither side may hold for want of examples.
    expect(impossible).toBeGreaterThan(100);
    expect(matched).toBeGreaterThan(10_000);
  });

  it('finds most of what never matches', () => {
    let found = 0;
    let never = 0;
    for (let part = 0; part < 400; part += 1) {
      const random = createRandom(seedOf(4, part));
      const [a, b] = [random.pick(LEAVES), random.pick(LEAVES)];
      const program = programOf(`match ${a} ${b} -> count`);
      const interpret = createInterpreter(program);
      const hints = hintsOf(program);
      const frames = Array.from({ length: 400 }, () => generatePacket(random, { hints }));
      if (frames.some((frame) => interpret(frame).rules.length > 0)) continue;
      never += 1;
      if (!satisfy([program.rules[0]?.condition ?? { kind: 'and', of: [] }], 'xdp').possible) found += 1;
    }
    expect(never).toBeGreaterThan(50);
    expect(found / never).toBeGreaterThan(0.8);
  });

  it('gives up rather than run for ever', () => {
    const pairs = Array.from({ length: 60 }, (_, at) => `(ttl < ${at + 100} or len < ${at + 100})`);
    // The choice that cannot be made is the last one looked at.
    const program = programOf(`match (tcp or sctp) (udp or icmp) ${pairs.join(' ')} -> count`);
    const started = performance.now();
    expect(satisfy([program.rules[0]?.condition ?? { kind: 'or', of: [] }], 'xdp').possible).toBe(true);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
