/** Trees as bytes: descriptors of the partitions, then nodes and records of each set. See templates/include/pktc/tree.h. */

import type { GrownSet } from './arrange.ts';
import type { BoxSet, TreeShape } from './box-set.ts';
import type { GrownPartition, Root } from './grow-set.ts';
import { CHECKED, type RecordField, type RecordLayout, recordLayout } from './record-layout.ts';
import { HEADER, LEAF, NODE_WORDS, type TreeStore } from './tree-store.ts';

/** Nodes and records are named by their place in units of so many bytes. */
const UNIT = 16;
const LINE = 64;

export interface Placed {
  readonly bytes: Uint8Array;
  readonly roots: readonly (readonly number[])[];
}

export function bytesOf(grown: readonly (GrownSet | null)[], shape: TreeShape): number {
  const roots = lines(UNIT * grown.reduce((sum, one) => sum + (one?.parts.length ?? 0), 0));
  return grown.reduce((sum, one) => sum + (one === null ? 0 : setBytes(one, shape)), roots);
}

function lines(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}

function setBytes({ set, parts }: GrownSet, shape: TreeShape): number {
  const { bytes } = recordLayout(shape, set.family);
  return parts.reduce((sum, part) => sum + nodeBytes(part) + recordBytes(part, bytes), 0);
}

function nodeBytes({ store }: GrownPartition): number {
  return lines(store.nodeCount * 4 * NODE_WORDS);
}

function recordBytes({ store }: GrownPartition, bytes: number): number {
  return lines(store.recordCount * bytes);
}

/** @param start where the bytes will lie, a multiple of 64 @param entryBits of a rule's entry, beside its number */
export function writeTrees(
  grown: readonly (GrownSet | null)[],
  shape: TreeShape,
  start: number,
  entryBits: Uint32Array,
): Placed {
  const bytes = new Uint8Array(bytesOf(grown, shape));
  let descriptor = 0;
  let offset = lines(UNIT * grown.reduce((sum, one) => sum + (one?.parts.length ?? 0), 0));
  const roots = grown.map((one) => {
    if (one === null) return [];
    const layout = recordLayout(shape, one.set.family);
    return one.parts.map((part) => {
      const nodes = offset;
      const records = nodes + nodeBytes(part);
      offset = records + recordBytes(part, layout.bytes);
      copyNodes(bytes, part, nodes, (start + nodes) / UNIT, (start + records) / UNIT, layout.bytes / UNIT);
      writeRecords(bytes, one.set, part, records, layout, entryBits);
      const at = UNIT * descriptor++;
      writeRoot(bytes, at, part.root, (start + nodes) / UNIT);
      return (start + at) / UNIT;
    });
  });
  return { bytes, roots };
}

function writeRoot(bytes: Uint8Array, offset: number, root: Root, nodes: number): void {
  const words = new Uint32Array(bytes.buffer, offset, UNIT / 4);
  words[0] = nodes;
  words[1] = root.first;
  // A shift by 64 is none to the kernel: by 63, and then by 1.
  bytes[offset + 8] = Math.min(root.srcShift, 63);
  bytes[offset + 9] = root.srcShift - Math.min(root.srcShift, 63);
  bytes[offset + 10] = Math.min(root.dstShift, 63);
  bytes[offset + 11] = root.dstShift - Math.min(root.dstShift, 63);
  words[3] = root.buckets;
}

function copyNodes(
  bytes: Uint8Array,
  { store }: GrownPartition,
  offset: number,
  nodes: number,
  records: number,
  units: number,
): void {
  const words = new Uint32Array(bytes.buffer, offset, store.nodeCount * NODE_WORDS);
  words.set(store.nodes.subarray(0, store.nodeCount * NODE_WORDS));
  for (let node = 0; node < store.nodeCount; node++) {
    const word = NODE_WORDS * node;
    const leaf = ((store.nodeBytes[4 * word + 4] ?? 0) & LEAF) !== 0;
    const next = words[word + 2] ?? 0;
    words[word + 2] = leaf ? records + next * units : nodes + next;
  }
}

/** What was written before has the same bounds; its rules may have other numbers now. */
function writeRecords(
  bytes: Uint8Array,
  set: BoxSet,
  { store }: GrownPartition,
  offset: number,
  layout: RecordLayout,
  entryBits: Uint32Array,
): void {
  const words = new Uint32Array(bytes.buffer);
  const known = store.written.length / layout.bytes;
  bytes.set(store.written, offset);
  for (let record = 0; record < known; record++) {
    const box = store.boxes[record] as number;
    if (box !== HEADER) words[(offset + record * layout.bytes + layout.entry) >>> 2] = entryWord(set, box, entryBits);
  }
  for (let record = known; record < store.recordCount; record++) {
    const at = offset + record * layout.bytes;
    const box = store.boxes[record] as number;
    if (box === HEADER) {
      words[at >>> 2] = store.longLeaves.get(record) ?? 0;
      continue;
    }
    words[(at + layout.entry) >>> 2] = entryWord(set, box, entryBits);
    if (set.family === 4) writeAddresses4(words, at >>> 2, set, box);
    else writeAddresses6(bytes, words, at, set, box);
  }
  for (const field of layout.fields) writeField(bytes, set, store, known, offset, layout.bytes, field);
  store.written = bytes.subarray(offset, offset + store.recordCount * layout.bytes);
}

/** One field of all records from number `known` on. */
function writeField(
  bytes: Uint8Array,
  set: BoxSet,
  { boxes, recordCount }: TreeStore,
  known: number,
  offset: number,
  step: number,
  { scalar, offset: inside, bytes: width }: RecordField,
): void {
  const pairs = set.scalars[scalar];
  const { bitsMask, bitsValue } = set;
  const values = width === 1 ? bytes : new Uint16Array(bytes.buffer);
  let at = (offset + known * step + inside) / width;
  for (let record = known; record < recordCount; record++, at += step / width) {
    const box = boxes[record] as number;
    if (box === HEADER) continue;
    const first = (pairs === undefined ? bitsMask[box] : pairs[2 * box]) as number;
    values[at] = first;
    values[at + 1] = pairs === undefined ? (bitsValue[box] as number) : (pairs[2 * box + 1] as number) - first;
  }
}

function entryWord(set: BoxSet, box: number, entryBits: Uint32Array): number {
  const rule = set.entry[box] as number;
  return rule | (entryBits[rule] ?? 0) | (set.checked[box] === 1 ? CHECKED : 0);
}

function writeAddresses4(words: Uint32Array, at: number, set: BoxSet, box: number): void {
  const src = set.src[2 * box] as number;
  const dst = set.dst[2 * box] as number;
  words[at + 1] = src;
  words[at + 2] = (set.src[2 * box + 1] as number) - src;
  words[at + 3] = dst;
  words[at + 4] = (set.dst[2 * box + 1] as number) - dst;
}

const BIG_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

/** Source, source's lower half, destination, destination's lower half: 64 bits each, then how far each is shifted, in two steps. */
function writeAddresses6(bytes: Uint8Array, words: Uint32Array, at: number, set: BoxSet, box: number): void {
  for (let half = 0; half < 4; half++) {
    const address = half < 2 ? set.src : set.dst;
    const word = (at >>> 2) + 2 * half;
    const high = address[4 * box + 2 * (half & 1)] as number;
    const low = address[4 * box + 2 * (half & 1) + 1] as number;
    words[word] = BIG_ENDIAN ? high : low;
    words[word + 1] = BIG_ENDIAN ? low : high;
    const length = (half < 2 ? set.srcLength : set.dstLength)[box] as number;
    const shift = 64 - Math.min(64, Math.max(0, length - 64 * (half & 1)));
    bytes[at + 32 + 2 * half] = Math.min(shift, 63);
    bytes[at + 33 + 2 * half] = shift - Math.min(shift, 63);
  }
}
