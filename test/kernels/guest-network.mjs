/** What the parts of a guest share: its artifacts, its interfaces, and frames for them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { openLibc } from '../../runtime/ffi/libc.ts';

// IPv4 and UDP, 18 bytes of padding behind; to everybody.
const ADDRESSES = [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9];
const IP = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
const REST = [0x08, 0x00, ...IP, 0, 9, 0, 53, 0, 8, 0, 0, ...new Array(18).fill(0)];
export const TAGGED = [...ADDRESSES, 0x81, 0, 0, 100, ...REST];
export const PLAIN = [...ADDRESSES, ...REST];

export function artifactAt(place) {
  const manifest = JSON.parse(readFileSync(`${place}.manifest.json`, 'utf8'));
  return {
    object: readFileSync(`${place}.bpf.o`),
    manifest,
    data: manifest.data === null ? null : readFileSync(`${place}.data`),
  };
}

export function ip(...argv) {
  return execFileSync('ip', argv, { encoding: 'utf8' });
}

export function send(ifname, bytes) {
  const libc = openLibc();
  const fd = libc.socket(17, 3, 0);
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, 17, true);
  address.setInt32(4, libc.if_nametoindex(ifname), true);
  libc.bind(fd, new Uint8Array(address.buffer), 20);
  libc.send(fd, Uint8Array.from(bytes), bytes.length, 0);
  libc.close(fd);
}
