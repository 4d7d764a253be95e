/** The tests of every example, and of packets that describe their surroundings, in the kernel and in the interpreter. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { asSources, examine } from '../../cli/front-end.ts';
import { kernelEngine } from '../../cli/replay/engine.ts';
import { readSources } from '../../cli/rule-source.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { renderTest } from '../../cli/test/render-tests.ts';
import { runTest } from '../../cli/test/run-tests.ts';
import type { TestResult } from '../../cli/test/test-result.ts';
import type { Sources } from '../../compiler/2-resolve/sources.ts';
import { painter } from '../../compiler/diagnostics/paint.ts';
import { compile } from '../../compiler/index.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { EXAMPLES, noCaptures } from '../rule-tests/example-files.ts';
import { describeKernel } from './environment.ts';

const terminal = { out: { paint: painter(false) } } as unknown as Terminal;

async function runBoth(sources: Sources): Promise<readonly TestResult[]> {
  const { sound, tests } = await examine(sources, null);
  const { artifact } = await compile(sources.main, { hook: null, files: sources.files });
  if (sound === null || artifact === null) throw new Error('it does not compile');
  const loaded = loadArtifact(artifact, { offline: true });
  try {
    const kernel = Object.assign(kernelEngine(loaded, sound.program), { forget: () => loaded.forget() });
    const engines = { interpreter: createInterpreter(sound.program), kernel };
    const results: TestResult[] = [];
    for (const test of tests) {
      const result = await runTest(sound.program, test, engines, noCaptures);
      expect(result.outcome, renderTest(sound.program, result, terminal)).toBe('passed');
      results.push(result);
    }
    return results;
  } finally {
    loaded.close();
  }
}

describeKernel('tests in rule files', () => {
  it.each(EXAMPLES.map((file) => [path.basename(file), file]))('%s', async (_, file) => {
    const results = await runBoth(await readSources(file, []));
    expect(results.length).toBeGreaterThan(1);
  });

  it('know the mark of a packet', async () => {
    const text = `hook tc ingress
marked: match mark 7 -> drop
test "marks" {
  packet udp 10.0.0.1:1 > 10.0.0.2:2 mark 7 expect drop by marked
  packet udp 10.0.0.1:1 > 10.0.0.2:2 mark 8 expect pass
  packet udp 10.0.0.1:1 > 10.0.0.2:2 expect pass
}
`;
    await runBoth(asSources({ name: 'mark.rules', text }));
  });

  it('know which way it goes', async () => {
    const text = `hook tc
leaves: match direction egress dport 25 -> drop
arrives: match direction ingress dport 25 -> pass
test "directions" {
  packet tcp 10.0.0.1:1 > 10.0.0.2:25 direction egress expect drop by leaves
  packet tcp 10.0.0.1:1 > 10.0.0.2:25 direction ingress expect pass by arrives
  packet tcp 10.0.0.1:1 > 10.0.0.2:25 expect pass by arrives
}
`;
    await runBoth(asSources({ name: 'direction.rules', text }));
  });

  it('know the interface', async () => {
    const text = `wan: match iface eth0 -> drop
veth: match iface "veth*" -> drop
test "interfaces" {
  packet udp 10.0.0.1:1 > 10.0.0.2:2 iface eth0 expect drop by wan
  packet udp 10.0.0.1:1 > 10.0.0.2:2 iface veth7 expect drop by veth
  packet udp 10.0.0.1:1 > 10.0.0.2:2 iface "3g-wan" expect pass
  packet udp 10.0.0.1:1 > 10.0.0.2:2 expect pass
}
`;
    await runBoth(asSources({ name: 'iface.rules', text }));
  });
});
