import type { Field } from './field.ts';

export const mark: Field = {
  name: 'mark',
  group: 'packet',
  type: { kind: 'uint', bits: 32 },
  read: { kind: 'context', what: 'mark' },
  summary: 'Mark that the kernel keeps beside the packet (`skb->mark`).',
  units: '',
  source: 'include/uapi/linux/bpf.h, struct __sk_buff',
  absent: 'never',
  example: 'mark 7',
  hooks: ['tc ingress', 'tc egress', 'socket', 'cgroup ingress', 'cgroup egress'],
};
