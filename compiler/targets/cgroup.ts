import { direction } from '../../grammar/fields/direction.ts';
import type { Target, TargetProgram } from './target.ts';

const INGRESS: TargetProgram = { name: 'pktc_cgroup_ingress', at: 'cgroup ingress', part: 'ingress' };
const EGRESS: TargetProgram = { name: 'pktc_cgroup_egress', at: 'cgroup egress', part: 'egress' };

/** A control group: what its processes receive and send, from the network layer on. Both directions, a program each. */
export const cgroup: Target = {
  hook: 'cgroup',
  skeleton: 'cgroup.bpf.c',
  programs: [INGRESS, EGRESS],
  verdicts: ['pass', 'drop', 'audit'],
  marks: true,
  constants: {},
};

export const cgroupIngress: Target = {
  ...cgroup,
  hook: 'cgroup ingress',
  programs: [INGRESS],
  constants: { [direction.name]: 0 },
};

export const cgroupEgress: Target = {
  ...cgroup,
  hook: 'cgroup egress',
  programs: [EGRESS],
  constants: { [direction.name]: 1 },
};
