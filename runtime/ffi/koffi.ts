import { createRequire } from 'node:module';

/**
 * koffi, loaded with the first module that calls C. Built into one file, a static import would come before everything else: `pktc check`
 * would take its time, and need it.
 */
export const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')['default'];
