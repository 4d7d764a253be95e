import { describe, expect, it } from 'vitest';
import { judgeInterfaceName } from '../../grammar/values/interface-name.ts';

describe('interface names', () => {
  it('are what the kernel allows, and patterns of it', () => {
    for (const name of ['eth0', 'eth0.100', '3g-wan', 'a'.repeat(15), 'ä'.repeat(7), '-', '.x', 'br_lan@1'])
      expect(judgeInterfaceName(name)).toEqual({ ok: true, name });
    expect(judgeInterfaceName('veth*')).toEqual({ ok: true, name: 'veth*' });
    expect(judgeInterfaceName('***a**b')).toEqual({ ok: true, name: '*a*b' });
    expect(judgeInterfaceName(`*${'a'.repeat(15)}*`).ok).toBe(true);
  });

  it('are refused otherwise', () => {
    for (const name of ['', '.', '..', 'a b', 'a/b', 'a:b', 'a\tb', 'a\0', 'a\u00a0', 'a'.repeat(16), 'ä'.repeat(8)])
      expect(judgeInterfaceName(name).ok, JSON.stringify(name)).toBe(false);
  });
});
