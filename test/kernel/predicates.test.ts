/**
 * Every predicate on headers, options, tunnels and raw bytes by itself: the kernel and the interpreter say the same of random
 * packets, and each of the rules matches some of them and leaves others alone.
 */
import { expect, test } from 'vitest';
import { createInterpreter } from '../../compiler/interpret.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { hex } from '../packets/build-packet.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom } from '../packets/random.ts';
import { compileBoth } from './compile-rules.ts';
import { describeKernel } from './environment.ts';

const PACKETS = 4000;
const SEED = 3;

const LINK = ['vlan.pcp >= 4', 'vlan.depth 2', 'vlan.depth 0', 'mpls.label 16-500000', 'frame[12:2] 0x0800', 'frame[0:6] > 5'];
const NETWORK = [
  'ip.id 0-20000',
  'ip.df yes',
  'ip.hdrlen > 20',
  'ip.options { 7, 68 }',
  'ip.options any',
  'ip.options != 1',
  'ip6.flow >= 0x80000',
  'ip6.ext any',
  'ip6.ext fragment',
  'ip6.ext != { hop-by-hop, routing }',
  'src & 255.0.0.255 = 10.0.0.1',
  'src & 255.0.0.255 != 10.0.0.1',
  'dst & ffff::ff = fd00::1',
  'dst & ffff::ff != fd00::1',
  'network[0:1] & 0xf0 = 0x40',
];
const TRANSPORT = [
  'tcp.seq < 0x80000000',
  'tcp.ack 2',
  'tcp.hdrlen 24-60',
  'tcp.mss < 1000',
  'tcp.mss != 1460',
  'tcp.option any',
  'tcp.option timestamps',
  'tcp.option != { nop, mss }',
  'udp.len > 20',
  'vxlan.vni 5',
  'geneve.vni 6',
  'gre.key 7',
  'transport[0:2] 80-40000',
  'transport[13:1] & 0x12 = 0x02',
  'transport[8:4] { 1, 5-9, 0x10000-0xffffffff }',
];
const PAYLOAD = [
  'payload[0:1] 0',
  'payload[2:6] 0x020304050607',
  'payload[0:4] != 0x00010203',
  'payload starts "\\x00\\x01"',
  'payload starts nocase "get "',
  'payload ends "\\x05"',
  'payload = "\\x00\\x01\\x02"',
];
const BESIDE = ['iface lo', 'iface "veth*"', 'iface != "veth*"'];

/** Of the packet in a tunnel, in groups that one program can keep. */
const INNER = [
  ['len < 60', 'malformed', 'not dport 80', 'ethertype ip', 'vlan.depth 0', 'smac multicast', 'frame[0:1] 0x45', 'iface lo'],
  ['src 10.0.0.0/8', 'dport 0-30000', 'tcp.option any', 'ip.options any', 'ip6.ext any', 'frag later', 'proto udp'],
  ['network[0:1] & 0xf0 = 0x60', 'transport[0:1] 0', 'payload[0:2] 1', 'payload ends "\\x03"', 'tcp.mss > 5', 'gre.key > 0'],
  ['vxlan.vni >= 0', 'geneve.vni >= 0', 'frame[0:6] > 0x100', 'src & 255.0.0.255 != 10.0.0.1', 'mpls.label >= 0', 'ip.df no'],
];

const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['the link layer', LINK],
  ['the network layer', NETWORK],
  ['the transport layer', TRANSPORT],
  ['payload', PAYLOAD],
  ['what is beside the packet', BESIDE],
  ['all of them in one program', [...LINK, ...NETWORK, ...TRANSPORT, 'payload[0:1] 0', ...BESIDE]],
  ...INNER.map((group, at): readonly [string, readonly string[]] => [
    `tunnels ${at}`,
    group.flatMap((one) => [`inner(${one})`, `not inner(${one})`]),
  ]),
];

const HOOKS = ['xdp', 'tc ingress', 'socket', 'cgroup ingress'] as const;

/** A control group has no link layer, but for Ethernet in a tunnel. */
const seenAt = (hook: (typeof HOOKS)[number]) => (condition: string) =>
  hook !== 'cgroup ingress' || !/^(vlan|mpls|frame)/.test(condition);

const CASES = HOOKS.flatMap((hook) =>
  GROUPS.map(([what, conditions]) => [what, hook, conditions.filter(seenAt(hook))] as const).filter(
    ([, , conditions]) => conditions.length > 0,
  ),
);

describeKernel('kernel and interpreter agree about', () => {
  test.each(CASES)('%s at %s', async (_, hook, conditions) => {
    const text = conditions.map((one) => `match ${one} -> count`).join('\n');
    const { artifact, program } = await compileBoth(text, hook);
    const interpret = createInterpreter(program);
    using loaded = loadArtifact(artifact);
    const random = createRandom(SEED);
    const hints = hintsOf(program);
    const matched = conditions.map(() => 0);
    let before = loaded.counters();
    let compared = 0;
    for (let at = 0; at < PACKETS; at++) {
      const frame = generatePacket(random, { hints, minLength: 14 });
      const iface = random.pick(['lo', 'veth7', 'eth0', null]);
      if (!taken(() => loaded.testRun(frame, { iface }))) continue;
      compared++;
      const after = loaded.counters();
      const rules = conditions.flatMap((_, index) => (after[index]?.packets === before[index]?.packets ? [] : [index]));
      before = after;
      const expected = interpret(frame, { iface }).rules;
      const told = (indices: readonly number[]) => indices.map((index) => conditions[index]);
      expect(told(rules), `packet ${at}, ${hex(frame)}`).toEqual(told(expected));
      for (const index of rules) matched[index] = (matched[index] ?? 0) + 1;
    }
    expect(compared).toBeGreaterThan(PACKETS / 2);
    // A rule that always holds, or never, would have shown nothing.
    conditions.forEach((condition, index) => {
      expect(matched[index], condition).toBeGreaterThan(0);
      expect(matched[index], condition).toBeLessThan(compared);
    });
  });
});

/** false: BPF_PROG_TEST_RUN does not take the frame. */
function taken(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'PKT6009') return false;
    throw error;
  }
}
