/** What the planner expects the verifier to walk, against what it walked: an estimate that is too low would let a program through that is refused. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { analyse, compile } from '../../compiler/index.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { type Artifact, DATA_LAYOUT } from '../../runtime/abi/manifest.ts';
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

/** Both families, each kind of packet, and all that a packet of the tree may have to be asked. */
const TREES: readonly (readonly [string, HookName, string])[] = [
  ['ranges', 'xdp', rules(400, tuple, 'drop')],
  ['ranges', 'tc', rules(400, tuple, 'drop')],
  [
    'many fields',
    'xdp',
    rules(400, (index) => `${tuple(index)} ttl ${index % 200} dscp ${index % 60} len ${60 + index}-1400`, 'drop'),
  ],
  ['rules that observe', 'xdp', rules(200, tuple) + rules(200, tuple, 'drop')],
  ['checks', 'xdp', rules(400, (index) => `${tuple(index)} payload contains "${index % 40};"`, 'drop')],
];

function tuple(index: number): string {
  const src = index % 3 === 0 ? `src fd00:${index}::/32` : index % 3 === 1 ? `src 10.${index % 200}.0.0/16` : 'icmp.type 8';
  return index % 3 === 2 ? `${src} len > ${index}` : `${src} sport ${index} dport 0-${index * 3} flags SYN`;
}

/** The same rules for a program that looks as far as any does. */
function looksFarthest(artifact: Artifact): Artifact {
  const { manifest } = artifact;
  if (artifact.data === null || manifest.data === null) throw new Error('no tree');
  const data = Uint8Array.from(artifact.data);
  const words = new Uint32Array(data.buffer);
  words[DATA_LAYOUT.depth / 4] = 32;
  words[DATA_LAYOUT.partitions / 4] = 8;
  words[DATA_LAYOUT.leaf / 4] = 20;
  const sha256 = createHash('sha256').update(data).digest('hex');
  return { ...artifact, data, manifest: { ...manifest, data: { ...manifest.data, sha256 } } };
}

/** The most that it walked for one of the programs. */
function walked(artifact: Artifact): number {
  using loaded = loadArtifact(artifact);
  const each = loaded.programs.map(({ fd }) => {
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    return Number(/^verified_insns:\s+(\d+)$/m.exec(info)?.[1]);
  });
  for (const one of each) expect(one).toBeGreaterThan(100);
  return Math.max(...each);
}

async function compiled(text: string, hook: HookName): Promise<{ artifact: Artifact; planned: number }> {
  const source = { name: 'test.rules', text };
  const planned = analyse(source, { hook }).plan?.cost.instructions ?? 0;
  const { artifact, diagnostics } = await compile(source, { hook });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  if (artifact === null) throw new Error('not compiled');
  return { artifact, planned };
}

describeKernel('the verifier walks no more than was planned for', () => {
  test.each(PROGRAMS)('%s at %s', async (_, hook, text) => {
    const { artifact, planned } = await compiled(text, hook);
    expect(walked(artifact)).toBeLessThan(planned);
  });

  test.each(TREES)(
    'trees: %s at %s, and a program that looks no further than they are deep walks less',
    async (_, hook, text) => {
      const { artifact, planned } = await compiled(text, hook);
      const farthest = walked(looksFarthest(artifact));
      expect(farthest).toBeLessThan(planned);
      expect(walked(artifact)).toBeLessThan(farthest / 2);
    },
  );
});
