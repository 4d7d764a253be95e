/**
 * Random rule sets that are hard on a decision tree: overlapping, nested, identical, wildcards in every dimension, staircases and
 * grids of crossing ranges, and conditions that no tree carries.
 */
import type { Field } from '../../grammar/fields/field.ts';
import { leafOf, paletteOf } from '../differential/generate-rules.ts';
import { analyse } from '../differential/program-of.ts';
import { printCondition } from '../differential/rule-file.ts';
import type { Random } from '../packets/random.ts';

export type Hook = 'xdp' | 'tc ingress';
export type Profile =
  | ('access' | 'nested' | 'wildcards' | 'identical' | 'staircase' | 'grid' | 'exact')
  | ('flags' | 'absent' | 'lists' | 'payload' | 'headers' | 'everything');

export interface RuleSetOptions {
  readonly profile: Profile;
  readonly rules: number;
  readonly hook: Hook;
  /** Of the rules, the share without a verdict, 0 to 1. */
  readonly observers: number;
}

type Condition = (random: Random, index: number, count: number) => string;

const PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmp6', 'sctp', '47', '0'];

/** Ports of rules and packets, so that they meet. */
const PORTS = [0, 1, 22, 53, 80, 443, 1023, 1024, 8080, 32767, 32768, 65534, 65535];

export const PROFILES: Readonly<Record<Profile, Condition>> = {
  /** As firewalls have them: prefixes, a protocol, ports. */
  access: (random) =>
    random.chance(0.3)
      ? `src ${prefix6(random)} dst ${prefix6(random)}${service(random)}`
      : `src ${prefix4(random)} dst ${prefix4(random)}${service(random)}`,
  /** Prefixes in each other, down to the single address. */
  nested: (random) =>
    random.chance(0.3)
      ? `src ${nested6(random)}${random.chance(0.5) ? ` dst ${nested6(random)}` : ''}`
      : `src ${nested4(random)}${random.chance(0.5) ? ` dst ${nested4(random)}` : ''}${random.chance(0.3) ? service(random) : ''}`,
  /** One dimension each, any value in all others. */
  wildcards: (random) => oneDimension(random),
  /** The same few conditions, again and again. */
  identical: (random) => random.pick(['src 10.0.0.0/8', 'dst 10.0.0.1', 'tcp dport 22', 'src 10.0.0.1 udp', 'any', 'proto 17']),
  /** Every range overlaps all the others, and each begins and ends elsewhere. */
  staircase: (_, index, count) => {
    const step = Math.max(1, Math.floor(32_000 / count));
    const at = index * step;
    return `src ${ipv4(0x0a000000 + at)}-${ipv4(0x0a000000 + at + 32_000)} dport ${Math.min(at, 33_000)}-${Math.min(65_535, at + 32_000)}`;
  },
  /** Bands across one dimension cross bands across the other. */
  grid: (random, index, count) => {
    const width = Math.max(1, Math.floor(65_536 / count));
    const first = Math.min(65_535, index * width);
    const last = Math.min(65_535, first + random.int(0, 3 * width));
    return index % 2 === 0 ? `sport ${first}-${last}` : `dport ${first}-${last}`;
  },
  /** One exact pair among wildcards of the same values. */
  exact: (random, index) => {
    const host = ipv4(0x0a000000 + random.int(0, 40));
    return index % 3 === 0
      ? `src ${host} dst ${ipv4(0x0a000000 + random.int(0, 40))} tcp dport ${random.pick(PORTS)}`
      : index % 3 === 1
        ? `src ${host}`
        : `dst ${host}`;
  },
  /** Flags under masks, alone and among others. */
  flags: (random) =>
    [
      `flags ${random.pick(['SYN', 'SYN,!ACK', 'RST', '!FIN', 'FIN,PSH,URG', 'ACK,!SYN,!RST'])}`,
      `flags = ${random.pick(['SYN', 'SYN,ACK', 'none', 'FIN'])}`,
      `flags != ${random.pick(['SYN', 'none', 'ACK'])}`,
      `flags { SYN, RST } dport ${random.pick(PORTS)}`,
      `not flags SYN`,
      `flags SYN src ${prefix4(random)}`,
    ][random.int(0, 5)] ?? '',
  /** What tells an absent field from 0, and packets without addresses or ports. */
  absent: (random) =>
    [
      `not dport ${random.pick(PORTS)}`,
      `dport != ${random.pick(PORTS)}`,
      `sport 0`,
      `dport 0-${random.pick([0, 1, 80])}`,
      `not src ${prefix4(random)}`,
      `src != ${prefix6(random)}`,
      `not addr ${prefix4(random)}`,
      `vlan 0`,
      `not vlan ${random.int(0, 3)}`,
      `ethertype ${random.pick(['arp', '0x0800', '0x86dd', '0x1234'])}`,
      `not (src ${prefix4(random)} or dport ${random.pick(PORTS)})`,
      `icmp.type 0`,
      `not tcp`,
      `sport any`,
      `not dst any`,
    ][random.int(0, 14)] ?? '',
  /** Alternatives and lists, as boxes and as checks. */
  lists: (random) =>
    [
      `port { ${random.pick(PORTS)}, ${random.int(0, 65_535)} } src ${prefix4(random)}`,
      `src ${prefix4(random)} or dport ${random.pick(PORTS)}`,
      `(src ${prefix4(random)} tcp) or (dst ${prefix6(random)} udp)`,
      `src { ${Array.from({ length: 12 }, () => prefix4(random)).join(', ')} } dport { 22, 80, 443, 8080, 53 }`,
      `src != { ${cut4(base4(random), 20)}, ${cut4(base4(random), 30)} } dst != fd00::${random.int(0, 3)}`,
      `not (tcp dport { 22, 80 }) not src ${cut4(base4(random), 16)}`,
    ][random.int(0, 5)] ?? '',
  /** Payload, beside boxes and alone. */
  payload: (random) =>
    [
      `addr ${prefix4(random)} payload contains "ab"`,
      `dport ${random.pick(PORTS)} payload[0:1] = ${random.int(0, 3)}`,
      `payload starts "\\x01ab"`,
      `dport ${random.pick(PORTS)} not payload contains "b"`,
      `dport ${random.pick(PORTS)}`,
    ][random.int(0, 4)] ?? '',
  /** Options, tunnels, masks: what headers have and no box. */
  headers: (random) =>
    [
      `tcp.option mss dport ${random.pick(PORTS)}`,
      `src & 255.0.255.0 = 10.0.0.0 dport ${random.pick(PORTS)}`,
      `ip6.flow ${random.int(0, 3)} src ${prefix6(random)}`,
      `src ${prefix4(random)} network[8:1] > ${random.int(0, 128)}`,
      `src ${prefix4(random)}`,
    ][random.int(0, 4)] ?? '',
  /** All of that in one file: more than a program has a stack for. */
  everything: (random, index, count) =>
    random.pick([PROFILES.lists, PROFILES.payload, PROFILES.headers, () => 'src 10.0.0.0/8 inner( tcp )', PROFILES.wildcards])(
      random,
      index,
      count,
    ),
};

export const PROFILE_NAMES = Object.keys(PROFILES) as readonly Profile[];

/** Rules of every field of at most 16 bits; one that the compiler refuses is drawn anew. */
export function generateScalarSet(random: Random, rules: number, hook: Hook, observers: number): string {
  const fields = random.shuffled(paletteOf(hook).fields.filter(isScalar)).slice(0, random.int(3, 8));
  const lines: string[] = [];
  for (let attempts = 0; lines.length < rules && attempts < rules * 10; attempts++) {
    const parts = Array.from({ length: random.int(1, 3) }, () => {
      const leaf = printCondition(leafOf(random, random.pick(fields)));
      return random.chance(0.2) ? `not ${leaf}` : leaf;
    });
    const condition = parts.length > 1 && random.chance(0.2) ? parts.join(' or ') : parts.join(' ');
    const line = `match ${condition} -> ${actionOf(random, hook, observers)}`;
    const { diagnostics } = analyse(`hook ${hook}\n${line}\n`);
    if (diagnostics.every((one) => one.severity !== 'error')) lines.push(line);
  }
  return file(random, hook, lines);
}

function isScalar({ type }: Field): boolean {
  return (type.kind === 'uint' && type.bits <= 16) || type.kind === 'flags';
}

export function generateRuleSet(random: Random, { profile, rules, hook, observers }: RuleSetOptions): string {
  const condition = PROFILES[profile];
  const lines = Array.from(
    { length: rules },
    (_, index) => `match ${condition(random, index, rules)} -> ${actionOf(random, hook, observers)}`,
  );
  return file(random, hook, random.chance(0.5) ? lines : random.shuffled(lines));
}

function file(random: Random, hook: Hook, lines: readonly string[]): string {
  return [`hook ${hook}`, `default ${random.pick(['pass', 'drop'])}`, ...lines, ''].join('\n');
}

function actionOf(random: Random, hook: Hook, observers: number): string {
  const mark = hook === 'tc ingress' && random.chance(0.3) ? [`mark ${random.int(0, 200)}`] : [];
  const log = random.chance(0.2) ? ['log'] : [];
  const verdict = random.chance(observers) ? 'count' : random.pick(['pass', 'drop', 'audit drop']);
  return [...mark, ...log, verdict].join(', ');
}

function service(random: Random): string {
  const port = (): string => {
    const [one, other] = [random.pick(PORTS), random.pick(PORTS)];
    return random.chance(0.5) ? `${one}` : `${Math.min(one, other)}-${Math.max(one, other)}`;
  };
  return random.weighted([
    [3, ''],
    [2, ` proto ${random.pick(PROTOCOLS)}`],
    [4, ` ${random.pick(['tcp', 'udp'])} dport ${port()}`],
    [1, ` tcp sport ${port()} dport ${port()}`],
    [1, ` icmp.type ${random.int(0, 12)}`],
  ]);
}

function oneDimension(random: Random): string {
  return random.pick<() => string>([
    () => `src ${prefix4(random)}`,
    () => `dst ${prefix4(random)}`,
    () => `src ${prefix6(random)}`,
    () => `dst ${prefix6(random)}`,
    () => `sport ${random.int(0, 65_535)}`,
    () => `dport ${random.pick(PORTS)}`,
    () => `proto ${random.int(0, 255)}`,
    () => `ttl ${random.int(0, 255)}`,
    () => `dscp ${random.int(0, 63)}`,
    () => `len ${random.int(14, 200)}-${random.int(200, 1500)}`,
    () => `vlan ${random.int(0, 4095)}`,
    () => `flags SYN,!ACK`,
  ])();
}

/** Rather few different addresses, so that rules overlap. */
function base4(random: Random): number {
  return (random.pick([0x0a000000, 0x0a010000, 0xc0a80000, 0, 0xffff0000]) + random.int(0, 0xffff)) >>> 0;
}

function prefix4(random: Random): string {
  const length = random.pick([0, 1, 8, 15, 16, 17, 20, 24, 24, 28, 30, 31, 32, 32]);
  return cut4(base4(random), length);
}

function nested4(random: Random): string {
  return cut4(0x0a0b0c0d, random.int(0, 32));
}

function cut4(address: number, length: number): string {
  const kept = length === 0 ? 0 : (address & (0xffffffff << (32 - length))) >>> 0;
  return `${ipv4(kept)}/${length}`;
}

export function ipv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

function prefix6(random: Random): string {
  const address =
    (random.pick([0xfd00n, 0x2001n, 0n, 0xffffn]) << 112n) | (BigInt(random.int(0, 3)) << 64n) | BigInt(random.int(0, 3));
  return cut6(address, random.pick([0, 1, 16, 48, 63, 64, 65, 96, 126, 127, 128]));
}

function nested6(random: Random): string {
  return cut6(0xfd00_0001_0002_0003_8004_0005_0006_0007n, random.int(0, 128));
}

function cut6(address: bigint, length: number): string {
  const host = BigInt(128 - length);
  const kept = (address >> host) << host;
  return `${Array.from({ length: 8 }, (_, at) => ((kept >> BigInt(112 - at * 16)) & 0xffffn).toString(16)).join(':')}/${length}`;
}
