/**
 * Rule sets with the shapes of those that ClassBench was made from (Taylor and Turner, "ClassBench: A Packet Classification
 * Benchmark", INFOCOM 2005): access lists name destinations, firewalls have wildcards on either side and ranges of ports, IP
 * chains name pairs of networks. `overlap` is none of them: nested prefixes and wide ranges, so that many rules match a packet.
 */
import { oneOf, type Random, randomBits, seededRandom, weighted } from './random.ts';
import { ANY_ADDRESS, ANY_PORT, type BenchRule, type Ports, type Prefix, prefixOf } from './rule.ts';

export type Shape = 'acl' | 'fw' | 'ipc' | 'overlap';

export interface RuleSetOptions {
  readonly shape: Shape;
  /** `mixed`: each rule is of one of both versions. */
  readonly family: 4 | 6 | 'mixed';
  readonly count: number;
  readonly seed: number;
}

/** No two rules have the same condition; fewer than `count` come back when a shape does not have so many. */
export function generateRules({ shape, family, count, seed }: RuleSetOptions): readonly BenchRule[] {
  const random = seededRandom(seed);
  const networks = { 4: createNetworks(4, count, random), 6: createNetworks(6, count, random) };
  const rules: BenchRule[] = [];
  const seen = new Set<string>();
  for (let tries = 0; rules.length < count && tries < 20 * count; tries++) {
    const version = family === 'mixed' ? oneOf<4 | 6>([4, 6], random) : family;
    const rule = SHAPES[shape](version, networks[version], random);
    if (isTooWide(rule, random)) continue;
    const key = keyOf(rule);
    if (seen.has(key)) continue;
    seen.add(key);
    rules.push(rule);
  }
  return rules;
}

/** Rules for any source and any destination name a port in files of people, and are few: one of the others would hide all below. */
function isTooWide({ src, dst, dport }: BenchRule, random: Random): boolean {
  return src.length === 0 && dst.length === 0 && (dport[0] !== dport[1] || random(8) > 0);
}

function keyOf({ family, src, dst, sport, dport, proto }: BenchRule): string {
  const version = src.length === 0 && dst.length === 0 ? 0 : family;
  return [version, src.address, src.length, dst.address, dst.length, sport, dport, proto].join();
}

/** Networks that rules come back to: sites, and subnets in them. */
interface Networks {
  readonly sites: readonly [bigint, ...bigint[]];
  readonly subnets: readonly [bigint, ...bigint[]];
}

function createNetworks(family: 4 | 6, count: number, random: Random): Networks {
  const bits = family === 4 ? 32 : 128;
  const many = (length: number, make: () => bigint): [bigint, ...bigint[]] => [make(), ...Array.from({ length }, make)];
  const sites = many(Math.ceil(Math.sqrt(count) / 2), () => {
    const address = randomBits(bits, random);
    // Global unicast (RFC 4291): what is outside of 2000::/3 nobody routes.
    return family === 4 ? address : (address & ((1n << 125n) - 1n)) | (1n << 125n);
  });
  const keep = BigInt(family === 4 ? 16 : 128 - 48);
  const subnets = many(Math.ceil(count / 4), () => {
    const site = oneOf(sites, random);
    return ((site >> keep) << keep) | randomBits(Number(keep), random);
  });
  return { sites, subnets };
}

type Lengths = readonly (readonly [number, number])[];

/** Weight and prefix length, of IPv4; of IPv6 the place that means the same. */
const V6_LENGTH: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [8, 32],
  [12, 36],
  [16, 48],
  [20, 52],
  [21, 53],
  [22, 54],
  [23, 56],
  [24, 56],
  [26, 60],
  [27, 62],
  [28, 64],
  [30, 96],
  [32, 128],
]);

function prefix(lengths: Lengths, family: 4 | 6, networks: Networks, random: Random): Prefix {
  const length = weighted(lengths, random);
  if (length === 0) return ANY_ADDRESS;
  const inner = oneOf(networks.subnets, random);
  const host = length >= 28 ? BigInt(random(family === 4 ? 256 : 65536)) : 0n;
  return prefixOf(inner ^ host, family === 4 ? length : (V6_LENGTH.get(length) ?? 64), family);
}

const WELL_KNOWN: readonly [number, ...number[]] = [
  80, 443, 22, 25, 53, 110, 123, 143, 161, 389, 445, 993, 1433, 1521, 3306, 3389, 5060, 8080,
];

function exactPort(random: Random): Ports {
  const port = random(3) === 0 ? 1024 + random(64512) : oneOf(WELL_KNOWN, random);
  return [port, port];
}

function portRange(random: Random): Ports {
  const first = random(65000);
  return [first, Math.min(65535, first + 1 + random(oneOf([8, 64, 1024], random)))];
}

const HIGH: Ports = [1024, 65535];
const LOW: Ports = [0, 1023];

type Make = (family: 4 | 6, networks: Networks, random: Random) => BenchRule;

function verdictFor(random: Random): BenchRule['verdict'] {
  return random(3) === 0 ? 'pass' : 'drop';
}

/** Ports only where the protocol has them. */
function finished(rule: Omit<BenchRule, 'verdict'>, random: Random): BenchRule {
  const hasPorts = rule.proto === 6 || rule.proto === 17;
  const ports = hasPorts ? {} : { sport: ANY_PORT, dport: ANY_PORT };
  return { ...rule, ...ports, verdict: verdictFor(random) };
}

const icmpOf = (family: 4 | 6) => (family === 4 ? 1 : 58);

const SHAPES: Readonly<Record<Shape, Make>> = {
  acl(family, networks, random) {
    const src = prefix(
      [
        [2, 0],
        [3, 16],
        [6, 21],
        [20, 24],
        [10, 27],
        [59, 32],
      ],
      family,
      networks,
      random,
    );
    const dst = prefix(
      [
        [1, 0],
        [2, 16],
        [5, 23],
        [20, 24],
        [12, 28],
        [60, 32],
      ],
      family,
      networks,
      random,
    );
    const proto = weighted(
      [
        [85, 6],
        [12, 17],
        [2, icmpOf(family)],
        [1, null],
      ],
      random,
    );
    const dport = weighted(
      [
        [70, exactPort(random)],
        [15, portRange(random)],
        [15, ANY_PORT],
      ],
      random,
    );
    return finished({ family, src, dst, sport: ANY_PORT, dport, proto }, random);
  },
  fw(family, networks, random) {
    const src = prefix(
      [
        [20, 0],
        [3, 8],
        [7, 16],
        [10, 22],
        [20, 24],
        [40, 32],
      ],
      family,
      networks,
      random,
    );
    const dst = prefix(
      [
        [15, 0],
        [3, 8],
        [7, 16],
        [10, 23],
        [20, 24],
        [45, 32],
      ],
      family,
      networks,
      random,
    );
    const proto = weighted(
      [
        [65, 6],
        [25, 17],
        [5, icmpOf(family)],
        [5, null],
      ],
      random,
    );
    const sport = weighted(
      [
        [60, ANY_PORT],
        [20, HIGH],
        [15, exactPort(random)],
        [5, LOW],
      ],
      random,
    );
    const dport = weighted(
      [
        [20, ANY_PORT],
        [15, HIGH],
        [45, exactPort(random)],
        [15, portRange(random)],
        [5, LOW],
      ],
      random,
    );
    return finished({ family, src, dst, sport, dport, proto }, random);
  },
  ipc(family, networks, random) {
    const src = prefix(
      [
        [8, 0],
        [4, 12],
        [8, 16],
        [10, 20],
        [30, 24],
        [40, 32],
      ],
      family,
      networks,
      random,
    );
    const dst = prefix(
      [
        [8, 0],
        [4, 12],
        [8, 16],
        [10, 20],
        [30, 24],
        [40, 32],
      ],
      family,
      networks,
      random,
    );
    const proto = weighted(
      [
        [50, 6],
        [30, 17],
        [10, icmpOf(family)],
        [10, null],
      ],
      random,
    );
    const sport = weighted(
      [
        [75, ANY_PORT],
        [15, exactPort(random)],
        [10, HIGH],
      ],
      random,
    );
    const dport = weighted(
      [
        [40, ANY_PORT],
        [45, exactPort(random)],
        [10, portRange(random)],
        [5, HIGH],
      ],
      random,
    );
    return finished({ family, src, dst, sport, dport, proto }, random);
  },
  overlap(family, networks, random) {
    const site = oneOf(networks.sites, random);
    const length = oneOf([8, 12, 16, 20, 24, 28, 32], random);
    const nested = (address: bigint) => prefixOf(address, family === 4 ? length : (V6_LENGTH.get(length) ?? 64), family);
    const first = random(40000);
    const wide: Ports = [first, Math.min(65535, first + 20000 + random(20000))];
    const src = random(3) === 0 ? ANY_ADDRESS : nested(site ^ BigInt(random(4)));
    const dst = random(3) === 0 ? ANY_ADDRESS : nested(oneOf(networks.subnets, random));
    return finished(
      { family, src, dst, sport: random(2) === 0 ? wide : ANY_PORT, dport: wide, proto: oneOf([6, 17], random) },
      random,
    );
  },
};
