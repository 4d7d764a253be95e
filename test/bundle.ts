/** Files of tests in one file each with what they import of the sources, for a Node that reads no TypeScript. */
import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

/** @param entry an absolute path */
export async function bundled(entry: string): Promise<string> {
  const bundle = await rolldown({ input: entry, platform: 'node', external: ['koffi'] });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
  return output[0].code;
}

/** The same as a file in a folder, which gets the packages of this checkout. Returns its path. */
export async function bundleInto(folder: string, entry: string): Promise<string> {
  const file = path.join(folder, path.basename(entry));
  writeFileSync(file, await bundled(entry));
  symlinkSync(path.resolve(import.meta.dirname, '../node_modules'), path.join(folder, 'node_modules'));
  return file;
}
