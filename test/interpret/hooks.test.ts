/** "What a hook sees" of `docs/packets.md`. */
import { describe, expect, test } from 'vitest';
import { address, arp, ethernet, filler, frameOf, ipv4, ipv6, tcp, udp } from '../packets/build-packet.ts';
import { mpls, vxlan } from '../packets/build-tunnel.ts';
import { fieldOf, innerFieldOf } from './fields-of.ts';

const segment = tcp({ dport: 22 }, filler(5));
const LINK = ['smac', 'dmac', 'vlan', 'vlan.pcp', 'vlan.depth', 'mpls.label', 'len', 'frame[0:1]', 'frame[20:2]'];

describe.each(['cgroup', 'cgroup ingress', 'cgroup egress'] as const)('%s', (hook) => {
  test.each([
    ['ipv4', ipv4({ proto: 6 }, segment), 0x0800, 0x45],
    ['ipv6', ipv6({ next: 6 }, segment), 0x86dd, 0x60],
  ] as const)('%s begins with its header, tagged or not', (_, datagram, type, first) => {
    for (const link of [{}, { tags: [{ id: 5 }] }, { tags: [{ tpid: 0x88a8, id: 5 }, { id: 6 }] }]) {
      const frame = frameOf(datagram, link);
      for (const field of LINK) expect(fieldOf(frame, field, hook), field).toBeNull();
      expect(fieldOf(frame, 'ethertype', hook)).toBe(type);
      expect(fieldOf(frame, 'network[0:1]', hook)).toBe(first);
      expect(fieldOf(frame, 'dport', hook)).toBe(22);
      expect(fieldOf(frame, 'payload', hook)).toEqual(filler(5));
      expect(fieldOf(frame, 'malformed', hook)).toBe(0);
    }
  });

  test('what is not ip, or cut before it, is not there at all', () => {
    const frames = [
      ethernet({ type: 0x0806 }, arp(1, address('10.0.0.1'), address('10.0.0.2'))),
      ethernet({ type: 0x8847 }, mpls(4), ipv4({ proto: 6 }, segment)),
      frameOf(ipv4({ proto: 6 }, segment), { tags: [{ id: 1 }, { id: 2 }, { id: 3 }] }),
      filler(13),
      frameOf(ipv4({ proto: 6 }), { tags: [{ id: 1 }] }).subarray(0, 17),
    ];
    for (const frame of frames) {
      for (const field of [...LINK, 'ethertype', 'network[0:1]', 'proto', 'src', 'dport']) {
        expect(fieldOf(frame, field, hook), field).toBeNull();
      }
      expect(fieldOf(frame, 'malformed', hook)).toBe(0);
    }
  });

  test('an empty network layer is malformed, as elsewhere', () => {
    expect(fieldOf(ethernet({ type: 0x0800 }), 'malformed', hook)).toBe(1);
    expect(fieldOf(ethernet({ type: 0x0800 }), 'ethertype', hook)).toBe(0x0800);
  });

  test('the packet in a tunnel is whole', () => {
    const inside = frameOf(ipv4({ proto: 6 }, segment), { tags: [{ id: 9 }] });
    const frame = frameOf(ipv4({ proto: 17 }, udp({ dport: 4789 }, vxlan({ vni: 3 }, inside))));
    expect(innerFieldOf(frame, 'vlan', hook)).toBe(9);
    expect(innerFieldOf(frame, 'len', hook)).toBe(inside.length);
    expect(innerFieldOf(frame, 'frame[12:2]', hook)).toBe(0x8100);
    expect(innerFieldOf(frame, 'smac', hook)).toBe(0x020000000001);
  });
});

test.each(['xdp', 'tc', 'tc ingress', 'tc egress', 'socket'] as const)(
  '%s begins with the Ethernet header, tags included',
  (hook) => {
    const frame = frameOf(ipv4({ proto: 6 }, segment), { tags: [{ id: 5 }] });
    expect(fieldOf(frame, 'len', hook)).toBe(frame.length);
    expect(fieldOf(frame, 'vlan', hook)).toBe(5);
    expect(fieldOf(frame, 'frame[12:4]', hook)).toBe(0x81000005);
  },
);
