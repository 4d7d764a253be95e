/**
 * TypeScript -> dist/: the command, its threads and the library, a file each, because node reads one in a third of the time that it takes for 400
 * (0.2 s a start). yargs and chevrotain are in it for the same reason, and dependencies besides, which brings their licences. Types are checked
 * elsewhere (`npx tsc`, `npm test`), not at each build. Of string-width, by which yargs lays out its help, package.json asks for version 4: the later ones
 * ask ICU about each character, which took 37 ms of each start.
 */
import { fileURLToPath } from 'node:url';

/** chevrotain as a part of the program: from sources it is loaded while they run (grammar/chevrotain.ts). */
const withChevrotain = {
  name: 'chevrotain',
  load(id) {
    if (id !== fileURLToPath(new URL('grammar/chevrotain.ts', import.meta.url))) return null;
    const bundle = new URL('../chevrotain.mjs', import.meta.resolve('chevrotain'));
    return `export * from ${JSON.stringify(fileURLToPath(bundle))};`;
  },
};

const bundle = (name, file, format, output = {}) => ({
  input: { [name]: file },
  platform: 'node',
  // Native code, found by its own package at run time.
  external: ['koffi'],
  plugins: [withChevrotain],
  transform: { target: 'node20.19' },
  output: { dir: 'dist', format, codeSplitting: false, ...output },
  logLevel: 'warn',
  onLog(level, log, report) {
    // yargs asks where it is itself for configuration that extends other configuration: there is none.
    if (log.code !== 'EMPTY_IMPORT_META' || !log.id?.includes('/node_modules/yargs/')) report(level, log);
  },
});

// The command starts the last one as a thread, by its name beside its own file; it is CommonJS itself, of which V8 can keep what it made (cli/load-program.cjs).
export default [
  bundle('pktc', 'cli/main.ts', 'cjs', { entryFileNames: '[name].cjs' }),
  bundle('library', 'library/index.ts', 'esm'),
  bundle('event-worker', 'cli/events/line-worker.ts', 'esm'),
];
