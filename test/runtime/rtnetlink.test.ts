/** Links and routes: the kernel's own answers, and answers laid out here as rtnetlink(7) has them. */
import { expect, test } from 'vitest';
import { LITTLE_ENDIAN } from '../../runtime/byte-order.ts';
import { type Libc, openLibc } from '../../runtime/ffi/libc.ts';
import { interfaceNames } from '../../runtime/interfaces.ts';
import { readLinks, routeInterface } from '../../runtime/rtnetlink.ts';

const u16 = (value: number): Uint8Array => new Uint8Array(Uint16Array.of(value).buffer);
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const text = (value: string): Uint8Array => Buffer.from(`${value}\0`);

/** struct rtattr: length, type, value, padding to four bytes. */
function attribute(type: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([u16(4 + value.length), u16(type), value, new Uint8Array(-value.length & 3)]);
}

/** struct nlmsghdr: length, type, flags, sequence number, port. */
function message(type: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([u32(16 + body.length), u16(type), u16(2), u32(0), u32(0), body]);
}

/** RTM_NEWLINK with struct ifinfomsg: family and type, index, flags, change. */
function newLink(ifindex: number, flags: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  return message(16, Buffer.concat([u32(0), u32(ifindex), u32(flags), u32(0), ...attributes]));
}

const DONE = message(3, u32(0));

interface Fake {
  readonly libc: Libc;
  readonly sent: Uint8Array[];
  closed(): number;
}

/** One answer for each `recv`; then there is none in time. */
function fakeLibc(answers: readonly Uint8Array[]): Fake {
  const left = [...answers];
  const sent: Uint8Array[] = [];
  let closed = 0;
  const libc: Libc = {
    ...openLibc(),
    socket: () => 3,
    setsockopt: () => 0,
    send: (_, data, length) => {
      sent.push(data.slice());
      return length;
    },
    recv: (_, data) => {
      const answer = left.shift();
      if (answer === undefined) return -1;
      data.set(answer);
      return answer.length;
    },
    close: () => {
      closed++;
      return 0;
    },
  };
  return { libc, sent, closed: () => closed };
}

test('the kernel’s links are those of /proc, one of them loopback', () => {
  const links = readLinks(openLibc()) ?? [];
  expect(links.map(({ ifname }) => ifname).sort()).toEqual(interfaceNames());
  expect(links.find(({ ifname }) => ifname === 'lo')).toMatchObject({ ifindex: 1, loopback: true, master: null, lower: null });
});

test('the way to 127.0.0.1 is loopback, also from there', () => {
  const here = Uint8Array.of(127, 0, 0, 1);
  expect(routeInterface(openLibc(), here, null)).toBe(1);
  expect(routeInterface(openLibc(), here, here)).toBe(1);
});

test('ports of a bridge, VLANs and what they are on, in several answers', () => {
  const vlan = Buffer.concat([attribute(1, text('vlan')), attribute(2, attribute(1, u16(9)))]);
  const veth = attribute(1, text('veth'));
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 5);
  const { libc, closed } = fakeLibc([
    Buffer.concat([
      newLink(1, 0x49, attribute(3, text('lo'))),
      newLink(5, 1, attribute(3, text('eth0')), attribute(1, mac), attribute(10, u32(7))),
    ]),
    Buffer.concat([
      newLink(6, 1, attribute(3, text('eth0.9')), attribute(5, u32(5)), attribute(0x8000 | 18, vlan)),
      newLink(8, 1, attribute(3, text('veth0')), attribute(5, u32(9)), attribute(18, veth)),
    ]),
    DONE,
  ]);
  const plain = { loopback: false, mac: null, master: null, lower: null, vlan: null };
  expect(readLinks(libc)).toEqual([
    { ...plain, ifindex: 1, ifname: 'lo', loopback: true },
    { ...plain, ifindex: 5, ifname: 'eth0', mac, master: 7 },
    { ...plain, ifindex: 6, ifname: 'eth0.9', lower: 5, vlan: 9 },
    { ...plain, ifindex: 8, ifname: 'veth0' },
  ]);
  expect(closed()).toBe(1);
});

test('a refusal, a cut answer and silence are no answer', () => {
  const refused = message(2, Buffer.concat([u32(0xffff_ffff), new Uint8Array(16)]));
  for (const answers of [[refused], [newLink(1, 1).subarray(0, 20)], [newLink(1, 1)], []]) {
    expect(readLinks(fakeLibc(answers).libc)).toBeNull();
  }
  expect(routeInterface(fakeLibc([refused]).libc, Uint8Array.of(1, 2, 3, 4), null)).toBeNull();
});

test('a question for a route names both ends', () => {
  const route = message(24, Buffer.concat([new Uint8Array(12), attribute(4, u32(6))]));
  const { libc, sent } = fakeLibc([route]);
  expect(routeInterface(libc, Uint8Array.of(203, 0, 113, 9), Uint8Array.of(192, 0, 2, 1))).toBe(6);
  const request = Buffer.from(sent[0] ?? new Uint8Array());
  expect(request).toHaveLength(16 + 12 + 8 + 8);
  expect([...request.subarray(16, 19)]).toEqual([2, 32, 32]);
  expect(LITTLE_ENDIAN ? request.readUInt16LE(4) : request.readUInt16BE(4)).toBe(26);
  expect([...request.subarray(32, 36), ...request.subarray(40, 44)]).toEqual([203, 0, 113, 9, 192, 0, 2, 1]);
});
