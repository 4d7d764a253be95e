import { describe, expect, test } from 'vitest';
import { CATALOG } from '../../compiler/diagnostics/catalog.ts';
import { pktc } from './pktc.ts';

describe('explain', () => {
  test.each(['PKT2001', 'pkt2001', '2001'])('%s is found', async (code) => {
    const result = await pktc(['explain', code]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^# PKT2001: /);
  });

  test('without a code, lists every one', async () => {
    const { code, stdout } = await pktc(['explain']);
    expect(code).toBe(0);
    for (const name of Object.keys(CATALOG)) expect(stdout).toContain(name);
  });

  test('an unknown code: 2, with what is near', async () => {
    const { code, stderr } = await pktc(['explain', 'PKT2901']);
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean PKT2001');
  });

  test('no path is a code', async () => {
    // A path is a rule file, and what is in this one is none.
    const { code, stdout } = await pktc(['explain', '../../../../../../../../etc/passwd']);
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect((await pktc(['explain', '../docs/diagnostics/PKT2001'])).code).toBe(1);
  });

  test('--json', async () => {
    const { stdout } = await pktc(['explain', '--json', 'PKT2001']);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'PKT2001',
      severity: 'error',
      page: expect.stringContaining('# PKT2001'),
    });
  });
});
