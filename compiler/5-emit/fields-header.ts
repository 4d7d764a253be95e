/** `templates/include/pktc/fields.h`: every field there is, so that the templates compile without a program of rules. */
import { FIELDS } from '../../grammar/fields/index.ts';
import { allPlaces, slotsFor } from '../4-plan/slots.ts';
import { BLANK } from './c.ts';
import { fieldDeclarations } from './fields.ts';
import { print } from './printer.ts';

/** Without what XDP lacks, for templates that are compiled alone are XDP's. The text of the header; a generated file of the project. */
export function fieldsHeader(): string {
  const fields = FIELDS.filter(({ hooks }) => hooks === undefined || hooks.includes('xdp'));
  const slots = slotsFor(new Set(fields.map((field) => field.name)), allPlaces());
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
    ...fieldDeclarations({ slots, depth: 'transport', inner: true }, 1),
    BLANK,
    { kind: 'end of guard', name: 'PKTC_FIELDS_H' },
  ]);
  return c;
}
