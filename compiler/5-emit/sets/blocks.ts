/** Blocks of edges and their buckets, as `templates/include/pktc/set.h` reads them. */
import { type Growing, growing } from './growing.ts';

/** `PKTC_SET_WINDOW`: so many edges are compared at once. */
export const WINDOW = 8;

/** Buckets that a block is given at first: one for so many edges. */
const EDGES_A_BUCKET = 4;
/** How often their number is doubled to get all buckets into the window. */
const DOUBLINGS_MAX = 3;

const TOP_BITS_MIN = 4;
const TOP_BITS_MAX = 16;

export interface Blocks {
  readonly blocks: Growing<Uint32Array>;
  readonly buckets: Growing<Uint32Array>;
  readonly edges: Growing<Uint32Array>;
}

export function createBlocks(): Blocks {
  const words = () => growing((length) => new Uint32Array(length));
  return { blocks: words(), buckets: words(), edges: words() };
}

/** Where a set of 32-bit values is: struct pktc_set. */
export interface Tops {
  readonly first: number;
  readonly shift: number;
}

/** Adds a set of 32-bit values. @param edges see `edges32` */
export function addTops(into: Blocks, edges: Uint32Array): Tops {
  const bits = Math.min(TOP_BITS_MAX, Math.max(TOP_BITS_MIN, Math.ceil(Math.log2(edges.length + 1))));
  const shift = 32 - bits;
  const first = into.blocks.length();
  evenPlace(into, 0);
  let from = 0;
  for (let top = 0; top < 2 ** bits; top++) {
    let to = from;
    while (to < edges.length && (edges[to] ?? 0) >>> shift === top) to++;
    into.blocks.push(addBuckets(into, edges, from, to, shift));
    from = to;
  }
  into.buckets.push(into.edges.length());
  return { first, shift };
}

/** Adds a block of its own, of all bits. @param parity 1: what lies below its first edge is in */
export function addBlock(into: Blocks, edges: Uint32Array, from: number, to: number, parity: number): number {
  evenPlace(into, parity);
  const block = addBuckets(into, edges, from, to, 32);
  into.buckets.push(into.edges.length());
  return block;
}

/** What is below an edge at an even place is out. */
function evenPlace({ edges }: Blocks, parity: number): void {
  if (edges.length() % 2 !== parity) edges.push(0);
}

/** The buckets of edges `[from, to)`, which agree in all but `width` bits. @returns an element of `pktc_set_blocks` */
function addBuckets({ buckets, edges: all }: Blocks, edges: Uint32Array, from: number, to: number, width: number): number {
  const bits = bucketBits(edges, from, to, width);
  const shift = width - bits;
  const first = buckets.length();
  const start = all.length();
  all.append(edges.subarray(from, to));
  const below = width === 32 ? 0xffff_ffff : 2 ** width - 1;
  let at = from;
  for (let bucket = 0; bucket < 2 ** bits; bucket++) {
    buckets.push(start + at - from);
    while (at < to && placeOf(((edges[at] ?? 0) & below) >>> 0, shift) === bucket) at++;
  }
  return first * 64 + shift;
}

function placeOf(low: number, shift: number): number {
  return shift === 32 ? 0 : low >>> shift;
}

/** Logarithm of the number of buckets. */
function bucketBits(edges: Uint32Array, from: number, to: number, width: number): number {
  if (to - from <= WINDOW) return 0;
  const least = Math.min(width, Math.ceil(Math.log2((to - from) / EDGES_A_BUCKET)));
  const most = Math.min(width, least + DOUBLINGS_MAX);
  for (let bits = least; bits <= most; bits++) {
    if (fits(edges, from, to, width - bits)) return bits;
  }
  return Math.min(width, least + 1);
}

/** Whether no bucket has more edges than the window. */
function fits(edges: Uint32Array, from: number, to: number, shift: number): boolean {
  for (let at = from + WINDOW; at < to; at++) {
    if (((edges[at] ?? 0) ^ (edges[at - WINDOW] ?? 0)) >>> shift === 0) return false;
  }
  return true;
}
