import { describe, expect, test } from 'vitest';
import { pktc } from './pktc.ts';

describe('pktc demo without the tools', () => {
  test('says what is missing and lets the interpreter decide', async () => {
    const { code, stdout, stderr } = await pktc(['demo'], { env: { PATH: '/nowhere', PKTC_CLANG: '/nowhere/clang' } });
    expect(code).toBe(0);
    expect(stderr).toMatch(/missing:\n {2}- .*clang/);
    expect(stdout).toMatch(/ drop .* tcp SYN +telnet +10\.77\.0\.2:40010 +→ 10\.77\.0\.1:23$/m);
    expect(stdout).toMatch(/ drop .* icmp6 echo-request +fat_ping +fd77::2 +→ fd77::1$/m);
    expect(stdout).toContain('16 packets: 10 passed, 6 dropped; all decided by the interpreter');
  });
});
