/** Buckets by the first bits of both addresses: the same in templates/include/pktc/tree.h (`pktc_tree_bucket`). */

/** First bits of the source and of the destination that the boxes of a partition all settle; 0: that address does not count. */
export interface Fixed {
  readonly src: number;
  readonly dst: number;
}

/** 0x9e3779b97f4a7c15 and 0xc2b2ae3d27d4eb4f, in halves; the lower ones in halves again, so that products with 32 bits are exact. */
const SRC_HIGH = 0x9e37_79b9;
const SRC_LOW = 0x7f4a_7c15;
const SRC_LOW_UPPER = 0x7f4a;
const SRC_LOW_LOWER = 0x7c15;
const DST_HIGH = 0xc2b2_ae3d;
const DST_LOW = 0x27d4_eb4f;
const DST_LOW_UPPER = 0x27d4;
const DST_LOW_LOWER = 0xeb4f;

/** Which of `buckets` a hash is in: `hash * buckets / 2^32`, rounded down. The product may have more than 53 bits. */
export function bucketOf(hash: number, buckets: number): number {
  const upper = (hash >>> 16) * buckets + Math.floor(((hash & 0xffff) * buckets) / 0x1_0000);
  return Math.floor(upper / 0x1_0000);
}

/**
 * 32 bits of which the upper ones say the bucket: the upper half of the sum of both addresses, each shifted so that only its first bits
 * are left, times an odd constant, modulo 2^64. Two words of each address.
 */
export function hashAddresses(srcHigh: number, src: number, dstHigh: number, dst: number): number {
  const srcProduct = src * SRC_LOW_UPPER + Math.floor((src * SRC_LOW_LOWER) / 0x1_0000);
  const dstProduct = dst * DST_LOW_UPPER + Math.floor((dst * DST_LOW_LOWER) / 0x1_0000);
  const lower = (Math.imul(src, SRC_LOW) >>> 0) + (Math.imul(dst, DST_LOW) >>> 0);
  const upper =
    Math.floor(srcProduct / 0x1_0000) +
    Math.imul(src, SRC_HIGH) +
    Math.imul(srcHigh, SRC_LOW) +
    Math.floor(dstProduct / 0x1_0000) +
    Math.imul(dst, DST_HIGH) +
    Math.imul(dstHigh, DST_LOW);
  return (upper + (lower >= 2 ** 32 ? 1 : 0)) >>> 0;
}

export interface Words {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  /** 32 or 64. */
  readonly bits: number;
}

/** The hash of a box's first bits, which it leaves no choice in. */
export function hashBox(src: Words, dst: Words, { src: srcBits, dst: dstBits }: Fixed, box: number): number {
  const s = src.bits - srcBits;
  const d = dst.bits - dstBits;
  const srcHigh = src.high[box] ?? 0;
  const srcLow = src.low[box] ?? 0;
  const dstHigh = dst.high[box] ?? 0;
  const dstLow = dst.low[box] ?? 0;
  return hashAddresses(
    shiftHigh(srcHigh, s),
    shiftLow(srcHigh, srcLow, s),
    shiftHigh(dstHigh, d),
    shiftLow(dstHigh, dstLow, d),
  );
}

function shiftHigh(high: number, shift: number): number {
  return shift >= 32 ? 0 : high >>> shift;
}

function shiftLow(high: number, low: number, shift: number): number {
  if (shift === 0) return low;
  if (shift < 32) return ((high << (32 - shift)) | (low >>> shift)) >>> 0;
  return shift >= 64 ? 0 : high >>> (shift - 32);
}
