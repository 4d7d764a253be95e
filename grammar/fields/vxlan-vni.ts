import type { Field } from './field.ts';

export const vxlanVni: Field = {
  name: 'vxlan.vni',
  group: 'tunnels',
  type: { kind: 'uint', bits: 24 },
  read: { kind: 'header', from: [{ layer: 'vxlan', offset: 4, size: 4, member: 'vni', mask: 0xffffff00, shift: 8 }] },
  summary: 'VXLAN network identifier of UDP to port 4789.',
  units: '',
  source: 'RFC 7348',
  absent: 'not VXLAN, flag I is clear, or cut off',
  example: 'vxlan.vni < 1000',
};
