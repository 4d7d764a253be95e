/** A folder of objects for all tests of mutants: most of what a bug in the compiler lets it write, it would have written without, too. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The variable that names it. */
export const OBJECTS = 'PKTC_MUTANT_OBJECTS';

export async function setup(): Promise<() => Promise<void>> {
  const outer = process.env[OBJECTS];
  // Tests in a copy of the project have that of the tests that run them.
  if (outer !== undefined) return async () => {};
  const folder = await mkdtemp(path.join(tmpdir(), 'pktc-mutant-objects-'));
  process.env[OBJECTS] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
