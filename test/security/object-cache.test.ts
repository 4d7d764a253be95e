/** The cache takes nothing that somebody else could have put there. */
import { chmodSync, chownSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { objectCache } from '../../compiler/6-build/object-cache.ts';

const KEY = 'the C';
const OBJECT = Uint8Array.of(1, 2, 3);
const NOBODY = 65534;

let folder: string;
let cache: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'pktc-cache-test-'));
  cache = path.join(folder, 'cache');
  await objectCache(cache).put(KEY, OBJECT);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = () => path.join(cache, readdirSync(cache)[0] ?? '');
const get = () => objectCache(cache).get(KEY);

test('what was put there comes back, and for no other key', async () => {
  expect(await get()).toEqual(OBJECT);
  expect(await objectCache(cache).get('other C')).toBeNull();
});

test.each([0o770, 0o707, 0o777])('a folder that others can write (%o) is left alone', async (mode) => {
  chmodSync(cache, mode);
  expect(await get()).toBeNull();
  await objectCache(cache).put('other C', OBJECT);
  expect(readdirSync(cache)).toHaveLength(1);
});

test('an entry that others can write is left alone', async () => {
  chmodSync(entry(), 0o620);
  expect(await get()).toBeNull();
});

test('a symbolic link is no folder', async () => {
  const elsewhere = path.join(folder, 'elsewhere');
  renameSync(cache, elsewhere);
  symlinkSync(elsewhere, cache);
  expect(await get()).toBeNull();
  await objectCache(cache).put('other C', OBJECT);
  expect(readdirSync(elsewhere)).toHaveLength(1);
});

test('a symbolic link is no entry', async () => {
  const elsewhere = path.join(folder, 'elsewhere.o');
  const file = entry();
  renameSync(file, elsewhere);
  symlinkSync(elsewhere, file);
  expect(await get()).toBeNull();
});

test.skipIf(process.getuid?.() !== 0)('what belongs to somebody else is left alone (only root can try)', async () => {
  chownSync(entry(), NOBODY, NOBODY);
  expect(await get()).toBeNull();
  chownSync(entry(), 0, 0);
  expect(await get()).toEqual(OBJECT);
  chownSync(cache, NOBODY, NOBODY);
  expect(await get()).toBeNull();
});
