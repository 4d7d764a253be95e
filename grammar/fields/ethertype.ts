import type { Field } from './field.ts';

export const ethertype: Field = {
  name: 'ethertype',
  group: 'link',
  type: {
    kind: 'uint',
    bits: 16,
    names: {
      ip: 0x0800,
      arp: 0x0806,
      rarp: 0x8035,
      ip6: 0x86dd,
      mpls: 0x8847,
      'mpls-multicast': 0x8848,
      'pppoe-discovery': 0x8863,
      pppoe: 0x8864,
      eapol: 0x888e,
      lldp: 0x88cc,
      macsec: 0x88e5,
      ptp: 0x88f7,
    },
  },
  read: { kind: 'fact', fact: 'ethertype' },
  summary: 'Ethernet type behind at most two VLAN tags; values up to 1500 are IEEE 802.3 lengths.',
  units: '',
  source: 'IEEE 802.3, IANA IEEE 802 numbers',
  absent: 'the frame is shorter than 14 bytes, or cut inside a VLAN tag',
  example: 'ethertype lldp',
};
