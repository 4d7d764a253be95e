/** Random packets are worth their time: every field, tunnel and odd case comes up, and rules match far more often than by chance. */
import { describe, expect, test } from 'vitest';
import { analyse } from '../../compiler/index.ts';
import { dissectCarried, dissectFrame } from '../../compiler/interpret/dissect.ts';
import { readField, surroundingsAt } from '../../compiler/interpret/read-field.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { programOf } from '../differential/program-of.ts';
import { generatePacket } from './generate-packet.ts';
import { hintsOf } from './hints.ts';
import { createRandom } from './random.ts';

const COUNT = 6000;

describe('without hints', () => {
  const random = createRandom(3);
  const frames = Array.from({ length: COUNT }, () => generatePacket(random));

  test.each(
    FIELDS.filter(({ read }) => read.kind !== 'either' && read.kind !== 'context').map((field) => [field.name, field] as const),
  )('%s is there, and not always', (name, field) => {
    const present = frames.filter((frame) => readField(dissectFrame(frame), field, surroundingsAt('xdp')) !== null).length;
    expect(present).toBeGreaterThan(10);
    if (!['len', 'malformed'].includes(name)) expect(present).toBeLessThan(COUNT);
  });

  test('tunnels of every kind carry packets of every kind', () => {
    const carried = frames.flatMap((frame) => {
      const outer = dissectFrame(frame);
      const family = outer.layers.ipv4 === undefined ? 6 : 4;
      const by = outer.layers.vxlan ? 'vxlan' : outer.layers.geneve ? 'geneve' : `proto ${outer.facts.proto}`;
      return outer.carried === null ? [] : [`${outer.carried.link} by ${by} over ${family}`];
    });
    const kinds = ['ethernet by vxlan', 'ipv4 by proto 4', 'ipv6 by proto 41'];
    for (const link of ['ethernet', 'ipv4', 'ipv6']) kinds.push(`${link} by geneve`, `${link} by proto 47`);
    for (const kind of kinds.flatMap((one) => [`${one} over 4`, `${one} over 6`])) {
      expect(carried.filter((one) => one === kind).length, kind).toBeGreaterThan(2);
    }
  });

  test('packets in tunnels are whole, broken, and tunnels themselves', () => {
    const inner = frames.flatMap((frame) => dissectCarried(dissectFrame(frame)) ?? []);
    for (const malformed of [0, 1]) {
      expect(inner.filter(({ facts }) => facts.malformed === malformed).length).toBeGreaterThan(50);
    }
    expect(inner.filter(({ carried }) => carried !== null).length).toBeGreaterThan(10);
    expect(inner.filter(({ layers }) => layers.vlan !== undefined).length).toBeGreaterThan(10);
  });
});

/** Conditions, and how many packets of a hundred are to satisfy each at least; none may hold for all. */
describe('with hints', () => {
  test.each([
    ['payload contains "sqlmap"', 12],
    ['payload contains nocase { "union select", "xp_cmdshell" }', 10],
    ['payload within 32 contains "attack"', 7],
    ['payload starts "GET /admin"', 10],
    ['payload ends "quit!"', 15],
    ['payload = "PING"', 5],
    ['transport[13:1] & 2 = 2', 30],
    ['frame[60:6] = 0x112233445566', 15],
    ['network[9:1] 89', 25],
    ['src & 255.0.255.0 = 10.0.7.0', 10],
    ['tcp.option md5', 5],
    ['tcp.mss < 500', 2],
    ['ip.options { loose-source-route, strict-source-route }', 10],
    ['ip6.ext routing', 15],
    ['vlan.pcp 6', 15],
    ['mpls.label 77', 10],
    ['ip.id 4660', 15],
    ['inner(tcp dport 22)', 2],
    ['inner(any)', 20],
    ['vxlan.vni 42', 3],
    ['gre.key 7', 3],
    ['udp.len > 9000', 4],
  ])('%s', (condition, percent) => {
    const program = programOf(`match ${condition} -> drop`);
    const hints = hintsOf(program);
    const random = createRandom(5);
    const interpret = createInterpreter(program);
    const matched = Array.from({ length: 1000 }, () => interpret(generatePacket(random, { hints })).verdict === 'drop');
    const count = matched.filter(Boolean).length;
    expect(count).toBeGreaterThanOrEqual(percent * 10);
    expect(count).toBeLessThan(1000);
  });
});

test('interfaces that a pattern matches, and some that it does not', () => {
  const source = { name: 'test.rules', text: 'hook tc ingress\nmatch iface { "veth*", "*.100" } -> drop\n' };
  const { interfaces } = hintsOf(analyse(source, { hook: null }).program);
  expect(interfaces).toContain('veth7');
  expect(interfaces).toContain('xveth');
  expect(interfaces.every((name) => name.length > 0 && name.length <= 15 && !name.includes('*'))).toBe(true);
});
