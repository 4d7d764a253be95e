/**
 * What a driver can do with XDP, from the kernel itself and without trying: the generic netlink family `netdev`
 * (Documentation/netlink/specs/netdev.yaml, Linux 6.3).
 */
import {
  AF_NETLINK,
  LITTLE_ENDIAN,
  type Libc,
  NETLINK_GENERIC,
  SO_RCVTIMEO,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
} from './ffi/libc.ts';

/** include/uapi/linux/netlink.h, genetlink.h, netdev.h */
const NLM_F_REQUEST = 1;
const NLMSG_ERROR = 2;
const NLMSG_HEADER_BYTES = 16;
const GENL_HEADER_BYTES = 4;
const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const NETDEV_CMD_DEV_GET = 1;
const NETDEV_A_DEV_IFINDEX = 1;
const NETDEV_A_DEV_XDP_FEATURES = 3;
const NETDEV_XDP_ACT_BASIC = 1n;

const REPLY_BYTES = 8192;
const PATIENCE_US = 200_000n;

/** Whether the driver of each interface runs XDP natively; an interface that is not in the result: the kernel does not say. */
export function nativeXdp(libc: Libc, ifindexes: readonly number[]): ReadonlyMap<number, boolean> {
  const answers = new Map<number, boolean>();
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  if (fd < 0) return answers;
  try {
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(new BigInt64Array([0n, PATIENCE_US]).buffer), 16);
    const name = new TextEncoder().encode('netdev\0');
    const family = ask(libc, fd, {
      type: GENL_ID_CTRL,
      command: CTRL_CMD_GETFAMILY,
      attribute: CTRL_ATTR_FAMILY_NAME,
      value: name,
    });
    const id = family?.get(CTRL_ATTR_FAMILY_ID);
    if (id === undefined) return answers;
    for (const ifindex of ifindexes) {
      const value = new Uint8Array(new Uint32Array([ifindex]).buffer);
      const type = id.getUint16(0, LITTLE_ENDIAN);
      const device = ask(libc, fd, { type, command: NETDEV_CMD_DEV_GET, attribute: NETDEV_A_DEV_IFINDEX, value });
      const features = device?.get(NETDEV_A_DEV_XDP_FEATURES)?.getBigUint64(0, LITTLE_ENDIAN);
      if (features !== undefined) answers.set(ifindex, (features & NETDEV_XDP_ACT_BASIC) !== 0n);
    }
    return answers;
  } finally {
    libc.close(fd);
  }
}

interface Question {
  readonly type: number;
  readonly command: number;
  readonly attribute: number;
  readonly value: Uint8Array;
}

/** Attributes of the answer by number; null: refused, or no answer. */
function ask(libc: Libc, fd: number, question: Question): ReadonlyMap<number, DataView> | null {
  const request = encode(question);
  if (libc.send(fd, request, request.length, 0) !== request.length) return null;
  const reply = new Uint8Array(new ArrayBuffer(REPLY_BYTES));
  const length = libc.recv(fd, reply, reply.length, 0);
  return length < NLMSG_HEADER_BYTES + GENL_HEADER_BYTES ? null : attributesOf(new DataView(reply.buffer, 0, length));
}

function encode({ type, command, attribute, value }: Question): Uint8Array {
  const start = NLMSG_HEADER_BYTES + GENL_HEADER_BYTES;
  const length = start + 4 + align(value.length);
  const view = new DataView(new ArrayBuffer(length));
  view.setUint32(0, length, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint16(6, NLM_F_REQUEST, LITTLE_ENDIAN);
  view.setUint8(NLMSG_HEADER_BYTES, command);
  view.setUint8(NLMSG_HEADER_BYTES + 1, 1);
  view.setUint16(start, 4 + value.length, LITTLE_ENDIAN);
  view.setUint16(start + 2, attribute, LITTLE_ENDIAN);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(value, start + 4);
  return bytes;
}

function attributesOf(reply: DataView): ReadonlyMap<number, DataView> | null {
  if (reply.getUint16(4, LITTLE_ENDIAN) === NLMSG_ERROR) return null;
  const end = Math.min(reply.getUint32(0, LITTLE_ENDIAN), reply.byteLength);
  const attributes = new Map<number, DataView>();
  for (let at = NLMSG_HEADER_BYTES + GENL_HEADER_BYTES; at + 4 <= end; ) {
    const length = reply.getUint16(at, LITTLE_ENDIAN);
    if (length < 4 || at + length > end) break;
    attributes.set(reply.getUint16(at + 2, LITTLE_ENDIAN), new DataView(reply.buffer, at + 4, length - 4));
    at += align(length);
  }
  return attributes;
}

/** NLMSG_ALIGN and NLA_ALIGN */
function align(length: number): number {
  return (length + 3) & ~3;
}
