/** `templates/bench/driver.bpf.c` -> an object that puts packets in front of a program and times it. */
import { readFileSync } from 'node:fs';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Outcome } from '../diagnostics/diagnostic.ts';
import { findClang } from './find-clang.ts';
import { cacheFolder, objectCache } from './object-cache.ts';
import { CLANG_FLAGS, runClang } from './run-clang.ts';
import { readTemplates, templateRoot } from './templates.ts';

/** @param even whether all packets have one length. Throws when files of the installation are missing or unreadable. */
export async function buildDriver(
  even: boolean,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Outcome<Uint8Array | null>> {
  const clang = await findClang(environment);
  if (!clang.found) return { value: null, diagnostics: [diagnostic('PKT5001', {}, null)] };
  const templates = readTemplates();
  const text = readFileSync(`${templateRoot()}bench/driver.bpf.c`, 'utf8');
  const c = even ? text : `#define PKTC_BENCH_ANY\n${text}`;
  const cache = objectCache(cacheFolder(environment));
  const key = JSON.stringify(['driver', clang.version, CLANG_FLAGS, c, templates.headers]);
  const cached = await cache.get(key);
  if (cached !== null) return { value: cached, diagnostics: [] };
  const run = await runClang(clang.path, c, templates);
  if (run.ok) {
    await cache.put(key, run.object);
    return { value: run.object, diagnostics: [] };
  }
  const message =
    run.reason === 'failed' ? run.message : (run.output.split('\n').find((line) => line.includes('error: ')) ?? '');
  return { value: null, diagnostics: [diagnostic('PKT5004', { message }, null, { help: 'see `pktc doctor`' })] };
}
