/**
 * What a driver can do with XDP, from the kernel itself and without trying: the generic netlink family `netdev`
 * (Documentation/netlink/specs/netdev.yaml, Linux 6.3).
 */
import { LITTLE_ENDIAN, type Libc, NETLINK_GENERIC } from './ffi/libc.ts';
import { askNetlink, attribute, attributesOf } from './netlink.ts';

/** include/uapi/linux/genetlink.h, netdev.h */
const GENL_HEADER_BYTES = 4;
const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const NETDEV_CMD_DEV_GET = 1;
const NETDEV_A_DEV_IFINDEX = 1;
const NETDEV_A_DEV_XDP_FEATURES = 3;
const NETDEV_XDP_ACT_BASIC = 1n;

/** Whether the driver of each interface runs XDP natively; an interface that is not in the result: the kernel does not say. */
export function nativeXdp(libc: Libc, ifindexes: readonly number[]): ReadonlyMap<number, boolean> {
  const answers = new Map<number, boolean>();
  const name = new TextEncoder().encode('netdev\0');
  const family = ask(libc, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, name));
  const type = family?.get(CTRL_ATTR_FAMILY_ID)?.getUint16(0, LITTLE_ENDIAN);
  if (type === undefined) return answers;
  for (const ifindex of ifindexes) {
    const value = new Uint8Array(new Uint32Array([ifindex]).buffer);
    const device = ask(libc, type, NETDEV_CMD_DEV_GET, attribute(NETDEV_A_DEV_IFINDEX, value));
    const features = device?.get(NETDEV_A_DEV_XDP_FEATURES)?.getBigUint64(0, LITTLE_ENDIAN);
    if (features !== undefined) answers.set(ifindex, (features & NETDEV_XDP_ACT_BASIC) !== 0n);
  }
  return answers;
}

/** Attributes of the answer by number; null: refused, or no answer. */
function ask(libc: Libc, type: number, command: number, about: Uint8Array): ReadonlyMap<number, DataView> | null {
  const head = Uint8Array.of(command, 1, 0, 0);
  const data = askNetlink(libc, NETLINK_GENERIC, type, Buffer.concat([head, about]), 'one')?.[0]?.data;
  if (data === undefined || data.byteLength < GENL_HEADER_BYTES) return null;
  return attributesOf(new DataView(data.buffer, data.byteOffset + GENL_HEADER_BYTES, data.byteLength - GENL_HEADER_BYTES));
}
