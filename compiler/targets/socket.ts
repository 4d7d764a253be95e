import type { Target } from './target.ts';

/** A filter on a packet socket: it sees copies of what arrives and of what leaves, and its verdict says which of them the socket gets. */
export const socket: Target = {
  hook: 'socket',
  skeleton: 'socket.bpf.c',
  programs: [{ name: 'pktc_socket', at: 'socket', part: null }],
  verdicts: ['pass', 'drop', 'audit'],
  marks: false,
  constants: {},
};
