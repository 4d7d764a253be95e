/** `templates/include/pktc/fields.h`: every field there is, so that the templates compile without a program of rules. */
import { FIELDS } from '../../grammar/fields/index.ts';
import { slotsFor } from '../4-plan/slots.ts';
import { BLANK } from './c.ts';
import { fieldDeclarations } from './fields.ts';
import { print } from './printer.ts';

/** The text of the header; a generated file of the project. */
export function fieldsHeader(): string {
  const slots = slotsFor(new Set(FIELDS.map((field) => field.name)), true);
  const { c } = print([
    { kind: 'comment', lines: ['SPDX-License-Identifier: GPL-2.0-only OR MIT'] },
    {
      kind: 'comment',
      lines: [
        'Generated from the field table (`npm run generate`): do not edit.',
        '',
        'Every field, for templates that are compiled alone. A compiled rule file has its',
        'own, with what its rules read, and defines PKTC_FIELDS_H.',
      ],
    },
    { kind: 'guard', name: 'PKTC_FIELDS_H' },
    BLANK,
    { kind: 'include', path: 'pktc/compare.h' },
    { kind: 'include', path: 'pktc/packet.h' },
    BLANK,
    ...fieldDeclarations(slots, 'transport'),
    BLANK,
    { kind: 'end of guard', name: 'PKTC_FIELDS_H' },
  ]);
  return c;
}
