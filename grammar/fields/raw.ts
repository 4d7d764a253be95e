/** Raw reads: `frame[0:2]`, `transport[13:1]`. Each is a field made from its name, so that every phase treats it as any other. */
import type { Field, RawBase } from './field.ts';
import { FRAME_HOOKS } from './hooks.ts';

/** Longest integer that a raw read makes, in bytes; longer text is compared in pieces. */
export const RAW_BYTES_MAX = 6;

/** `offset + size` at most, in bytes. */
export const RAW_END_MAX = 16_384;

/** The name under which `fieldNamed` finds a raw read. */
export function rawName(base: RawBase, offset: number, size: number): string {
  return base === 'tail' ? `payload[-${offset}:${size}]` : `${base}[${offset}:${size}]`;
}

const NAME = /^(frame|network|transport|payload)\[(-?)(\d{1,5}):(\d)\]$/;

/** The raw read of that name; undefined: it is none. */
export function rawField(name: string): Field | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, word, minus, first, length] = match;
  const offset = Number(first);
  const size = Number(length);
  const tail = minus === '-';
  if (size < 1 || size > RAW_BYTES_MAX || (tail ? word !== 'payload' || size > offset : offset + size > RAW_END_MAX)) {
    return undefined;
  }
  return {
    name,
    group: word === 'payload' ? 'packet' : 'raw',
    type: { kind: 'uint', bits: 8 * size },
    read: { kind: 'raw', base: tail ? 'tail' : (word as RawBase), offset, size },
    summary: `${size} ${size === 1 ? 'byte' : 'bytes'} ${tail ? `that begin ${offset} bytes before the end` : `from byte ${offset} on`} of the ${word}.`,
    units: '',
    source: 'docs/packets.md',
    absent: 'one of the bytes is not there',
    example: `${name} 0`,
    ...(word === 'frame' ? { hooks: FRAME_HOOKS } : {}),
  };
}
