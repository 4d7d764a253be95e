import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { templateRoot } from './templates.ts';

/** The version of this installation, as `package.json` has it. */
export function readVersion(): string {
  const file = fileURLToPath(new URL('../package.json', `file://${templateRoot()}`));
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
