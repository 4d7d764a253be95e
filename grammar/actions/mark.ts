import type { Action } from './action.ts';

export const mark: Action = {
  name: 'mark',
  kind: 'state',
  argument: { type: 'number', min: 0, max: 0xffff_ffff },
  parameters: [],
  summary:
    'Gives the packet a mark (`skb->mark`) for routing rules, nftables and tc behind this program. Rules go on seeing the mark that the packet came with; of several marks the last one stays.',
  example: 'mark 7, pass',
};
