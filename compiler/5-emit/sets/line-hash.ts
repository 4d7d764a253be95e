/** Which lines of `templates/include/pktc/set_lines.h` an address has to do with, and what is left of it there. */

/** PKTC_LINE_FACTOR */
const FACTOR_HIGH = 0x9e3779b9;
const FACTOR_LOW = 0x7f4a7c15;

const WORD = 2 ** 32;
const LAST = WORD - 1;

/** A 64-bit number. */
export interface Wide {
  high: number;
  low: number;
}

/** The first `bits` of 32. */
export function upper(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? LAST : ~(LAST >>> bits) >>> 0;
}

/** By the factor, modulo 2^64. */
function multiply(high: number, low: number, into: Wide): void {
  const product = Math.imul(low, FACTOR_LOW) >>> 0;
  // A double has the upper half of the product nearly, and with the lower one known exactly.
  const carried = Math.round((low * FACTOR_LOW - product) / WORD);
  into.high = (carried + Math.imul(low, FACTOR_HIGH) + Math.imul(high, FACTOR_LOW)) >>> 0;
  into.low = product;
}

/** The first bits, those of a mask, multiplied, with the others behind them as they are. */
export function mix(high: number, low: number, maskHigh: number, maskLow: number, into: Wide): void {
  multiply((high & maskHigh) >>> 0, (low & maskLow) >>> 0, into);
  // The product ends in zeros where the others are.
  into.high = (into.high | (high & ~maskHigh)) >>> 0;
  into.low = (into.low | (low & ~maskLow)) >>> 0;
}

/** Hash of the first `bits` of a 64-bit number, 1 to 63: 32 bits, of which the highest are the best. */
export function unitHash(high: number, low: number, bits: number, into: Wide): number {
  const shift = 64 - bits;
  if (shift >= 32) multiply(0, shift === 32 ? high : high >>> (shift - 32), into);
  else multiply(high >>> shift, ((low >>> shift) | (high << (32 - shift))) >>> 0, into);
  return into.high;
}
