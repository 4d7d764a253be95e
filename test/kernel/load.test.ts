import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { openEvents } from '../../runtime/events.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { failureOf } from '../runtime/failure-of.ts';
import { compileC, fixtureArtifact, manifestFor } from '../runtime/fixture.ts';
import { describeKernel, openBpfDescriptors } from './environment.ts';

const PASS = 2;
const DROP = 1;

function frame(first: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = first;
  return bytes;
}

function artifactOf(source: string, rules = 2): Artifact {
  const directory = mkdtempSync(join(tmpdir(), 'pktc-load-'));
  try {
    const file = join(directory, 'program.bpf.c');
    writeFileSync(file, source);
    const object = compileC(file);
    const manifest = manifestFor(object, 4096);
    return { object, manifest: { ...manifest, rules: manifest.rules.slice(0, rules), events: null }, data: null };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describeKernel('loading', () => {
  const artifact = fixtureArtifact();

  test('runs the program on frames, and counts them exactly', () => {
    using loaded = loadArtifact(artifact);
    expect(loaded.programs[0]?.id).toBeGreaterThan(0);
    expect(loaded.testRun(frame(0, 60)).returnValue).toBe(PASS);
    expect(loaded.testRun(frame(0xee, 61)).returnValue).toBe(DROP);
    expect(loaded.testRun(frame(0xee, 1500)).returnValue).toBe(DROP);
    expect(loaded.counters()).toEqual([
      { packets: 3n, bytes: 1621n, logged: 0n, lost: 0n },
      { packets: 2n, bytes: 1561n, logged: 2n, lost: 0n },
      { packets: 1n, bytes: 60n, logged: 0n, lost: 0n },
    ]);
  });

  test('keeps the counters of each program apart, whatever the number of rules', () => {
    const rules = Array.from({ length: 7 }, (_, index) => ({ ...artifact.manifest.rules[0]!, name: `r${index}` }));
    using seven = loadArtifact({ ...artifact, manifest: { ...artifact.manifest, rules } });
    using two = loadArtifact(artifact);
    for (let count = 0; count < 5; count++) seven.testRun(frame(0, 60));
    expect(seven.counters().map(({ packets }) => packets)).toEqual([5n, 0n, 5n, 0n, 0n, 0n, 0n, 0n]);
    expect(two.counters().map(({ packets }) => packets)).toEqual([0n, 0n, 0n]);
  });

  test('closes everything, once', () => {
    const before = openBpfDescriptors().length;
    const loaded = loadArtifact(artifact);
    const stream = openEvents(loaded);
    expect(openBpfDescriptors().length).toBeGreaterThan(before);
    loaded.close();
    loaded.close();
    stream.close();
    expect(openBpfDescriptors()).toHaveLength(before);
    expect(() => loaded.counters()).toThrow(/closed/);
    expect(() => loaded.testRun(frame(0, 60))).toThrow(/closed/);
    expect(() => openEvents(loaded)).toThrow(/closed/);
    expect(stream.read()).toEqual([]);
  });

  test('a test run takes frames from 14 bytes on, and says so', () => {
    using loaded = loadArtifact(artifact);
    expect(loaded.testRun(frame(0, 14)).returnValue).toBe(PASS);
    expect(failureOf(() => loaded.testRun(frame(0, 13)))).toMatchObject({ code: 'PKT6009' });
    expect(failureOf(() => loaded.testRun(frame(0, 1 << 20)))).toMatchObject({ code: 'PKT6009' });
    expect(loaded.testRun(frame(0, 9000)).returnValue).toBe(PASS);
    expect(loaded.testRun(frame(0, 60)).returnValue).toBe(PASS);
    expect(loaded.counters()[0]).toMatchObject({ packets: 3n, bytes: 9074n });
  });

  test('a hundred loads leave nothing behind', () => {
    const before = openBpfDescriptors().length;
    for (let count = 0; count < 100; count++) loadArtifact(artifact).close();
    expect(openBpfDescriptors()).toHaveLength(before);
  });
});

describeKernel('refusing to load', () => {
  const artifact = fixtureArtifact();
  const before = openBpfDescriptors().length;

  test('an object that the manifest does not know', () => {
    const object = artifact.object.slice();
    object[object.length - 1]! ^= 1;
    expect(failureOf(() => loadArtifact({ ...artifact, object }))).toMatchObject({ code: 'PKT6004' });
  });

  test('a manifest of another version', () => {
    const manifest = { ...artifact.manifest, version: 99 as 10 };
    expect(failureOf(() => loadArtifact({ ...artifact, manifest }))).toMatchObject({ code: 'PKT6004' });
  });

  test('an object cut short, hash and all', () => {
    const object = artifact.object.slice(0, 3000);
    expect(failureOf(() => loadArtifact({ object, manifest: { ...manifestFor(object, 65536) }, data: null }))).toMatchObject({
      code: 'PKT6003',
    });
  });

  test('an object without the counters or the program', () => {
    const nothing = artifactOf(
      '#include <pktc/action_count.h>\nchar l[] SEC("license") = "GPL";\nSEC("xdp") int other(void *c) { return c == NULL; }\n',
    );
    expect(failureOf(() => loadArtifact(nothing))).toMatchObject({ code: 'PKT6003' });
    const program = { ...artifact.manifest, programs: [{ name: 'no_such_program', at: 'xdp' as const }] };
    expect(failureOf(() => loadArtifact({ ...artifact, manifest: program }))).toMatchObject({
      code: 'PKT6003',
      message: expect.stringContaining('no_such_program'),
    });
    expect(openBpfDescriptors()).toHaveLength(before);
  });

  test('what the verifier rejects, with its log, its reason and the rule', () => {
    const bad = artifactOf(`#include <pktc/action_count.h>
#include <pktc/context.h>
char pktc_license[] SEC("license") = "Dual MIT/GPL";
SEC("xdp") int pktc_xdp(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data;

	pktc_add(0, 1);
	return data[100] == 7 ? XDP_DROP : XDP_PASS;
}
`);
    const line_map = [
      { c_line: 5, rule: 0 },
      { c_line: 9, rule: 1 },
    ];
    const error = failureOf(() => loadArtifact({ ...bad, manifest: { ...bad.manifest, line_map } }));
    expect(error).toMatchObject({ code: 'PKT6006', rule: 1 });
    expect(error.verifierLog).toMatch(/invalid access to packet/);
    expect(error.message).toMatch(/in rule `logged`: .*outside of the packet/);
    expect(error.libbpfLog).toMatch(/pktc_xdp/);
    expect(openBpfDescriptors()).toHaveLength(before);
  });
});
