/** Integers out of a file that may have been written on a machine of either byte order. */
export interface ByteReader {
  readonly bytes: Uint8Array;
  u16(offset: number): number;
  u32(offset: number): number;
  i64(offset: number): bigint;
}

/** Offsets must lie within the bytes. */
export function createByteReader(bytes: Uint8Array, littleEndian: boolean): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    bytes,
    u16: (offset) => view.getUint16(offset, littleEndian),
    u32: (offset) => view.getUint32(offset, littleEndian),
    i64: (offset) => view.getBigInt64(offset, littleEndian),
  };
}
