/** Whatever the bytes. */
import { expect, test } from 'vitest';
import { dissectCarried, dissectFrame } from '../../compiler/interpret/dissect.ts';
import { type FieldValue, readField, surroundingsAt } from '../../compiler/interpret/read-field.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { createRandom } from '../packets/random.ts';

test('no bytes make it throw, and no value is out of its field', () => {
  const random = createRandom(2);
  for (let at = 0; at < 20_000; at++) {
    const frame = at % 100 === 0 ? random.bytes(random.int(0, 65_536)) : generatePacket(random);
    for (const hook of ['xdp', 'cgroup egress'] as const) {
      const outer = dissectFrame(frame, hook);
      for (const dissection of [outer, dissectCarried(outer)]) {
        for (const field of dissection === null ? [] : FIELDS) {
          const value = dissection && readField(dissection, field, surroundingsAt(hook));
          if (value !== null && !fits(value, field)) expect.fail(`${field.name} = ${value}`);
        }
      }
    }
  }
});

function fits(value: FieldValue, { type }: Field): boolean {
  switch (type.kind) {
    case 'kinds':
      return value instanceof Set && value.size > 0 && [...value].every((kind) => kind >= 0 && kind <= 255);
    case 'bytes':
      return value instanceof Uint8Array;
    case 'uint':
    case 'flags':
      return typeof value === 'number' && value >= 0 && value < 2 ** type.bits;
    case 'address':
      return typeof value === 'number' ? value >= 0 && value < 2 ** 32 : typeof value === 'bigint' && value >> 128n === 0n;
    case 'mac':
      return typeof value === 'number' && value >= 0 && value < 2 ** 48;
    case 'truth':
      return value === 0 || value === 1;
    case 'interface':
      return typeof value === 'string';
  }
}
