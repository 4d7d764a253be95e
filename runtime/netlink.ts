/** Questions to the kernel about the network namespace of this process, and what it says (netlink(7)). */
import { AF_NETLINK, LITTLE_ENDIAN, type Libc, SO_RCVTIMEO, SOCK_CLOEXEC, SOCK_RAW, SOL_SOCKET } from './ffi/libc.ts';

/** include/uapi/linux/netlink.h */
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLMSG_HEADER_BYTES = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

const NLA_TYPE_MASK = 0x3fff;

const REPLY_BYTES = 65_536;
const PATIENCE_US = 500_000n;

export interface NetlinkMessage {
  readonly type: number;
  /** Behind the header. */
  readonly data: DataView;
}

/**
 * The whole answer; null: refused, or none in half a second.
 * @param protocol NETLINK_ROUTE and the like
 * @param wanted `dump`: all there is, `one`: a single message
 */
export function askNetlink(
  libc: Libc,
  protocol: number,
  type: number,
  body: Uint8Array,
  wanted: 'dump' | 'one',
): readonly NetlinkMessage[] | null {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return null;
  try {
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(new BigInt64Array([0n, PATIENCE_US]).buffer), 16);
    const request = new Uint8Array(NLMSG_HEADER_BYTES + body.length);
    const view = new DataView(request.buffer);
    view.setUint32(0, request.length, LITTLE_ENDIAN);
    view.setUint16(4, type, LITTLE_ENDIAN);
    view.setUint16(6, wanted === 'dump' ? NLM_F_REQUEST | NLM_F_DUMP : NLM_F_REQUEST, LITTLE_ENDIAN);
    request.set(body, NLMSG_HEADER_BYTES);
    if (libc.send(fd, request, request.length, 0) !== request.length) return null;
    return receive(libc, fd, wanted === 'dump');
  } finally {
    libc.close(fd);
  }
}

/** @param dump several messages, the last one of which says so */
function receive(libc: Libc, fd: number, dump: boolean): readonly NetlinkMessage[] | null {
  const messages: NetlinkMessage[] = [];
  for (;;) {
    const reply = new Uint8Array(new ArrayBuffer(REPLY_BYTES));
    const length = libc.recv(fd, reply, reply.length, 0);
    if (length < NLMSG_HEADER_BYTES) return null;
    const view = new DataView(reply.buffer, 0, length);
    for (let at = 0; at + NLMSG_HEADER_BYTES <= length; ) {
      const size = view.getUint32(at, LITTLE_ENDIAN);
      const type = view.getUint16(at + 4, LITTLE_ENDIAN);
      if (size < NLMSG_HEADER_BYTES || at + size > length || type === NLMSG_ERROR) return null;
      if (type === NLMSG_DONE) return messages;
      messages.push({ type, data: new DataView(reply.buffer, at + NLMSG_HEADER_BYTES, size - NLMSG_HEADER_BYTES) });
      at += aligned(size);
    }
    if (!dump) return messages;
  }
}

/** Attributes by number. */
export function attributesOf(data: DataView): ReadonlyMap<number, DataView> {
  const attributes = new Map<number, DataView>();
  for (let at = 0; at + 4 <= data.byteLength; ) {
    const length = data.getUint16(at, LITTLE_ENDIAN);
    if (length < 4 || at + length > data.byteLength) break;
    const type = data.getUint16(at + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK;
    attributes.set(type, new DataView(data.buffer, data.byteOffset + at + 4, length - 4));
    at += aligned(length);
  }
  return attributes;
}

/** An attribute as a question has it. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + aligned(value.length));
  new DataView(bytes.buffer).setUint16(0, 4 + value.length, LITTLE_ENDIAN);
  new DataView(bytes.buffer).setUint16(2, type, LITTLE_ENDIAN);
  bytes.set(value, 4);
  return bytes;
}

/** NLMSG_ALIGN, RTA_ALIGN */
function aligned(length: number): number {
  return (length + 3) & ~3;
}
