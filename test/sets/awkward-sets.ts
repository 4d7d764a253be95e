/** Sets of ranges that are awkward for tables: dense, sparse, nested, at both ends, in one network or in all of them. */
import { merged, type Range } from '../../grammar/values/ranges.ts';
import type { Random } from '../packets/random.ts';

export interface AwkwardSet {
  readonly name: string;
  /** Canonical. */
  readonly ranges: readonly Range<bigint>[];
}

/** @param bits of the values, 32 or 128 */
export function awkwardSets(bits: number, random: Random): readonly AwkwardSet[] {
  const last = (1n << BigInt(bits)) - 1n;
  const prefix = (address: bigint, length: number): Range<bigint> => {
    const host = (1n << BigInt(bits - length)) - 1n;
    return [address & ~host & last, (address & last) | host];
  };
  const some = (count: number, make: () => Range<bigint>): readonly Range<bigint>[] => Array.from({ length: count }, make);
  const anywhere = () => random.bigint(bits);
  const length = () => random.int(1, bits);
  const sets: readonly (readonly [string, readonly Range<bigint>[]])[] = [
    ['everything', [[0n, last]]],
    ['both ends', [prefix(0n, bits), prefix(last, bits)]],
    ['all but both ends', [[1n, last - 1n]]],
    ['the upper half', [prefix(last, 1)]],
    ['random prefixes', some(1500, () => prefix(anywhere(), length()))],
    ['long prefixes', some(1500, () => prefix(anywhere(), random.int(bits / 2, bits)))],
    ['hosts', some(1500, () => prefix(anywhere(), bits))],
    [
      'hosts of a few networks',
      some(3000, () => prefix((BigInt(random.int(1, 3)) << BigInt(bits - 8)) | random.bigint(11), bits)),
    ],
    ['every other value', Array.from({ length: 700 }, (_, index) => prefix(BigInt(2 * index), bits))],
    ['every other value up to the last', Array.from({ length: 700 }, (_, index) => prefix(last - BigInt(2 * index), bits))],
    [
      'ranges that are no prefixes',
      some(800, () => ordered(anywhere(), anywhere())).map(([first], index, all) =>
        ordered(first, index % 2 === 0 ? first + random.bigint(bits - 10) : (all[index - 1]?.[0] ?? 0n), last),
      ),
    ],
    [
      'nested',
      Array.from({ length: bits }, (_, index) => prefix(last / 3n, index + 1)).concat([[last / 3n + 2n, last / 3n + 9n]]),
    ],
    [
      'around every multiple of a network',
      Array.from({ length: 500 }, (_, index) => {
        const edge = BigInt(index + 1) << BigInt(random.pick([8, 12, 16, bits - 32, bits / 2].filter((at) => at > 0)));
        return ordered(edge - BigInt(random.int(0, 2)), edge + BigInt(random.int(0, 2)), last);
      }),
    ],
  ];
  return sets.map(([name, ranges]) => ({ name, ranges: merged(ranges) }));
}

/** Sets of IPv6 addresses that crowd the lines of `set_lines.h`. */
export function crowdedSets(random: Random): readonly AwkwardSet[] {
  const prefix = (address: bigint, length: number): Range<bigint> => {
    const host = (1n << BigInt(128 - length)) - 1n;
    return [address & ~host, address | host];
  };
  const some = (count: number, make: () => Range<bigint>): readonly Range<bigint>[] => Array.from({ length: count }, make);
  const site = 0x20010db8n << 96n;
  const sets: readonly (readonly [string, readonly Range<bigint>[]])[] = [
    ['every length under one /32', some(1500, () => prefix(site | random.bigint(96), random.int(33, 128)))],
    ['/48 under one /32', some(1500, () => prefix(site | random.bigint(96), 48))],
    ['/64 side by side, every other', Array.from({ length: 1500 }, (_, at) => prefix(site | (BigInt(2 * at) << 64n), 64))],
    ['hosts of one /64', some(1500, () => prefix(site | random.bigint(64), 128))],
    ['hosts of one /48', some(1500, () => prefix(site | random.bigint(80), 128))],
    [
      'ends of /64 networks',
      some(1000, () => prefix((site | random.bigint(96)) ^ BigInt.asUintN(64, -1n * BigInt(random.int(0, 1))), 127)),
    ],
    ['one of each length', Array.from({ length: 128 }, (_, at) => prefix((BigInt(at) << 120n) | random.bigint(120), at + 1))],
    [
      'networks of all lengths, and hosts beside them',
      some(1500, () =>
        prefix(((0x2a00n + random.bigint(4)) << 112n) | random.bigint(112), random.pick([29, 32, 36, 44, 48, 56, 64, 128])),
      ),
    ],
    [
      'the last address of all and those ahead of it',
      Array.from({ length: 30 }, (_, at) => prefix((1n << 128n) - 1n - BigInt(3 * at), 128)),
    ],
  ];
  return sets.map(([name, ranges]) => ({ name, ranges: merged(ranges) }));
}

function ordered(a: bigint, b: bigint, last?: bigint): Range<bigint> {
  const [low, high] = a < b ? [a, b] : [b, a];
  return [low, last !== undefined && high > last ? last : high];
}

/** Values at every edge, beside it, at both ends and in between, with whether they are in. */
export function probesOf(
  ranges: readonly Range<bigint>[],
  bits: number,
  random: Random,
): readonly (readonly [bigint, boolean])[] {
  const last = (1n << BigInt(bits)) - 1n;
  const near = ranges.flatMap(([first, end]) => [first - 1n, first, first + 1n, end - 1n, end, end + 1n]);
  const values = [0n, 1n, last - 1n, last, ...near, ...Array.from({ length: 500 }, () => random.bigint(bits))];
  return values.filter((value) => value >= 0n && value <= last).map((value) => [value, contains(ranges, value)]);
}

function contains(ranges: readonly Range<bigint>[], value: bigint): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.[0] ?? 0n) <= value) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && value <= range[1];
}
