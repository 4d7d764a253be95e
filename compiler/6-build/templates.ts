import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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

/** From the checkout the sources run as they are; the built package runs from `dist/`, a level deeper. */
export function templateRoot(): string {
  const here = import.meta.url;
  const up = here.includes('/dist/compiler/') ? '../../../templates/' : '../../templates/';
  return fileURLToPath(new URL(up, here));
}
