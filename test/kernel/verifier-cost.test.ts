/** What the planner expects the verifier to walk, against what it walked: an estimate that is too low would let a program through that is refused. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { analyse, compile } from '../../compiler/index.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { describeKernel } from './environment.ts';

const EVERY = FIELDS.filter(({ name, hooks, read }) => hooks === undefined && name !== 'direction' && read.kind !== 'either');

const rules = (count: number, condition: (index: number) => string, actions = 'count') =>
  Array.from({ length: count }, (_, index) => `match ${condition(index)} -> ${actions}\n`).join('');

const PROGRAMS: readonly (readonly [string, HookName, string])[] = [
  ['one rule', 'xdp', 'match dport 22 -> drop\n'],
  ['a thousand rules', 'xdp', rules(1000, (index) => `tcp dport ${index} src 10.0.${index % 250}.0/24`, 'log, drop')],
  ['every field', 'xdp', rules(EVERY.length, (index) => EVERY[index]?.example ?? '')],
  ['every field', 'tc', rules(EVERY.length, (index) => EVERY[index]?.example ?? '')],
  ['every field', 'socket', rules(EVERY.length, (index) => EVERY[index]?.example ?? '')],
  ['answers', 'xdp', rules(100, (index) => `dport ${index}`, 'reject')],
  ['raw reads', 'xdp', rules(500, (index) => `transport[${index % 60}:${1 + (index % 6)}] ${index % 256}`)],
  ['raw reads with lists', 'xdp', rules(300, (index) => `payload[${index % 60}:2] { ${index}, ${index + 5}-${index + 9} }`)],
  ['text', 'xdp', rules(300, (index) => `payload starts nocase "request ${index}" payload ends "end"`)],
  ['option kinds', 'xdp', rules(300, (index) => `tcp.option { ${2 + (index % 60)}, 100 } tcp.mss ${index}`)],
  ['masks', 'xdp', rules(300, (index) => `src & ffff::ff != fd00::${(index % 255).toString(16)} dst & 255.0.0.255 = 10.0.0.1`)],
  [
    'packets in tunnels',
    'xdp',
    rules(
      300,
      (index) => `inner((not src 10.0.0.${index % 256} or dport ${index}) frame[${index % 50}:2] 7 tcp.option any)`,
      'log',
    ),
  ],
  [
    'packets in tunnels',
    'tc',
    rules(100, (index) => `inner((ip6.ext any or ip.options any) (dport ${index} or gre.key 7))`, 'reject'),
  ],
  ['packets in tunnels', 'socket', rules(100, (index) => `inner(payload contains "${index};")`)],
];

describeKernel('the verifier walks no more than was planned for', () => {
  test.each(PROGRAMS)('%s at %s', async (_, hook, text) => {
    const source = { name: 'test.rules', text };
    const planned = analyse(source, { hook }).plan?.cost.instructions ?? 0;
    const { artifact, diagnostics } = await compile(source, { hook });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (artifact === null) throw new Error('not compiled');
    using loaded = loadArtifact(artifact);
    for (const { fd } of loaded.programs) {
      const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      const walked = Number(/^verified_insns:\s+(\d+)$/m.exec(info)?.[1]);
      expect(walked).toBeGreaterThan(100);
      expect(walked).toBeLessThan(planned);
    }
  });
});
