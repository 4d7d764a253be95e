/**
 * Links and routes of this process's network namespace, from the kernel itself (rtnetlink(7)). `/sys` would not do: it shows the
 * namespace that it was mounted in. Nor would `ip`, which is not everywhere.
 */
import { LITTLE_ENDIAN, type Libc, NETLINK_ROUTE } from './ffi/libc.ts';
import { askNetlink, attribute, attributesOf } from './netlink.ts';

export interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  readonly loopback: boolean;
  /** null: it has none of six bytes. */
  readonly mac: Uint8Array | null;
  /** Index of the bridge, bond or the like that takes its packets; null: none. */
  readonly master: number | null;
  /** Index of the interface that this one's packets leave by as they are, or with a VLAN tag; null: none. */
  readonly lower: number | null;
  /** Identifier of the tag that they have there; null: none. */
  readonly vlan: number | null;
}

/** include/uapi/linux/rtnetlink.h, if_link.h, if.h, socket.h */
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const IFINFO_BYTES = 16;
const RTMSG_BYTES = 12;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_VLAN_ID = 1;
const IFF_LOOPBACK = 8;
const RTA_DST = 1;
const RTA_SRC = 2;
const RTA_OIF = 4;
const AF_INET = 2;
const AF_INET6 = 10;

/** Kinds whose packets are on the interface below as they are; a tunnel's are packed up there, and a veth's go to its peer. */
const STACKED: readonly string[] = ['vlan', 'macvlan', 'macvtap', 'ipvlan', 'ipvtap'];

/** All of them; null: the kernel does not say. */
export function readLinks(libc: Libc): readonly Link[] | null {
  const body = new Uint8Array(IFINFO_BYTES);
  const messages = askNetlink(libc, NETLINK_ROUTE, RTM_GETLINK, body, 'dump');
  return messages?.filter(({ type }) => type === RTM_NEWLINK).map(({ data }) => linkOf(data)) ?? null;
}

/**
 * Index of the interface that packets to an address leave by; null: there is no route, or the kernel does not say.
 * @param address 4 or 16 bytes @param source the sender, of the same family; null: whichever the kernel takes
 */
export function routeInterface(libc: Libc, address: Uint8Array, source: Uint8Array | null): number | null {
  const head = new Uint8Array(RTMSG_BYTES);
  head[0] = address.length === 4 ? AF_INET : AF_INET6;
  head[1] = address.length * 8;
  head[2] = (source?.length ?? 0) * 8;
  const attributes = [attribute(RTA_DST, address), ...(source === null ? [] : [attribute(RTA_SRC, source)])];
  const messages = askNetlink(libc, NETLINK_ROUTE, RTM_GETROUTE, Buffer.concat([head, ...attributes]), 'one');
  const route = messages?.find(({ type }) => type === RTM_NEWROUTE)?.data;
  if (route === undefined) return null;
  return attributesOf(from(route, RTMSG_BYTES)).get(RTA_OIF)?.getUint32(0, LITTLE_ENDIAN) ?? null;
}

function linkOf(message: DataView): Link {
  const attributes = attributesOf(from(message, IFINFO_BYTES));
  const index = (name: number) => attributes.get(name)?.getUint32(0, LITTLE_ENDIAN) || null;
  const info = attributesOf(attributes.get(IFLA_LINKINFO) ?? EMPTY);
  const kind = textOf(info.get(IFLA_INFO_KIND) ?? EMPTY);
  const mac = attributes.get(IFLA_ADDRESS);
  const vlan = attributesOf(info.get(IFLA_INFO_DATA) ?? EMPTY).get(IFLA_VLAN_ID);
  return {
    ifindex: message.getInt32(4, LITTLE_ENDIAN),
    ifname: textOf(attributes.get(IFLA_IFNAME) ?? EMPTY),
    loopback: (message.getUint32(8, LITTLE_ENDIAN) & IFF_LOOPBACK) !== 0,
    mac: mac?.byteLength === 6 ? bytesOf(mac).slice() : null,
    master: index(IFLA_MASTER),
    lower: STACKED.includes(kind) ? index(IFLA_LINK) : null,
    vlan: kind === 'vlan' && vlan !== undefined ? vlan.getUint16(0, LITTLE_ENDIAN) : null,
  };
}

const EMPTY: DataView = new DataView(new ArrayBuffer(0));

function from(data: DataView, offset: number): DataView {
  return new DataView(data.buffer, data.byteOffset + offset, data.byteLength - offset);
}

function bytesOf(data: DataView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function textOf(data: DataView): string {
  return Buffer.from(bytesOf(data)).toString('utf8').replace(/\0.*$/s, '');
}
