/**
 * Lengths of tables come in classes, eight to a doubling, so that the C of a program stays as it is while a set grows a little.
 * At most an eighth of a table is empty.
 */
const STEPS = 8;

/** The smallest length of a class that has room for so many. */
export function sizeClass(length: number): number {
  if (length <= 2 * STEPS) return 2 * STEPS;
  const step = 2 ** Math.ceil(Math.log2(length / (2 * STEPS)));
  return Math.ceil(length / step) * step;
}
