import { describe, expect, test } from 'vitest';
import { pktc } from './pktc.ts';

describe('doctor', () => {
  test('--json: every check has a state, and help where something is missing', async () => {
    const { code, stdout, stderr } = await pktc(['doctor', '--json']);
    const report = JSON.parse(stdout);
    expect(stderr).toBe('');
    expect(code).toBe(report.ok ? 0 : 4);
    expect(report).toMatchObject({ version: 1, machine: { kernel: { release: expect.any(String) } } });
    const names = report.checks.map((check: { name: string }) => check.name);
    expect(names).toEqual(
      expect.arrayContaining([
        'kernel',
        'kernel BTF',
        'BPF JIT',
        'privilege',
        'clang',
        'libbpf',
        'object cache',
        'run --detach',
        'lo',
      ]),
    );
    for (const check of report.checks) {
      expect(['ok', 'note', 'missing']).toContain(check.state);
      if (check.state === 'missing') expect(check.help).toBeTruthy();
    }
  });

  test('for people: a mark before each check', async () => {
    const { stdout } = await pktc(['doctor']);
    expect(stdout).toMatch(/^[✓✗!] kernel +Linux \d/m);
  });

  test('without clang: says so, says what to install, exits with 4', async () => {
    const { code, stdout } = await pktc(['doctor', '--json'], { env: { PATH: '/nowhere' } });
    const clang = JSON.parse(stdout).checks.find((check: { name: string }) => check.name === 'clang');
    // Only where the compiler is in a folder that is always looked at does it stay found.
    if (clang.state === 'missing')
      expect({ code, help: clang.help }).toEqual({ code: 4, help: expect.stringContaining('clang') });
    else expect(clang.found).toMatch(/\/s?bin\//);
  });
});
