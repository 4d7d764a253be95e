import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { artifactPaths, readArtifact, writeArtifact } from '../../cli/artifact-files.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { dataArtifact } from '../runtime/data-fixture.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pktc-artifact-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The object is no program: files do not care. */
function artifactOf(count: number, marker = 1): Artifact {
  const rules = Array.from({ length: count }, (_, index) => ({
    name: `r${index}`,
    identity: createHash('sha256').update(`${marker} ${index}`).digest('hex').slice(0, 16),
    low: index,
    high: index,
    verdict: 'drop' as const,
  }));
  return dataArtifact(new Uint8Array([1, 2, marker]), rules, marker);
}

const compiledIn = (artifact: Artifact): Artifact => ({
  ...artifact,
  data: null,
  manifest: { ...artifact.manifest, data: null },
});
const pathsFor = (name: string) => artifactPaths(path.join(folder, name), 'x.rules');
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as Error & { code?: string; help?: string },
  );

describe('the files of an artifact', () => {
  test('are read as they were written', async () => {
    const paths = await pathsFor('same');
    const artifact = artifactOf(20);
    await writeArtifact(artifact, paths);
    const read = await readArtifact(paths.object);
    expect(read.manifest).toEqual(artifact.manifest);
    expect(Buffer.from(read.data!).equals(artifact.data!)).toBe(true);
    expect(Buffer.from(read.object).equals(artifact.object)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test.each(['pass', 'drop', 'reject', 'audit'] as const)('are read with `default %s`', async (default_verdict) => {
    const paths = await pathsFor(`default-${default_verdict}`);
    const artifact = compiledIn(artifactOf(1));
    await writeArtifact({ ...artifact, manifest: { ...artifact.manifest, default_verdict } }, paths);
    expect((await readArtifact(paths.object)).manifest.default_verdict).toBe(default_verdict);
  });

  test('an old X.data goes when the new artifact has none', async () => {
    const paths = await pathsFor('gone');
    await writeArtifact(artifactOf(3), paths);
    expect(existsSync(paths.data)).toBe(true);
    await writeArtifact(compiledIn(artifactOf(3)), paths);
    expect(existsSync(paths.data)).toBe(false);
    expect((await readArtifact(paths.object)).data).toBe(null);
  });

  test('where one cannot be written, none is replaced', async () => {
    const paths = { ...(await pathsFor('kept')), manifest: path.join(folder, 'no', 'such', 'folder.manifest.json') };
    const before = await pathsFor('kept');
    await writeArtifact(artifactOf(3), before);
    expect(await failure(writeArtifact(artifactOf(4, 2), paths))).toMatchObject({ code: 'PKT6021' });
    expect((await readArtifact(before.object)).manifest.rules).toHaveLength(3);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('of two compilations are not taken for one', async () => {
    const paths = await pathsFor('mixed');
    await writeArtifact(artifactOf(3, 2), paths);
    const { data, object } = { data: readFileSync(paths.data), object: readFileSync(paths.object) };
    await writeArtifact(artifactOf(3, 3), paths);
    const good = readFileSync(paths.data);
    writeFileSync(paths.data, data);
    expect(await failure(readArtifact(paths.object))).toMatchObject({
      code: 'PKT6004',
      message: expect.stringContaining('data'),
      help: expect.stringContaining('compile'),
    });
    writeFileSync(paths.data, good);
    writeFileSync(paths.object, object);
    expect(await failure(readArtifact(paths.object))).toMatchObject({
      code: 'PKT6004',
      message: expect.stringContaining('object'),
    });
  });

  test('that are cut short or missing are named', async () => {
    const paths = await pathsFor('short');
    await writeArtifact(artifactOf(3), paths);
    truncateSync(paths.data, 100);
    expect(await failure(readArtifact(paths.object))).toMatchObject({
      code: 'PKT6004',
      message: expect.stringContaining('100 bytes'),
    });
    rmSync(paths.data);
    expect(await failure(readArtifact(paths.object))).toMatchObject({
      code: 'PKT6021',
      message: expect.stringContaining('short.data'),
    });
    writeFileSync(paths.manifest, readFileSync(paths.manifest, 'utf8').replace('"bytes"', '"size"'));
    expect((await failure(readArtifact(paths.object))).message).toContain('is not a manifest');
  });

  test('of 100,000 rules: as fast as the disk, and no line break a rule', async () => {
    const paths = await pathsFor('large');
    const artifact = artifactOf(100_000);
    const began_ms = performance.now();
    await writeArtifact(artifact, paths);
    const written_ms = performance.now() - began_ms;
    const read = await readArtifact(paths.object);
    const read_ms = performance.now() - began_ms - written_ms;
    expect(read.manifest.rules).toHaveLength(100_000);
    expect(readFileSync(paths.manifest, 'utf8').split('\n')).toHaveLength(2);
    expect([written_ms < 5000, read_ms < 5000]).toEqual([true, true]);
    console.log(`100,000 rules written in ${written_ms.toFixed(0)} ms, read in ${read_ms.toFixed(0)} ms`);
  });
});
