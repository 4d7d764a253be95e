/** Whether somebody has filters on the `clsact` queueing discipline of an interface, asked through rtnetlink. */
import {
  AF_NETLINK,
  LITTLE_ENDIAN,
  type Libc,
  NETLINK_ROUTE,
  SO_RCVTIMEO,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
} from './ffi/libc.ts';

/** include/uapi/linux/netlink.h, rtnetlink.h, pkt_sched.h */
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLMSG_HEADER_BYTES = 16;
const RTM_NEWTFILTER = 44;
const RTM_GETTFILTER = 46;
const TC_MESSAGE_BYTES = 20;
/** TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), TC_H_MIN_EGRESS */
const PARENTS: readonly number[] = [0xffff_fff2, 0xffff_fff3];

const REPLY_BYTES = 32_768;
const PATIENCE_US = 200_000n;

/** True also when the kernel does not say: what others may use is left alone. */
export function hasFilters(libc: Libc, ifindex: number): boolean {
  return PARENTS.some((parent) => {
    const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return true;
    try {
      libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(new BigInt64Array([0n, PATIENCE_US]).buffer), 16);
      return firstAnswer(libc, fd, ifindex, parent) !== 'none';
    } finally {
      libc.close(fd);
    }
  });
}

/** The first message tells: a filter, or at once the end of the list. */
function firstAnswer(libc: Libc, fd: number, ifindex: number, parent: number): 'filter' | 'none' | 'unknown' {
  const request = new DataView(new ArrayBuffer(NLMSG_HEADER_BYTES + TC_MESSAGE_BYTES));
  request.setUint32(0, request.byteLength, LITTLE_ENDIAN);
  request.setUint16(4, RTM_GETTFILTER, LITTLE_ENDIAN);
  request.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, LITTLE_ENDIAN);
  request.setInt32(NLMSG_HEADER_BYTES + 4, ifindex, LITTLE_ENDIAN);
  request.setUint32(NLMSG_HEADER_BYTES + 12, parent, LITTLE_ENDIAN);
  if (libc.send(fd, new Uint8Array(request.buffer), request.byteLength, 0) !== request.byteLength) return 'unknown';
  const reply = new Uint8Array(new ArrayBuffer(REPLY_BYTES));
  const length = libc.recv(fd, reply, reply.length, 0);
  if (length < NLMSG_HEADER_BYTES) return 'unknown';
  const type = new DataView(reply.buffer).getUint16(4, LITTLE_ENDIAN);
  if (type === RTM_NEWTFILTER) return 'filter';
  return type === NLMSG_DONE ? 'none' : 'unknown';
}

const NLMSG_DONE = 3;
