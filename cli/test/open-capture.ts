/** The captures that tests name. */
import { CaptureError } from '../../runtime/capture/capture-file.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { type CollectOptions, readNamedFile } from '../collect-sources.ts';
import type { OpenCapture } from './run-tests.ts';

/** Reads captures below the directories from which the rule file may read others. */
export function captureOpener(options: CollectOptions): OpenCapture {
  return async ({ path }) => {
    const bytes = await readNamedFile(path, options);
    if ('found' in bytes) return `\`${path}\` cannot be read: ${bytes.reason}${bytes.help === null ? '' : ` (${bytes.help})`}`;
    try {
      return readCapture(bytes);
    } catch (error) {
      if (error instanceof CaptureError) return `\`${path}\` cannot be read: ${error.message}`;
      throw error;
    }
  };
}
