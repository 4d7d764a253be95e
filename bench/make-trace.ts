/** A cold trace for a set of rules: hits spread over the rules, at their edges too, the last rule, and misses. */
import type { BenchPacket } from './packet.ts';
import { type Random, randomBits, seededRandom, weighted } from './random.ts';
import { type BenchRule, lastAddress, type Ports, type Prefix } from './rule.ts';

export const TRACE_PACKETS = 8192;

/** @param rules at least one */
export function makeTrace(rules: readonly BenchRule[], seed: number, packets = TRACE_PACKETS): readonly BenchPacket[] {
  const random = seededRandom(seed);
  const last = rules.at(-1);
  if (last === undefined) throw new Error('no rules');
  const families = [...new Set(rules.map(({ family }) => family))];
  const trace = Array.from({ length: packets }, (_, at): BenchPacket => {
    const rule = rules[Math.floor(((at + random(1000) / 1000) * rules.length) / packets)] ?? last;
    const kind = weighted(
      [
        [11, 'hit'],
        [2, 'beside'],
        [1, 'last'],
        [2, 'miss'],
      ] as const,
      random,
    );
    if (kind === 'miss') return strayPacket(families[random(families.length)] ?? 4, random);
    return packetFor(kind === 'last' ? last : rule, kind === 'beside', random);
  });
  return shuffled(trace, random);
}

/** In the rule, at an edge as often as not; with `beside`, one step past an edge of one of its ranges. */
function packetFor(rule: BenchRule, beside: boolean, random: Random): BenchPacket {
  const { family } = rule;
  const proto =
    rule.proto ??
    weighted(
      [
        [3, 6],
        [1, 17],
      ],
      random,
    );
  const hasPorts = proto === 6 || proto === 17;
  const past = beside ? random(4) : -1;
  return {
    family,
    src: addressIn(rule.src, family, past === 0, random),
    dst: addressIn(rule.dst, family, past === 1, random),
    proto,
    sport: hasPorts ? portIn(rule.sport, past === 2, random) : -1,
    dport: hasPorts ? portIn(rule.dport, past === 3, random) : -1,
  };
}

function addressIn(prefix: Prefix, family: 4 | 6, past: boolean, random: Random): bigint {
  const bits = family === 4 ? 32 : 128;
  const all = (1n << BigInt(bits)) - 1n;
  const [first, last] = [prefix.address, lastAddress(prefix, family)];
  if (past) return (random(2) === 0 ? first - 1n : last + 1n) & all;
  const edge = random(4);
  if (edge === 0) return first;
  return edge === 1 ? last : first | (randomBits(bits, random) & (last - first));
}

function portIn([first, last]: Ports, past: boolean, random: Random): number {
  if (past) return (random(2) === 0 ? first - 1 : last + 1) & 0xffff;
  const edge = random(4);
  if (edge === 0) return first;
  return edge === 1 ? last : first + random(last - first + 1);
}

function strayPacket(family: 4 | 6, random: Random): BenchPacket {
  const bits = family === 4 ? 32 : 128;
  const [src, dst] = [randomBits(bits, random), randomBits(bits, random)];
  return { family, src, dst, proto: random(2) === 0 ? 6 : 17, sport: random(65536), dport: random(65536) };
}

function shuffled(packets: readonly BenchPacket[], random: Random): readonly BenchPacket[] {
  const mixed = [...packets];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [mixed[at], mixed[other]] = [mixed[other] as BenchPacket, mixed[at] as BenchPacket];
  }
  return mixed;
}
