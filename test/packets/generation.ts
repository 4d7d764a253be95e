/** What the parts of the packet generator share. */
import { address, integer } from './build-packet.ts';
import type { Hints } from './hints.ts';
import type { Random } from './random.ts';

export interface Generation {
  readonly random: Random;
  readonly hints: Hints;
  /** 0 for the frame itself, 1 for a packet in its tunnel. */
  readonly depth: number;
  /** A packet for a tunnel to carry. */
  carry(link: 'ethernet' | 'ipv4' | 'ipv6'): Uint8Array;
}

/** Whether the rules ask for a field of a header, by the beginning of its name. */
export function asksFor({ numbers, kinds }: Hints, prefix: string): boolean {
  return [...numbers.keys(), ...kinds.keys()].some((field) => field.startsWith(prefix));
}

/** A value that the rules mention, or any. */
export function number({ random, hints }: Generation, field: string, max: number): number {
  const known = (hints.numbers.get(field) ?? []).filter((value) => value <= max);
  return known.length > 0 && random.chance(0.75) ? random.pick(known) : random.int(0, max);
}

const PLAIN_V4 = ['10.0.0.1', '10.1.2.3', '172.16.0.1', '192.0.2.1', '192.168.1.1', '0.0.0.0', '255.255.255.255', '224.0.0.1'];
const PLAIN_V6 = ['::', '::1', 'fd00::1', 'fe80::1', 'ff02::1', '2001:db8::1', '::ffff:a00:1'];

export function v4Address({ random, hints }: Generation): Uint8Array {
  if (hints.v4.length > 0 && random.chance(0.6)) {
    return integer(random.pick(hints.v4), 4);
  }
  return random.chance(0.5) ? address(random.pick(PLAIN_V4)) : random.bytes(4);
}

export function v6Address({ random, hints }: Generation): Uint8Array {
  if (hints.v6.length > 0 && random.chance(0.6)) {
    return integer(random.pick(hints.v6), 16);
  }
  return random.chance(0.5) ? address(random.pick(PLAIN_V6)) : random.bytes(16);
}

/** Each claim of the header is a lie once in a while. */
export function lies<T extends string>(random: Random, claims: Readonly<Record<T, () => number>>): Partial<Record<T, number>> {
  const told: Partial<Record<T, number>> = {};
  for (const name of Object.keys(claims) as T[]) {
    if (random.chance(0.04)) {
      told[name] = claims[name]();
    }
  }
  return told;
}

/** Bytes behind the beginning of a header at which something ends or begins to be readable. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 14, 15, 16, 19, 20];

/** A datagram that ends, without a lie, near one of the edges of the header that begins at `start`. */
export function cutAtEdge(random: Random, data: Uint8Array, start: number): Uint8Array {
  return random.chance(0.08) ? data.subarray(0, Math.max(0, start + random.pick(EDGES) + random.int(-1, 1))) : data;
}
