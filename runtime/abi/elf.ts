/** As much of an ELF file as a BPF object has: sections and symbols (elf.h). */
import { RuntimeError } from '../runtime-error.ts';

export interface ElfFile {
  readonly littleEndian: boolean;
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
}

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly data: Uint8Array;
}

export interface ElfSymbol {
  readonly name: string;
  /** Name of the section it lies in; null: none. */
  readonly section: string | null;
  /** Bytes from the start of that section. */
  readonly offset: number;
  readonly size: number;
}

const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ELFDATA2MSB = 2;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const EM_BPF = 247;

/** @throws RuntimeError PKT6003 when this is not a whole 64-bit BPF object. */
export function readElf(bytes: Uint8Array): ElfFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0, false) !== 0x7f454c46) throw damaged('it is not an ELF file');
  const data = bytes[5];
  if (bytes[4] !== ELFCLASS64 || (data !== ELFDATA2LSB && data !== ELFDATA2MSB)) throw damaged('it is not a 64-bit ELF file');
  const littleEndian = data === ELFDATA2LSB;
  if (view.getUint16(18, littleEndian) !== EM_BPF) throw damaged('it was not made for BPF');
  const headers = sectionHeaders(view, littleEndian);
  const names = headers[view.getUint16(62, littleEndian)];
  if (names === undefined) throw damaged('its section names are missing');
  const sections = headers.map((header) => ({
    name: textAt(slice(bytes, names), header.name),
    type: header.type,
    data: header.type === SHT_NOBITS ? new Uint8Array() : slice(bytes, header),
  }));
  const symbols = headers
    .filter((header) => header.type === SHT_SYMTAB)
    .flatMap((header) => {
      const strings = sections[header.link];
      if (strings === undefined) throw damaged('its symbol names are missing');
      return readSymbols(slice(bytes, header), strings.data, sections, littleEndian);
    });
  return { littleEndian, sections, symbols };
}

interface SectionHeader {
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function sectionHeaders(view: DataView, littleEndian: boolean): SectionHeader[] {
  const table = safeNumber(view.getBigUint64(40, littleEndian));
  const size = view.getUint16(58, littleEndian);
  const count = view.getUint16(60, littleEndian);
  if (size !== SECTION_HEADER_BYTES || table + count * size > view.byteLength) throw damaged('its section table is cut short');
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * size;
    return {
      name: view.getUint32(at, littleEndian),
      type: view.getUint32(at + 4, littleEndian),
      offset: safeNumber(view.getBigUint64(at + 24, littleEndian)),
      size: safeNumber(view.getBigUint64(at + 32, littleEndian)),
      link: view.getUint32(at + 40, littleEndian),
    };
  });
}

function slice(bytes: Uint8Array, header: SectionHeader): Uint8Array {
  if (header.offset + header.size > bytes.length) throw damaged('a section lies outside the file');
  return bytes.subarray(header.offset, header.offset + header.size);
}

function readSymbols(
  table: Uint8Array,
  strings: Uint8Array,
  sections: readonly ElfSection[],
  littleEndian: boolean,
): readonly ElfSymbol[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.length / SYMBOL_BYTES) }, (_, index) => {
    const at = index * SYMBOL_BYTES;
    return {
      name: textAt(strings, view.getUint32(at, littleEndian)),
      section: sections[view.getUint16(at + 6, littleEndian)]?.name ?? null,
      offset: safeNumber(view.getBigUint64(at + 8, littleEndian)),
      size: safeNumber(view.getBigUint64(at + 16, littleEndian)),
    };
  });
}

/** The zero-terminated string at an offset of a string table. */
export function textAt(strings: Uint8Array, offset: number): string {
  const end = strings.indexOf(0, offset);
  if (offset >= strings.length || end < 0) throw damaged('a name lies outside its string table');
  return new TextDecoder('latin1').decode(strings.subarray(offset, end));
}

function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('it contains an impossible offset');
  return Number(value);
}

export function damaged(what: string): RuntimeError {
  return new RuntimeError('PKT6003', `the object file is damaged: ${what}`, { help: 'compile the rule file again' });
}
