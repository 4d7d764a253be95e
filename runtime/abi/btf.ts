/** BTF: the types of a BPF object, as the compiler wrote them (Documentation/bpf/btf.rst, include/uapi/linux/btf.h). */
import { damaged, type ElfFile, textAt } from './elf.ts';

export type BtfType =
  | { readonly kind: 'int'; readonly name: string; readonly size: number }
  | { readonly kind: 'array'; readonly element: number; readonly length: number }
  | { readonly kind: 'struct'; readonly name: string; readonly size: number; readonly members: readonly BtfMember[] }
  /** typedef, const, volatile, restrict, type tag: another name or shade of `type` */
  | { readonly kind: 'alias'; readonly name: string; readonly type: number }
  | { readonly kind: 'pointer' }
  | { readonly kind: 'enum'; readonly name: string; readonly size: number; readonly values: ReadonlyMap<string, number> }
  | { readonly kind: 'other' };

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** From the start of the structure. */
  readonly offset_bits: number;
  readonly bitField: boolean;
}

const BTF_MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const TYPE_BYTES = 12;
const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** Bytes behind a type's fixed part: `each` for every one of its `vlen` entries, and `once`. */
const TAIL: Readonly<Record<number, { readonly each: number; readonly once: number }>> = {
  [KIND.INT]: { each: 0, once: 4 },
  [KIND.ARRAY]: { each: 0, once: 12 },
  [KIND.STRUCT]: { each: 12, once: 0 },
  [KIND.UNION]: { each: 12, once: 0 },
  [KIND.ENUM]: { each: 8, once: 0 },
  [KIND.FUNC_PROTO]: { each: 8, once: 0 },
  [KIND.VAR]: { each: 0, once: 4 },
  [KIND.DATASEC]: { each: 12, once: 0 },
  [KIND.DECL_TAG]: { each: 0, once: 4 },
  [KIND.ENUM64]: { each: 12, once: 0 },
};

/**
 * All types of an object; a type's number is its index, 0 is void.
 * @throws RuntimeError PKT6003
 */
export function readBtf(elf: ElfFile): readonly BtfType[] {
  const section = elf.sections.find((candidate) => candidate.name === '.BTF');
  if (section === undefined) throw damaged('it has no type information (BTF)');
  const { data } = section;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < HEADER_BYTES || view.getUint16(0, elf.littleEndian) !== BTF_MAGIC) throw damaged('its BTF has no header');
  const word = (at: number) => view.getUint32(at, elf.littleEndian);
  const start = word(4);
  const part = (offset: number, length: number) => {
    if (start + offset + length > data.length) throw damaged('its BTF is cut short');
    return data.subarray(start + offset, start + offset + length);
  };
  return readTypes(part(word(8), word(12)), part(word(16), word(20)), elf.littleEndian);
}

function readTypes(types: Uint8Array, strings: Uint8Array, littleEndian: boolean): readonly BtfType[] {
  const view = new DataView(types.buffer, types.byteOffset, types.byteLength);
  const result: BtfType[] = [{ kind: 'other' }];
  let at = 0;
  while (at < types.length) {
    if (at + TYPE_BYTES > types.length) throw damaged('its BTF ends within a type');
    const info = view.getUint32(at + 4, littleEndian);
    const tail = TAIL[(info >>> 24) & 0x1f] ?? { each: 0, once: 0 };
    const bytes = TYPE_BYTES + tail.once + tail.each * (info & 0xffff);
    if (at + bytes > types.length) throw damaged('its BTF ends within a type');
    result.push(readType(new DataView(types.buffer, types.byteOffset + at, bytes), strings, littleEndian));
    at += bytes;
  }
  return result;
}

function readType(view: DataView, strings: Uint8Array, littleEndian: boolean): BtfType {
  const word = (at: number) => view.getUint32(at, littleEndian);
  const name = textAt(strings, word(0));
  const info = word(4);
  const sizeOrType = word(8);
  switch ((info >>> 24) & 0x1f) {
    case KIND.INT:
      return { kind: 'int', name, size: sizeOrType };
    case KIND.ENUM:
    case KIND.ENUM64: {
      // An enumerator is a name and 32 bits, or 64 in two halves; nothing of ours needs the upper one.
      const bytes = ((info >>> 24) & 0x1f) === KIND.ENUM ? 8 : 12;
      const values = Array.from({ length: info & 0xffff }, (_, index): [string, number] => [
        textAt(strings, word(TYPE_BYTES + index * bytes)),
        word(TYPE_BYTES + index * bytes + 4),
      ]);
      return { kind: 'enum', name, size: sizeOrType, values: new Map(values) };
    }
    case KIND.ARRAY:
      return { kind: 'array', element: word(12), length: word(20) };
    case KIND.STRUCT: {
      // With kind_flag the upper 8 bits of an offset are the size of a bit field.
      const kindFlag = info >>> 31 === 1;
      const members = Array.from({ length: info & 0xffff }, (_, index) => {
        const at = TYPE_BYTES + index * 12;
        const offset = word(at + 8);
        return {
          name: textAt(strings, word(at)),
          type: word(at + 4),
          offset_bits: kindFlag ? offset & 0xffffff : offset,
          bitField: kindFlag && offset >>> 24 !== 0,
        };
      });
      return { kind: 'struct', name, size: sizeOrType, members };
    }
    case KIND.TYPEDEF:
    case KIND.VOLATILE:
    case KIND.CONST:
    case KIND.RESTRICT:
    case KIND.TYPE_TAG:
      return { kind: 'alias', name, type: sizeOrType };
    case KIND.PTR:
      return { kind: 'pointer' };
    default:
      return { kind: 'other' };
  }
}
