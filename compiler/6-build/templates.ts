import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Templates } from '../5-emit/skeleton.ts';
import { TARGETS } from '../targets/target.ts';

/**
 * Reads the templates that this installation came with. Throws when files of the installation are missing or unreadable.
 */
export function readTemplates(): Templates {
  const root = templateRoot();
  const hooks = `${root}hooks/`;
  const include = `${root}include/`;
  const headers = readdirSync(`${include}pktc`)
    .filter((file) => file.endsWith('.h'))
    .sort()
    .map((file) => ({ path: `pktc/${file}`, text: readFileSync(`${include}pktc/${file}`, 'utf8') }));
  const skeletons = new Map(
    readdirSync(hooks)
      .filter((file) => file.endsWith('.bpf.c'))
      .sort()
      .map((file) => [file, readFileSync(`${hooks}${file}`, 'utf8')] as const),
  );
  const missing = TARGETS.find((target) => !skeletons.has(target.skeleton));
  if (missing) throw new Error(`templates/hooks/${missing.skeleton} is missing from this installation`);
  return { skeletons, headers };
}

/** Beside package.json: the sources are deeper below it than the one file that is built from them. */
export function templateRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return `${path.join(folder, 'templates')}/`;
}
