/** What the rules of a program ask of a packet: fields, and the places that raw reads and searches need. */
import type { RawBase } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Expression, Program } from '../2-resolve/program.ts';
import { conditionsOf } from './conditions.ts';
import type { Place } from './plan.ts';

/** Places from which a raw read of this base counts, and which bound it. */
const RAW_PLACES: Readonly<Record<RawBase, readonly Place[]>> = {
  frame: [],
  network: ['network_off', 'datagram_end'],
  transport: ['transport_off', 'datagram_end'],
  payload: ['payload_off', 'datagram_end'],
  tail: ['datagram_end'],
};

export interface Reads {
  readonly fields: ReadonlySet<string>;
  readonly places: ReadonlySet<Place>;
  /** Whether a rule asks about the packet in a tunnel. */
  readonly inner: boolean;
  /** Whether a rule reads bytes at a place that it names. */
  readonly raw: boolean;
}

/** @param payload whether a rule logs payload */
export function readsOf(program: Program, payload: boolean): Reads {
  const fields = new Set<string>();
  const places = new Set<Place>();
  if (payload) addPayload(fields, places);
  let inner = false;
  let raw = false;
  const visit = (expression: Expression, inside: boolean): void => {
    switch (expression.kind) {
      case 'and':
      case 'or':
        for (const part of expression.of) visit(part, inside);
        return;
      case 'not':
        visit(expression.of, inside);
        return;
      case 'inner':
        inner = true;
        visit(expression.of, true);
        return;
      case 'member':
        for (const field of expression.fields) addField(field, inside, fields, places);
        return;
      default:
        raw ||= fieldNamed(expression.field)?.read.kind === 'raw';
        addField(expression.field, inside, fields, places);
    }
  };
  for (const rule of program.rules) {
    for (const condition of conditionsOf(rule)) visit(condition, false);
    for (const { fields: added } of rule.actions.adds ?? []) for (const field of added) fields.add(field);
  }
  return { fields, places, inner, raw };
}

function addPayload(fields: Set<string>, places: Set<Place>): void {
  fields.add('payload.len');
  places.add('payload_off');
}

function addField(name: string, inside: boolean, fields: Set<string>, places: Set<Place>): void {
  const read = fieldNamed(name)?.read;
  if (read?.kind === 'payload') addPayload(fields, places);
  else if (read?.kind !== 'raw') fields.add(name);
  else {
    for (const place of RAW_PLACES[read.base]) places.add(place);
    if (read.base === 'frame' && inside) places.add('frame_off');
    if (read.base === 'tail') fields.add('payload.len');
  }
}
