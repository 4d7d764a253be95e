import { direction } from '../../grammar/fields/direction.ts';
import type { Target } from './target.ts';

/** XDP: the driver's receive path, before the kernel makes an sk_buff. It sees arriving packets only. */
export const xdp: Target = {
  hook: 'xdp',
  skeleton: 'xdp.bpf.c',
  programs: [{ name: 'pktc_xdp', at: 'xdp', part: null }],
  verdicts: ['pass', 'drop', 'reject', 'redirect', 'audit'],
  marks: false,
  constants: { [direction.name]: 0 },
};
