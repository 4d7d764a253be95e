/** Bytes in network order, for the builders of test packets. */

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An unsigned integer of 1 to 6 bytes, big-endian; bits above are cut off. */
export function integer(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let left = value;
  for (let at = size - 1; at >= 0; at--) {
    bytes[at] = left % 256;
    left = Math.floor(left / 256);
  }
  return bytes;
}

/** The bytes with zeros behind them up to a length; longer ones stay as they are. */
export function padded(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.length >= length ? bytes : joined(bytes, new Uint8Array(length - bytes.length));
}

/** A copy with an integer of 1, 2 or 4 bytes written over it. */
export function withInteger(bytes: Uint8Array, at: number, value: number, size: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(integer(value, size), at);
  return copy;
}
