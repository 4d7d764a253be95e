import { describe, expect, test } from 'vitest';
import { rejectionPlace, rejectionReason } from '../../runtime/verifier-log.ts';
import { manifestFor } from './fixture.ts';

const LOG = `func#0 @0
0: R1=ctx() R10=fp0
; __u8 *data = (__u8 *)(long)ctx->data; @ edge.bpf.c:26
0: (61) r1 = *(u32 *)(r1 +0)
; if (pktc_read(f->dport) == 22) @ edge.bpf.c:41
1: (71) r0 = *(u8 *)(r1 +100)
invalid access to packet, off=100 size=1, R1(id=0,off=100,r=0)
R1 offset is outside of the packet
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

describe('a verifier log', () => {
  const manifest = {
    ...manifestFor(new Uint8Array(), 4096),
    line_map: [
      { c_line: 30, rule: 0 },
      { c_line: 40, rule: 1 },
      { c_line: 50, rule: 2 },
    ],
  };

  test('leads to the rule of the line that was quoted last', () => {
    expect(rejectionPlace(LOG, manifest)).toEqual({ c_line: 41, rule: 1 });
  });

  test('gives its reason', () => {
    expect(rejectionReason(LOG)).toBe('R1 offset is outside of the packet');
    expect(rejectionReason('')).toBeNull();
  });

  test('does not blame a rule for a header of ours, code before the rules, or an older kernel', () => {
    expect(rejectionPlace(`${LOG}; x @ parse_ipv4.h:12\n`, manifest)).toEqual({ c_line: null, rule: null });
    expect(rejectionPlace('; x @ edge.bpf.c:26\n', manifest)).toEqual({ c_line: 26, rule: null });
    expect(rejectionPlace('; x\n0: (61) r1 = *(u32 *)(r1 +0)\n', manifest)).toEqual({ c_line: null, rule: null });
  });
});
