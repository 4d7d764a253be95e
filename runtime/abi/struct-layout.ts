/** Where the members of a structure lie and how to read them, from BTF: no structure is written down a second time. */
import type { BtfType } from './btf.ts';
import { damaged } from './elf.ts';

export interface StructLayout {
  readonly name: string;
  readonly size: number;
  has(name: string): boolean;
  member(name: string): MemberLayout;
}

export interface MemberLayout {
  readonly offset: number;
  /** Bytes of one element. */
  readonly size: number;
  /** Elements of an array; a flexible array has 0. null: not an array. */
  readonly length: number | null;
  /** `__be16`, `__be32` and `__be64` are typedefs, and survive into BTF as such. */
  readonly byteOrder: 'host' | 'big';
}

/** Types nested deeper than this are a cycle. */
const MAX_DEPTH = 32;

/** @throws RuntimeError PKT6003 when the object has no such structure, or (from `member`) no such member. */
export function structLayout(types: readonly BtfType[], name: string): StructLayout {
  const type = types.find((candidate) => candidate.kind === 'struct' && candidate.name === name);
  if (type?.kind !== 'struct') throw damaged(`its BTF does not describe \`struct ${name}\``);
  return {
    name,
    size: type.size,
    has: (wanted) => type.members.some((candidate) => candidate.name === wanted),
    member(wanted) {
      const member = type.members.find((candidate) => candidate.name === wanted);
      if (member === undefined) throw damaged(`\`struct ${name}\` has no member \`${wanted}\``);
      if (member.bitField) throw damaged(`\`${name}.${wanted}\` is a bit field`);
      const offset = Math.floor(member.offset_bits / 8);
      const scalar = scalarOf(types, member.type, `${name}.${wanted}`);
      if (offset + scalar.size * (scalar.length ?? 1) > type.size)
        throw damaged(`\`${name}.${wanted}\` ends behind its structure`);
      return { offset, ...scalar };
    },
  };
}

/**
 * Where a plain member of so many bytes lies, in 32-bit words.
 * @throws RuntimeError PKT6003 when there is none, or it is another size
 */
export function wordOf(layout: StructLayout, name: string, size: number): number {
  const member = layout.member(name);
  if (member.size !== size || member.length !== null) throw damaged(`\`${layout.name}.${name}\` is not ${size} bytes`);
  return member.offset / 4;
}

/**
 * The values of an enumeration by name.
 * @throws RuntimeError PKT6003 when the object has no such enumeration.
 */
export function enumValues(types: readonly BtfType[], name: string): ReadonlyMap<string, number> {
  const type = types.find((candidate) => candidate.kind === 'enum' && candidate.name === name);
  if (type?.kind !== 'enum') throw damaged(`its BTF does not describe \`enum ${name}\``);
  return type.values;
}

function scalarOf(types: readonly BtfType[], start: number, path: string): Omit<MemberLayout, 'offset'> {
  let id = start;
  let length: number | null = null;
  let byteOrder: MemberLayout['byteOrder'] = 'host';
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const type = types[id];
    switch (type?.kind) {
      case 'alias':
        if (/^__be(16|32|64)$/.test(type.name)) byteOrder = 'big';
        id = type.type;
        break;
      case 'array':
        length = (length ?? 1) * type.length;
        id = type.element;
        break;
      case 'int':
      case 'enum':
      case 'struct':
        return { size: type.size, length, byteOrder };
      case 'pointer':
        return { size: 8, length, byteOrder };
      default:
        throw damaged(`the type of \`${path}\` is missing in its BTF`);
    }
  }
  throw damaged(`the type of \`${path}\` runs in a circle`);
}
