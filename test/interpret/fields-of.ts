import { dissectCarried, dissectFrame } from '../../compiler/interpret/dissect.ts';
import type { Dissection } from '../../compiler/interpret/dissection.ts';
import { type FieldValue, readField, surroundingsAt } from '../../compiler/interpret/read-field.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';

/** The value of a field of the table, or of a raw read; null: absent. */
export function fieldOf(frame: Uint8Array, name: string, hook: HookName = 'xdp'): FieldValue | null {
  return read(dissectFrame(frame, hook), name, hook);
}

/** Of the packet in the tunnel; undefined: there is none. */
export function innerFieldOf(frame: Uint8Array, name: string, hook: HookName = 'xdp'): FieldValue | null | undefined {
  const carried = dissectCarried(dissectFrame(frame, hook));
  return carried === null ? undefined : read(carried, name, hook);
}

function read(dissection: Dissection, name: string, hook: HookName): FieldValue | null {
  const field = fieldNamed(name);
  if (field === undefined) {
    throw new Error(`no field ${name}`);
  }
  return readField(dissection, field, surroundingsAt(hook));
}
