/** Objects made by hand for tests of the runtime alone: the compiler has no part in them. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Artifact, MANIFEST_VERSION, type Manifest } from '../../runtime/abi/manifest.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

/** Compiles C against the project's headers. */
export function compileC(file: string, defines: readonly string[] = []): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'pktc-fixture-'));
  const out = join(directory, 'fixture.bpf.o');
  const flags = [
    '-O2',
    '-g',
    '-target',
    'bpf',
    '-mcpu=v3',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-I',
    join(ROOT, 'templates/include'),
  ];
  try {
    execFileSync('clang', [...flags, ...defines.map((define) => `-D${define}`), '-c', file, '-o', out], { stdio: 'pipe' });
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function manifestFor(object: Uint8Array, ring_bytes: number): Manifest {
  const rule = { identity: '0000000000000000', text: '', verdict: null, logs: false };
  return {
    version: MANIFEST_VERSION,
    pktc: 'test',
    source: 'fixture.bpf.c',
    hook: 'xdp',
    programs: [{ name: 'pktc_xdp', at: 'xdp' }],
    object_sha256: createHash('sha256').update(object).digest('hex'),
    data: null,
    default_verdict: 'pass',
    rules: [
      { ...rule, name: 'all', line: 1 },
      { ...rule, name: 'logged', line: 2, verdict: 'drop', logs: true },
    ],
    events: { payload_bytes: 32, ring_bytes, rings_bytes: 2 * ring_bytes },
    interfaces: [],
    redirects: [],
    line_map: [],
  };
}

/** test/runtime/fixture.bpf.c, see there. */
export function fixtureArtifact(ring_bytes = 1 << 16): Artifact {
  const object = compileC(join(ROOT, 'test/runtime/fixture.bpf.c'), [`PKTC_RING_BYTES=${ring_bytes}`]);
  return { object, manifest: manifestFor(object, ring_bytes), data: null };
}
