/** Buckets by the first bits of both addresses: the same in templates/include/pktc/tree.h (`pktc_tree_bucket`). */

/** First bits of the source and of the destination that the boxes of a partition all settle; 0: that address does not count. */
export interface Fixed {
  readonly src: number;
  readonly dst: number;
}

/** 32 bits of which the upper ones are the bucket. Two words of each address, shifted so that only its first bits are left. */
export function hashAddresses(srcHigh: number, src: number, dstHigh: number, dst: number): number {
  const sum =
    Math.imul(src, 0x9e37_79b1) +
    Math.imul(srcHigh, 0x85eb_ca6b) +
    Math.imul(dst, 0xc2b2_ae35) +
    Math.imul(dstHigh, 0x27d4_eb2f);
  return Math.imul(sum ^ (sum >>> 15), 0x2c1b_3c6d) >>> 0;
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
