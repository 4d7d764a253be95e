/** The value of one field, and the bytes that it comes from. */
import type { Field, HeaderRead, HookName } from '../../grammar/fields/field.ts';
import { type Dissection, type Extent, type KindsFact, type NumberFact, uint } from './dissection.ts';
import type { Direction, PacketAbout } from './packet-about.ts';

/**
 * An IPv4 address and every integer is a number, an IPv6 address a bigint, option kinds are a set, an interface is its name, and a
 * payload its bytes.
 */
export type FieldValue = number | bigint | string | ReadonlySet<number> | Uint8Array;

/** What a field is read from besides the bytes. */
export interface Surroundings {
  readonly hook: HookName;
  readonly direction: Direction;
  readonly iface: string | null;
  readonly mark: number;
}

/** As a captured frame comes to a hook: its interface is not known, and nobody has marked it. */
export function surroundingsAt(hook: HookName, about: PacketAbout = {}): Surroundings {
  const { direction = hook.endsWith('egress') ? 'egress' : 'ingress', iface = null, mark = 0 } = about;
  return { hook, direction, iface, mark };
}

/** The field's value, null when it is absent (and for `addr` and `port`, which stand for two fields). */
export function readField(dissection: Dissection, { read }: Field, surroundings: Surroundings): FieldValue | null {
  switch (read.kind) {
    case 'header': {
      const place = findHeader(dissection, read.from);
      return place === null ? null : readInteger(dissection.bytes, place.start, place.read);
    }
    case 'fact':
      return isKinds(read.fact) ? (dissection.kinds[read.fact]?.kinds ?? null) : (dissection.facts[read.fact] ?? null);
    case 'context':
      return readContext(read.what, surroundings);
    case 'raw': {
      const place = findRaw(dissection, read);
      return place === null ? null : uint(dissection.bytes, place.start, read.size);
    }
    case 'payload': {
      const { payload } = dissection.stretches;
      return payload === undefined ? null : dissection.bytes.subarray(payload.start, payload.end);
    }
    case 'either':
      return null;
  }
}

/** The bytes that a field that is present was read from; null: from none. */
export function findField(dissection: Dissection, { read }: Field): Extent | null {
  switch (read.kind) {
    case 'header': {
      const place = findHeader(dissection, read.from);
      return place === null ? null : { start: place.start, end: place.start + place.read.size };
    }
    case 'fact':
      return isKinds(read.fact) ? (dissection.kinds[read.fact] ?? null) : (dissection.origins[read.fact] ?? null);
    case 'raw':
      return findRaw(dissection, read);
    case 'payload':
      return dissection.stretches.payload ?? null;
    default:
      return null;
  }
}

interface Place {
  readonly start: number;
  readonly read: HeaderRead;
}

/** The first entry whose layer the packet has decides, also when its bytes are cut off. */
function findHeader({ layers }: Dissection, from: readonly HeaderRead[]): Place | null {
  for (const read of from) {
    const layer = layers[read.layer];
    if (layer !== undefined) {
      const start = layer.start + read.offset;
      return start + read.size <= layer.end ? { start, read } : null;
    }
  }
  return null;
}

function findRaw({ stretches }: Dissection, read: Extract<Field['read'], { kind: 'raw' }>): Extent | null {
  const { base, offset, size } = read;
  const stretch = stretches[base === 'tail' ? 'payload' : base];
  if (stretch === undefined) {
    return null;
  }
  const start = base === 'tail' ? stretch.end - offset : stretch.start + offset;
  return start >= stretch.start && start + size <= stretch.end ? { start, end: start + size } : null;
}

function readInteger(bytes: Uint8Array, start: number, { size, mask, shift = 0, times = 1 }: HeaderRead): number | bigint {
  if (size === 16) {
    let wide = 0n;
    for (let at = start; at < start + 16; at += 4) {
      wide = (wide << 32n) | BigInt(uint(bytes, at, 4));
    }
    return wide;
  }
  const value = uint(bytes, start, size);
  return (mask === undefined ? value : (value & mask) >>> shift) * times;
}

function readContext(what: 'direction' | 'mark' | 'iface', { direction, iface, mark }: Surroundings): FieldValue | null {
  switch (what) {
    case 'direction':
      return direction === 'egress' ? 1 : 0;
    case 'mark':
      return mark;
    case 'iface':
      return iface;
  }
}

function isKinds(fact: NumberFact | KindsFact): fact is KindsFact {
  return fact === 'ip_options' || fact === 'ip6_ext' || fact === 'tcp_options';
}
