import { direction } from '../../grammar/fields/direction.ts';
import type { Target, TargetProgram } from './target.ts';

const INGRESS: TargetProgram = { name: 'pktc_tc_ingress', at: 'tc ingress', part: 'ingress' };
const EGRESS: TargetProgram = { name: 'pktc_tc_egress', at: 'tc egress', part: 'egress' };

/** Traffic control: behind the driver, an sk_buff that arrives or leaves. Both directions, a program each. */
export const tc: Target = {
  hook: 'tc',
  skeleton: 'tc.bpf.c',
  programs: [INGRESS, EGRESS],
  verdicts: ['pass', 'drop', 'reject', 'redirect', 'audit'],
  marks: true,
  constants: {},
};

export const tcIngress: Target = { ...tc, hook: 'tc ingress', programs: [INGRESS], constants: { [direction.name]: 0 } };

export const tcEgress: Target = { ...tc, hook: 'tc egress', programs: [EGRESS], constants: { [direction.name]: 1 } };
