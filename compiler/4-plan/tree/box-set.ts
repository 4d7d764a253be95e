/**
 * Rules as boxes: what a decision tree is built from. A box is one range in every dimension; a rule is one box or several.
 * An absent field has the value 0 in the key; where a rule tells absent from 0, a bit says whether the field is there. What no box can
 * say is a check of the entry.
 */

/** Most scalar dimensions that a key has, beside the two addresses and the bits. */
export const SCALARS_MAX = 8;

/** Partitions of one set of boxes, and so trees that are walked one after another. */
export const PARTITIONS_MAX = 8;

/** A field of the table, of up to 16 bits, that boxes have a range of. */
export interface Scalar {
  readonly field: string;
  /** C name of the slot in `struct pktc_fields`. */
  readonly slot: string;
  /** Bytes of one bound in a record. */
  readonly bytes: 1 | 2;
  /** Largest value, `2 ** bits - 1`. */
  readonly max: number;
}

/** A bit of the key that is set when the packet has a field. */
export interface Presence {
  readonly field: string;
  /** C name of the slot in `struct pktc_fields`. */
  readonly slot: string;
  /** The bit as a mask; no flag that rules ask for. */
  readonly bit: number;
  /** Of what a value other than 0 says that the field is there: a place in `scalars`, or the flags; null: of nothing in the key. */
  readonly of: number | 'flags' | null;
}

/** One word of yes and no, compared under a mask. */
export interface Bits {
  /** The field of flags; null: no rule asks for flags. */
  readonly flags: { readonly field: string; readonly slot: string } | null;
  readonly presence: readonly Presence[];
  /** Bytes of the mask in a record. */
  readonly bytes: 1 | 2;
  /** All bits that the word may have. */
  readonly max: number;
}

/** What records of a program look like: it follows from what the rules ask about which fields. */
export interface TreeShape {
  /** Dimensions 4, 5, … of the key. */
  readonly scalars: readonly Scalar[];
  /** The dimension behind the scalars; null: no rule asks for flags, or whether a field is there. */
  readonly bits: Bits | null;
}

/**
 * Boxes of one kind of packet. `family` says which records they become; packets without addresses have records of family 4 with
 * addresses that are any.
 */
export interface BoxSet {
  readonly family: 4 | 6;
  /** `first`: the lowest entry that matches is wanted. `each`: every one that matches, in ascending order. */
  readonly mode: 'first' | 'each';
  readonly count: number;
  /** Ascending: the order in which rules are evaluated; several boxes may belong to one entry. */
  readonly entry: Uint32Array;
  /** Family 4: first and last address of box i at 2i and 2i + 1. Family 6: four words, most significant first, at 4i. */
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  /** Family 6: prefix lengths, 0 to 128; family 4: empty. */
  readonly srcLength: Uint8Array;
  readonly dstLength: Uint8Array;
  /** A scalar each: first and last value of box i at 2i and 2i + 1. */
  readonly scalars: readonly Uint16Array[];
  /** `(bits & mask) == value`; empty where the shape has no bits. */
  readonly bitsMask: Uint16Array;
  readonly bitsValue: Uint16Array;
  /** 1: the entry has a check beside its box, so that it may not hold for a packet inside of the box. */
  readonly checked: Uint8Array;
}

/** Boxes `[from, end)` of a set: the same memory. */
export function boxesOf(set: BoxSet, from: number, end: number): BoxSet {
  const words = set.family === 4 ? 2 : 4;
  return {
    family: set.family,
    mode: set.mode,
    count: end - from,
    entry: set.entry.subarray(from, end),
    src: set.src.subarray(words * from, words * end),
    dst: set.dst.subarray(words * from, words * end),
    srcLength: set.srcLength.subarray(from, end),
    dstLength: set.dstLength.subarray(from, end),
    scalars: set.scalars.map((column) => column.subarray(2 * from, 2 * end)),
    bitsMask: set.bitsMask.subarray(from, end),
    bitsValue: set.bitsValue.subarray(from, end),
    checked: set.checked.subarray(from, end),
  };
}
