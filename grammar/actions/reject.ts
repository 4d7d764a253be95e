import type { Action } from './action.ts';

export const reject: Action = {
  name: 'reject',
  kind: 'verdict',
  argument: null,
  parameters: [],
  summary:
    'Discards the packet and tells the sender: TCP gets a reset, UDP an ICMP or ICMPv6 port unreachable, everything else an unreachable for administrative reasons. At most 100 answers a second on each CPU; beyond that, and where no answer is allowed, it is a `drop`.',
  example: 'reject',
};
