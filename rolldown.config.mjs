/**
 * TypeScript -> dist/: the command, its threads and the library, a file each, because node reads one in a third of the time that it takes for 400
 * (0.2 s a start). yargs is in it for the same reason, and a dependency besides, which brings its licence. Types are checked
 * elsewhere (`npx tsc`, `npm test`), not at each build.
 */
const bundle = (name, file) => ({
  input: { [name]: file },
  platform: 'node',
  // Native code, found by its own package at run time.
  external: ['koffi'],
  transform: { target: 'node20.19' },
  output: { dir: 'dist', format: 'esm', codeSplitting: false },
  logLevel: 'warn',
});

// The command starts the last one as a thread, by its name beside its own file.
export default [
  bundle('pktc', 'cli/main.ts'),
  bundle('library', 'library/index.ts'),
  bundle('event-worker', 'cli/events/line-worker.ts'),
];
