/**
 * A flow that is known by bytes of its packets, and packets that differ from one of it by a bit or by their end: each is judged as the
 * interpreter judges it, whatever was kept for the packet that it is made of, and for those before it.
 */
import { expect, test } from 'vitest';
import { interpreterEngine, kernelEngine } from '../../cli/replay/engine.ts';
import type { PlanOptions } from '../../compiler/4-plan/plan-program.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { address, ethernet, extension, filler, frameOf, icmp, ipv4, ipv6, tcp, udp } from '../packets/build-packet.ts';
import { compileBoth, compileRules } from './compile-rules.ts';
import { describeKernel } from './environment.ts';

const [V4, W4] = [address('10.1.2.3'), address('192.0.2.7')];
const [V6, W6] = [address('2001:db8::5'), address('2001:db8:1::9')];
const PAYLOAD = filler(26);
const TCP = tcp({ sport: 1111, dport: 443, flags: 0x02 }, PAYLOAD);
const UDP = udp({ sport: 1111, dport: 443 }, PAYLOAD);
const ICMP = icmp({ type: 8, code: 0 }, PAYLOAD);
const SHORT = udp({ sport: 1111, dport: 443 });

const PACKETS: readonly (readonly [string, Uint8Array])[] = [
  ['TCP', frameOf(ipv4({ src: V4, dst: W4, proto: 6 }, TCP))],
  ['UDP', frameOf(ipv4({ src: V4, dst: W4, proto: 17 }, UDP))],
  ['UDP without payload', frameOf(ipv4({ src: V4, dst: W4, proto: 17 }, SHORT), {})],
  ['ICMP', frameOf(ipv4({ src: V4, dst: W4, proto: 1 }, ICMP))],
  ['another protocol', frameOf(ipv4({ src: V4, dst: W4, proto: 47 }, UDP))],
  ['a fragment', frameOf(ipv4({ src: V4, dst: W4, proto: 6, fragmentOffset: 3 }, TCP))],
  ['TCP over IPv6', frameOf(ipv6({ src: V6, dst: W6, next: 6 }, TCP))],
  ['UDP over IPv6', frameOf(ipv6({ src: V6, dst: W6, next: 17 }, UDP))],
  ['ICMPv6', frameOf(ipv6({ src: V6, dst: W6, next: 58 }, ICMP))],
  ['IPv6 with an extension header', frameOf(ipv6({ src: V6, dst: W6, next: 60 }, extension(6), TCP))],
  [
    'a packet with two tags',
    ethernet({ tags: [{ id: 5 }, { id: 6 }], type: 0x0800 }, ipv4({ src: V4, dst: W4, proto: 6 }, TCP)),
  ],
  ['a tagged packet of IPv6', ethernet({ tags: [{ id: 5 }], type: 0x86dd }, ipv6({ src: V6, dst: W6, next: 17 }, UDP))],
  ['a tagged packet', ethernet({ tags: [{ id: 5 }], type: 0x0800 }, ipv4({ src: V4, dst: W4, proto: 6 }, TCP))],
];

const NOT_PLAIN = 'what no flow says';

/** Rules of a file, and one of many about no packet here, so that there is a tree to look through. */
const FILES: readonly (readonly [string, readonly string[], (at: number) => string])[] = [
  [
    'addresses and ports',
    [
      'match src { 10.1.2.3, 2001:db8::5 } tcp dport 443 -> drop',
      'match dst { 192.0.2.7, 2001:db8:1::/48 } udp sport 1111 dport 443 -> drop',
      'match src 10.1.0.0/16 icmp -> drop',
      'match src 2001:db8::/32 icmp6 -> drop',
    ],
    (at) => `src { 172.16.${at}.0/24, fd00:${at}::/32 }`,
  ],
  [
    'flags',
    [
      'match tcp flags SYN,!ACK src 10.0.0.0/8 -> drop',
      'match tcp flags SYN,!ACK dst 2001:db8::/32 -> drop',
      'match udp -> drop',
    ],
    (at) => `src { 172.16.${at}.0/24, fd00:${at}::/32 }`,
  ],
  [
    'types of ICMP',
    [
      'match icmp.type echo-request icmp src 10.0.0.0/8 -> drop',
      'match icmp6 icmp.type 8 -> drop',
      'match tcp sport 1111 -> drop',
    ],
    (at) => `src { 172.16.${at}.0/24, fd00:${at}::/32 }`,
  ],
  [
    'one side',
    ['match dst 192.0.2.0/24 -> drop', 'match dst 2001:db8:1::/48 proto tcp -> drop'],
    (at) => `dst { 172.16.${at}.0/24, fd00:${at}::/32 }`,
  ],
  [
    'IPv4 alone',
    ['match src 10.1.2.3 tcp dport 443 -> drop', 'match dst 192.0.2.0/24 -> drop', 'match src 10.0.0.0/8 frag later -> drop'],
    (at) => `src 172.16.${at}.0/24`,
  ],
  [
    'IPv6 alone',
    ['match src 2001:db8::/64 tcp dport 443 -> drop', 'match dst 2001:db8:1::/48 -> drop'],
    (at) => `src fd00:${at}::/32`,
  ],
  [
    'IPv4 and packets without addresses',
    [
      'match src 10.1.2.3 tcp dport 443 -> drop',
      'match not ethertype ip6 not ethertype ip -> drop',
      'match not src 0.0.0.0/0 not src ::/0 -> drop',
    ],
    (at) => `src 172.16.${at}.0/24`,
  ],
  [
    'tags',
    ['match vlan 5 vlan.depth 1 -> drop', 'match vlan.pcp 1 -> drop', 'match vlan.depth 0 icmp -> drop'],
    (at) => `proto udp dport ${5000 + at}`,
  ],
  ['how many tags', ['match vlan.depth 1 -> drop', 'match vlan.depth 2 tcp -> drop'], (at) => `proto udp dport ${5000 + at}`],
  [
    'no address',
    ['match proto tcp dport 443 -> drop', 'match proto udp sport 1000-2000 -> drop', 'match frag later -> drop'],
    (at) => `proto udp dport ${5000 + at}`,
  ],
  [
    'what rules do beside',
    [
      'match src 10.0.0.0/8 tcp -> mark 7, drop',
      'match src 10.1.0.0/16 udp sport 1111 -> log, drop',
      'match dst 2001:db8:1::/48 dport 443 -> mark 9, log, pass',
    ],
    (at) => `src { 172.16.${at}.0/24, fd00:${at}::/32 }`,
  ],
  [
    NOT_PLAIN,
    ['match ttl 64 tcp src 10.0.0.0/8 -> drop', 'match ttl 64 udp -> drop'],
    (at) => `src { 172.16.${at}.0/24, fd00:${at}::/32 }`,
  ],
];
const OTHERS = 40;

const SHORTEST = 14;
/** Where the lower bytes of the lengths that IPv4 and IPv6 say of themselves lie. */
const LENGTHS = [17, 19];

/** The same with one bit of its headers turned, with other lengths in them, and cut to all lengths. */
function* nearlyThe(frame: Uint8Array): Generator<Uint8Array> {
  for (let bit = 8 * 12; bit < 8 * Math.min(frame.length, 76); bit++) {
    const other = frame.slice();
    other[bit >> 3]! ^= 0x80 >> (bit & 7);
    yield other;
  }
  for (const at of LENGTHS) {
    for (let length = 0; length < 96; length++) yield Uint8Array.from(frame, (byte, index) => (index === at ? length : byte));
  }
  for (let length = SHORTEST; length < frame.length; length++) yield frame.subarray(0, length);
}

const PLANNING: PlanOptions = { classifier: 'tree', flowCache: true, flowLines: 512 };
const fileOf = (lines: readonly string[], other: (at: number) => string) =>
  ['default pass', ...lines, ...Array.from({ length: OTHERS }, (_, at) => `match ${other(at)} -> drop`)].join('\n');

describeKernel('plain packets', () => {
  const cases = (['xdp', 'tc ingress'] as const).flatMap((hook) => FILES.map((file) => [hook, ...file] as const));

  test.each(cases)('%s, by %s: nothing that is kept is taken for another packet', async (hook, what, lines, other) => {
    const possible = hook === 'xdp' ? lines.map((line) => line.replace(/mark \d, /, '')) : lines;
    const { artifact, program } = await compileBoth(fileOf(possible, other), hook, PLANNING);
    expect(artifact.manifest.data?.recalls).toBe(what !== NOT_PLAIN);
    using loaded = loadArtifact(artifact, { offline: true });
    const [kernel, interpreter] = [kernelEngine(loaded, program), interpreterEngine(program)];
    const judge = (frame: Uint8Array, about: string) => {
      const { verdict, rules, engine } = kernel(frame);
      const expected = interpreter(frame);
      expect({ about, verdict, rules }).toEqual({ about, verdict: expected.verdict, rules: expected.rules });
      return engine;
    };
    // One right behind the other, while the first is known: lines are those of a CPU, and this thread may be moved to another one.
    for (const [one, first] of PACKETS) {
      for (const [other, second] of PACKETS) {
        judge(first, one);
        judge(second, `${other}, right behind ${one}`);
      }
    }
    for (const [packet, frame] of PACKETS) {
      judge(frame, packet);
      expect(judge(frame, `${packet}, known`)).toBe('kernel');
      let tried = 0;
      for (const changed of nearlyThe(frame)) {
        const about = `${packet}, ${changed.length} bytes, change ${tried}`;
        if (judge(changed, about) === 'kernel') tried++;
        judge(frame, `${packet}, after ${about}`);
      }
      expect(tried).toBeGreaterThan(200);
    }
  });

  test('are not known any more when other rules come', async () => {
    const both = ['match src 10.1.255.1 -> drop', 'match src 10.1.255.2 -> pass'];
    const rules = (verdict: string) =>
      fileOf([...both, `match src { 10.0.0.0/8, 2001:db8::/32 } -> ${verdict}`], (at) => `src 172.16.${at}.0/24`);
    const [drops, passes] = await Promise.all(['drop', 'pass'].map((verdict) => compileRules(rules(verdict), 'xdp', PLANNING)));
    using loaded = loadArtifact(drops!, { offline: true });
    const frames = PACKETS.map(([, frame]) => frame);
    const outcomes = () => frames.map((frame) => loaded.testRun(frame).outcome);
    const all = (outcome: string) => frames.map(() => outcome);
    for (const [next, outcome] of [
      [passes!, 'pass'],
      [drops!, 'drop'],
      [passes!, 'pass'],
    ] as const) {
      const before = outcome === 'pass' ? 'drop' : 'pass';
      expect([outcomes(), outcomes()]).toEqual([all(before), all(before)]);
      const replacement = await loaded.replace(next);
      expect(replacement.replaced).toBe(true);
      expect([outcomes(), outcomes()]).toEqual([all(outcome), all(outcome)]);
      if (replacement.replaced) await replacement.settled;
      expect(outcomes()).toEqual(all(outcome));
    }
  });
});
