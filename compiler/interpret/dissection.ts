/** What there is to know about a frame before any field of it is read. */
import type { Fact, Layer, RawBase } from '../../grammar/fields/field.ts';

/** Bytes of the frame, `end` exclusive. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Facts that are a number; the others are sets of kinds. */
export type NumberFact = Exclude<Fact, KindsFact>;
export type KindsFact = 'ip_options' | 'ip6_ext' | 'tcp_options';

/** Option kinds or extension header types, and the bytes that they were found in. */
export interface Kinds extends Extent {
  readonly kinds: ReadonlySet<number>;
}

/** What raw reads count in. */
export type Stretch = Exclude<RawBase, 'tail'>;

/** The packet in a tunnel. */
export interface Carried extends Extent {
  readonly link: 'ethernet' | 'ipv4' | 'ipv6';
}

/** Why a packet is `malformed`, and the bytes that say so. */
export interface Flaw extends Extent {
  readonly reason: string;
}

/** Places are offsets in `bytes`, also those of a packet in a tunnel. */
export interface Dissection {
  readonly bytes: Uint8Array;
  /** Where each header starts, and where the bytes end that may still count as part of it. */
  readonly layers: Readonly<Partial<Record<Layer, Extent>>>;
  readonly facts: Readonly<Partial<Record<NumberFact, number>>>;
  readonly kinds: Readonly<Partial<Record<KindsFact, Kinds>>>;
  readonly stretches: Readonly<Partial<Record<Stretch, Extent>>>;
  /** null: it is no tunnel's, or the tunnel's header does not say where. */
  readonly carried: Carried | null;
  /** The bytes that a fact was read from, where there are such. */
  readonly origins: Readonly<Partial<Record<NumberFact, Extent>>>;
  readonly flaws: readonly Flaw[];
}

/** A dissection while it is made. */
export interface Walk {
  readonly bytes: Uint8Array;
  readonly layers: Partial<Record<Layer, Extent>>;
  readonly facts: Partial<Record<NumberFact, number>>;
  readonly kinds: Partial<Record<KindsFact, Kinds>>;
  readonly stretches: Partial<Record<Stretch, Extent>>;
  carried: Carried | null;
  readonly origins: Partial<Record<NumberFact, Extent>>;
  readonly flaws: Flaw[];
}

export function note(walk: Walk, fact: NumberFact, value: number, start: number, size: number): void {
  walk.facts[fact] = value;
  walk.origins[fact] = { start, end: start + size };
}

/** The bytes named may be fewer than there should be. */
export function noteFlaw(walk: Walk, reason: string, { start, end }: Extent): void {
  walk.facts.malformed = 1;
  walk.flaws.push({ reason, start, end: Math.min(end, walk.bytes.length) });
}

/** Big-endian, up to 6 bytes; the caller has made sure that they are there. */
export function uint(bytes: Uint8Array, start: number, size: number): number {
  let value = 0;
  for (let at = start; at < start + size; at++) {
    value = value * 256 + (bytes[at] ?? 0);
  }
  return value;
}

/** Bytes from `start` to the end of the stretch; negative when it begins behind it. */
export function room(start: number, { end }: Extent): number {
  return end - start;
}
