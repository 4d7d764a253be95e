/** Whether somebody has filters on the `clsact` queueing discipline of an interface, asked through rtnetlink. */
import { LITTLE_ENDIAN, type Libc, NETLINK_ROUTE } from './ffi/libc.ts';
import { askNetlink } from './netlink.ts';

/** include/uapi/linux/rtnetlink.h, pkt_sched.h */
const RTM_NEWTFILTER = 44;
const RTM_GETTFILTER = 46;
const TC_MESSAGE_BYTES = 20;
/** TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), TC_H_MIN_EGRESS */
const PARENTS: readonly number[] = [0xffff_fff2, 0xffff_fff3];

/** True also when the kernel does not say: what others may use is left alone. */
export function hasFilters(libc: Libc, ifindex: number): boolean {
  return PARENTS.some((parent) => {
    const message = new DataView(new ArrayBuffer(TC_MESSAGE_BYTES));
    message.setInt32(4, ifindex, LITTLE_ENDIAN);
    message.setUint32(12, parent, LITTLE_ENDIAN);
    const filters = askNetlink(libc, NETLINK_ROUTE, RTM_GETTFILTER, new Uint8Array(message.buffer), 'dump');
    return filters === null || filters.some(({ type }) => type === RTM_NEWTFILTER);
  });
}
