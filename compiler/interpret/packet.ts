/** A packet whose fields are read when a rule first asks for them. */

import type { Field } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Expression } from '../2-resolve/program.ts';
import { accepts } from './accepts.ts';
import { dissectCarried, dissectFrame } from './dissect.ts';
import type { Dissection } from './dissection.ts';
import { type FieldValue, readField, type Surroundings } from './read-field.ts';
import { EMPTY_SETS, elementOf, type SetContents } from './set-contents.ts';

export interface Packet {
  readonly dissection: Dissection;
  readonly surroundings: Surroundings;
  readonly fields: FieldCache;
  readonly values: Map<string, FieldValue | null>;
  /** What the sets that rules fill have in them. */
  readonly sets: Pick<SetContents, 'has'>;
  /** The packet in the tunnel; undefined: nobody has asked yet. */
  carried: Packet | null | undefined;
}

/** Fields by name, found once for all packets; undefined: the table has none of that name. */
export type FieldCache = Map<string, Field | undefined>;

export function openPacket(
  frame: Uint8Array,
  surroundings: Surroundings,
  fields: FieldCache,
  sets: Packet['sets'] = EMPTY_SETS,
): Packet {
  return packetOf(dissectFrame(frame, surroundings.hook), surroundings, fields, sets);
}

function packetOf(dissection: Dissection, surroundings: Surroundings, fields: FieldCache, sets: Packet['sets']): Packet {
  return { dissection, surroundings, fields, values: new Map(), sets, carried: undefined };
}

export function carriedBy(packet: Packet): Packet | null {
  if (packet.carried === undefined) {
    const dissection = dissectCarried(packet.dissection);
    packet.carried = dissection === null ? null : packetOf(dissection, packet.surroundings, packet.fields, packet.sets);
  }
  return packet.carried;
}

export function fieldOf(packet: Packet, name: string): Field | undefined {
  if (!packet.fields.has(name)) {
    packet.fields.set(name, fieldNamed(name));
  }
  return packet.fields.get(name);
}

/** null: absent, or no field of the table. */
export function fieldValue(packet: Packet, name: string): FieldValue | null {
  const known = packet.values.get(name);
  if (known !== undefined) {
    return known;
  }
  const field = fieldOf(packet, name);
  const value = field === undefined ? null : readField(packet.dissection, field, packet.surroundings);
  packet.values.set(name, value);
  return value;
}

/** The element that the packet's values of these fields are; null: it lacks one of them. */
export function elementIn(packet: Packet, fields: readonly string[]): string | null {
  return elementOf(fields.map((name) => fieldValue(packet, name)));
}

export function holds(expression: Expression, packet: Packet): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.of.every((part) => holds(part, packet));
    case 'or':
      return expression.of.some((part) => holds(part, packet));
    case 'not':
      return !holds(expression.of, packet);
    case 'inner': {
      const carried = carriedBy(packet);
      return carried !== null && holds(expression.of, carried);
    }
    case 'member': {
      const element = elementIn(packet, expression.fields);
      return element !== null && packet.sets.has(expression.set, element);
    }
    default: {
      const value = fieldValue(packet, expression.field);
      return value !== null && accepts(expression, value);
    }
  }
}
