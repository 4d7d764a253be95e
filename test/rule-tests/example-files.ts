import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { OpenCapture } from '../../cli/test/run-tests.ts';

const FOLDER = path.join(import.meta.dirname, '../../examples');

/** The rule files under `examples/`, by path. */
export const EXAMPLES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.rules'))
  .sort()
  .map((name) => path.join(FOLDER, name));

/** Examples carry no captures. */
export const noCaptures: OpenCapture = async ({ path: name }) => `${name} is not there`;
