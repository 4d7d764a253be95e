/** Reads trees the way templates/include/pktc/tree.h does, written apart from what writes them. */
import type { TreeShape } from '../../compiler/4-plan/tree/box-set.ts';

/** 16 words of 64 bits, as in `struct pktc_key`. */
export type Key = readonly bigint[];

const DEPTH = 32;
const UNIT = 16;
const WORD = 0xffff_ffffn;

export interface Walked {
  /** Entries whose boxes match, ascending; with a check beside them or not. */
  readonly matches: readonly { readonly entry: number; readonly checked: boolean }[];
  /** Nodes and records read. */
  readonly nodes: number;
  readonly records: number;
}

/** The number of an entry that says nothing beside it. */
const NUMBER = 0x7fff_ffff;

/**
 * `start`: where the bytes lie in the data; every number in them counts from the data's beginning. `number`: the bits of an entry that
 * are its rule's number; `met` is told of all of its bits.
 */
export function walkTrees(
  bytes: Uint8Array,
  start: number,
  shape: TreeShape,
  family: 4 | 6,
  roots: readonly number[],
  key: Key,
  number = NUMBER,
  met: (entry: number) => void = () => {},
): Walked {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = (unit: number): number => {
    const offset = unit * UNIT - start;
    if (offset < 0 || offset + UNIT > bytes.length) throw new Error(`unit ${unit} is not in the trees`);
    return offset;
  };
  const matches: { entry: number; checked: boolean }[] = [];
  let nodes = 0;
  let records = 0;
  for (const descriptor of roots) {
    const root = at(descriptor);
    const src = ((key[0] ?? 0n) >> BigInt(view.getUint8(root + 8))) >> BigInt(view.getUint8(root + 9));
    const dst = ((key[2] ?? 0n) >> BigInt(view.getUint8(root + 10))) >> BigInt(view.getUint8(root + 11));
    const hash = ((src * 0x9e3779b97f4a7c15n + dst * 0xc2b2ae3d27d4eb4fn) >> 32n) & WORD;
    let unit = view.getUint32(root, true) + Number((hash * BigInt(view.getUint32(root + 12, true))) >> 32n);
    for (let depth = 0; ; depth++) {
      if (depth === DEPTH) throw new Error('deeper than the kernel walks');
      nodes++;
      const node = at(unit);
      const dimension = view.getUint8(node + 4);
      const value = Number(
        (((key[dimension & 15] ?? 0n) >> BigInt(view.getUint8(node + 5))) - BigInt(view.getUint32(node, true))) & WORD,
      );
      const up = view.getUint8(node + 6);
      const down = view.getUint8(node + 7);
      const next = view.getUint32(node + 8, true);
      if ((dimension & 0x80) === 0) {
        unit = next + ((value << up) >>> down);
        continue;
      }
      if (value >>> down !== 0) break;
      const width = recordBytes(shape, family);
      const long = up === 0xff;
      const count = long ? view.getUint32(at(next), true) : up;
      if (!long && count > 20) throw new Error('a short leaf is longer than the loop that walks it');
      let before = -1;
      for (let record = 0; record < count; record++) {
        const offset = at(next) + (record + (long ? 1 : 0)) * width;
        const entry = view.getUint32(offset + (family === 4 ? 0 : 40), true);
        if ((entry & number) < before) throw new Error('entries of a leaf descend');
        if (record === 0 && (entry & number) !== view.getUint32(node + 12, true)) throw new Error('not the lowest entry');
        before = entry & number;
        records++;
        if (!holds(view, offset, shape, family, key)) continue;
        met(entry);
        matches.push({ entry: before, checked: entry >= 0x8000_0000 });
      }
      break;
    }
  }
  matches.sort((a, b) => a.entry - b.entry);
  return { matches, nodes, records };
}

function recordBytes(shape: TreeShape, family: 4 | 6): number {
  const fields = [...shape.scalars, ...(shape.bits === null ? [] : [shape.bits])];
  const used = (family === 4 ? 20 : 44) + fields.reduce((sum, { bytes }) => sum + 2 * bytes, 0);
  let bytes = family === 4 ? 32 : 64;
  while (bytes < used) bytes *= 2;
  return bytes;
}

function holds(view: DataView, offset: number, shape: TreeShape, family: 4 | 6, key: Key): boolean {
  if (family === 4) {
    for (const [side, word] of [0, 2].entries()) {
      const first = view.getUint32(offset + 4 + 8 * side, true);
      const span = view.getUint32(offset + 8 + 8 * side, true);
      const value = Number(key[word] ?? 0n);
      if (value < first || value > first + span) return false;
    }
  } else {
    for (let half = 0; half < 4; half++) {
      const shift = BigInt(view.getUint8(offset + 32 + 2 * half) + view.getUint8(offset + 33 + 2 * half));
      if ((view.getBigUint64(offset + 8 * half, true) ^ (key[half] ?? 0n)) >> shift !== 0n) return false;
    }
  }
  const fields = shape.scalars.map(({ bytes }, index) => ({ bytes, key: 4 + index, flags: false }));
  if (shape.bits !== null) fields.push({ bytes: shape.bits.bytes, key: 4 + shape.scalars.length, flags: true });
  let position = offset + (family === 4 ? 20 : 44);
  for (const bytes of [2, 1]) {
    for (const field of fields.filter((one) => one.bytes === bytes)) {
      const read = (place: number) => (bytes === 2 ? view.getUint16(place, true) : view.getUint8(place));
      const [one, two] = [read(position), read(position + bytes)];
      position += 2 * bytes;
      const value = Number(key[field.key] ?? 0n);
      if (field.flags ? (value & one) !== two : value < one || value > one + two) return false;
    }
  }
  return true;
}
