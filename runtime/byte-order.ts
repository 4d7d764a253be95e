/** Byte order of this machine, and so of everything the kernel and a BPF program write here. */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
