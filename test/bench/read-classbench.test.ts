import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseClassBench, readClassBench } from '../../bench/read-classbench.ts';
import { rulesText } from '../../bench/rule.ts';
import { analyse } from '../../compiler/index.ts';

const FILE = path.resolve(import.meta.dirname, '../../../shared/bench/classbench_fw1_1000.cb.gz');

const LINES = `@104.202.151.83/32	135.90.219.92/32	0 : 65535	1705 : 1705	0x06/0xFF	0x0000/0x0200	
@104.202.151.83/32	135.90.219.92/32	0 : 65535	1705 : 1705	0x06/0xFF	0x1000/0x1000	
@0.0.0.0/0	10.1.0.0/16	1024 : 65535	20 : 25	0x11/0xFF	0x0000/0x0000	
@10.0.0.0/8	0.0.0.0/0	0 : 65535	0 : 65535	0x00/0x00	0x0000/0x0000	
`;

describe('a ClassBench file', () => {
  it('becomes rules; what differs in TCP flags alone is one', () => {
    const text = rulesText(parseClassBench(LINES), { default: 'pass', verdict: 'drop' });
    expect(text.split('\n').filter((line) => line.startsWith('match'))).toEqual([
      'match src 104.202.151.83/32 dst 135.90.219.92/32 proto tcp dport 1705 -> drop',
      'match dst 10.1.0.0/16 proto udp sport 1024-65535 dport 20-25 -> drop',
      'match src 10.0.0.0/8 -> drop',
    ]);
  });

  it('is refused at a line that is none of its own', () => {
    expect(() => parseClassBench(`${LINES}match tcp -> drop\n`)).toThrow('line 5');
  });

  it('of a thousand rules has no error', (test) => {
    if (!existsSync(FILE)) return test.skip('../shared/bench is absent');
    const rules = readClassBench(FILE);
    expect(rules.length).toBeGreaterThan(700);
    const { program, diagnostics } = analyse({ name: 'x.rules', text: rulesText(rules, { default: 'pass' }) }, { hook: null });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(program.rules.length).toBe(rules.length);
  });
});
