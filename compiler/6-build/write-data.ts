/** Writes the values of tables into an object file, over the zeroes that clang put there (elf.h, 64-bit classes). */
import type { ProgramData } from '../5-emit/data.ts';

const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const ELF_MAGIC = 0x7f454c46;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** What is read of an object. A read outside of it throws RangeError, which does not leave this file. */
interface Reader {
  readonly bytes: Uint8Array;
  u16(at: number): number;
  u32(at: number): number;
  u64(at: number): number;
}

/** A copy of `object` with the data in it; null when it is no object that has these variables with these sizes, all zero. */
export function writeData(object: Uint8Array, data: readonly ProgramData[]): Uint8Array | null {
  if (data.length === 0) return object;
  const written = new Uint8Array(object);
  try {
    const places = variablePlaces(readerOf(object));
    for (const { variable, bytes } of data) {
      const place = places.get(variable);
      if (place === undefined || place.size !== bytes.length) return null;
      if (!isZero(written.subarray(place.offset, place.offset + place.size))) return null;
      written.set(bytes, place.offset);
    }
    return written;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const ZEROES_BYTES = 1 << 16;

/** In pieces: tables have up to hundreds of megabytes, and a comparison byte by byte would take a second for one. */
function isZero(bytes: Uint8Array): boolean {
  const zeroes = new Uint8Array(Math.min(ZEROES_BYTES, bytes.length));
  for (let at = 0; at < bytes.length; at += zeroes.length) {
    const piece = bytes.subarray(at, at + zeroes.length);
    if (Buffer.compare(piece, zeroes.subarray(0, piece.length)) !== 0) return false;
  }
  return true;
}

function readerOf(bytes: Uint8Array): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[5] === ELFDATA2LSB;
  if (view.getUint32(0) !== ELF_MAGIC || bytes[4] !== ELFCLASS64) throw new RangeError('not a 64-bit ELF file');
  return {
    bytes,
    u16: (at) => view.getUint16(at, little),
    u32: (at) => view.getUint32(at, little),
    u64: (at) => {
      const value = Number(view.getBigUint64(at, little));
      if (!Number.isSafeInteger(value)) throw new RangeError('an impossible offset');
      return value;
    },
  };
}

/** Where the variables with values lie in the file. */
function variablePlaces(elf: Reader): ReadonlyMap<string, { readonly offset: number; readonly size: number }> {
  const places = new Map<string, { offset: number; size: number }>();
  const sections = sectionsOf(elf);
  const symbols = sections.find((section) => section.type === SHT_SYMTAB);
  const names = symbols && sections[symbols.link];
  if (symbols === undefined || names === undefined) return places;
  for (let at = symbols.offset; at + SYMBOL_BYTES <= symbols.offset + symbols.size; at += SYMBOL_BYTES) {
    const section = sections[elf.u16(at + 6)];
    const [value, size] = [elf.u64(at + 8), elf.u64(at + 16)];
    if (section?.type !== SHT_PROGBITS || size === 0 || value + size > section.size) continue;
    places.set(nameAt(elf, names, elf.u32(at)), { offset: section.offset + value, size });
  }
  return places;
}

function sectionsOf(elf: Reader): readonly Section[] {
  const [table, count] = [elf.u64(40), elf.u16(60)];
  const end = table + count * SECTION_BYTES;
  if (elf.u16(58) !== SECTION_BYTES || end > elf.bytes.length) throw new RangeError('no section table');
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * SECTION_BYTES;
    const section = { type: elf.u32(at + 4), offset: elf.u64(at + 24), size: elf.u64(at + 32), link: elf.u32(at + 40) };
    if (section.type === SHT_PROGBITS && section.offset + section.size > elf.bytes.length) throw new RangeError('cut short');
    return section;
  });
}

function nameAt(elf: Reader, names: Section, offset: number): string {
  const start = names.offset + offset;
  const end = elf.bytes.indexOf(0, start);
  if (offset >= names.size || end < 0) throw new RangeError('a name outside its table');
  return new TextDecoder('latin1').decode(elf.bytes.subarray(start, end));
}
