/**
 * koffi, loaded with the first module that calls C. Built into one file, a static import would come before everything else: `pktc check`
 * would take its time, and need it.
 */
import { createRequire } from 'node:module';

export const koffi: typeof import('koffi').default = createRequire(import.meta.url)('koffi');
