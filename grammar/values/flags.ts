import type { Names } from '../fields/field.ts';

/** `(field & mask) == value` */
export interface FlagTest {
  readonly mask: number;
  readonly value: number;
}

/** The flags of a test as words in table order: `SYN,!ACK`; `none` when nothing is asked for. */
export function printFlags(test: FlagTest, names: Names): string {
  const words = Object.entries(names)
    .filter(([, bit]) => (test.mask & bit) !== 0)
    .sort(([, a], [, b]) => Number((test.value & b) !== 0) - Number((test.value & a) !== 0))
    .map(([name, bit]) => ((test.value & bit) === 0 ? `!${name}` : name));
  return words.length === 0 ? 'none' : words.join(',');
}
