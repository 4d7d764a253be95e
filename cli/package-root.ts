import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder of pktc's own package.json: above `cli/` in a checkout, above `dist/cli/` when built. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return version;
}
