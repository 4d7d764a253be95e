/** The captures that tests name. */
import path from 'node:path';
import { CaptureError } from '../../runtime/capture/capture-file.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { Failure } from '../failure.ts';
import { readBytes } from '../read-file.ts';
import { STDIN } from '../rule-source.ts';
import type { OpenCapture } from './run-tests.ts';

const LARGEST_BYTES = 2 ** 30;

/** Reads captures beside the rule file that names them; from standard input, in the working directory. */
export const openCapture: OpenCapture = async ({ source }, { path: written }) => {
  const folder = source.name === '<stdin>' || source.name === STDIN ? '.' : path.dirname(source.name);
  const file = path.isAbsolute(written) ? written : path.join(folder, written);
  try {
    return readCapture(await readBytes(file, LARGEST_BYTES));
  } catch (error) {
    if (error instanceof Failure || error instanceof CaptureError) return error.message;
    throw error;
  }
};
