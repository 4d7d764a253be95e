import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Each file that needs the kernel works in namespaces of its own; the comparison of engines is measured, so it runs alone. */
export default defineConfig({
  test: {
    pool: 'forks',
    // Left to itself, vitest keeps one CPU back: of two that is half.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/kernel/**', 'test/kernels/**', 'test/differential/**', 'test/classify/**', 'test/mutations/**'],
          // No module has a state (test/house): a process for each file would only read them all again.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts', 'test/classify/**/*.test.ts'],
          testTimeout: 600_000,
          // They wait a good deal: for packets, for processes, for times to be over.
          maxWorkers: availableParallelism() + 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'differential',
          include: ['test/differential/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'mutations',
          include: ['test/mutations/**/*.test.ts'],
          globalSetup: 'test/mutations/object-folder.ts',
          testTimeout: 400_000,
          maxConcurrency: 2,
        },
      },
      {
        extends: true,
        test: { name: 'fuzz', include: ['test/differential/*.long.ts'] },
      },
      {
        extends: true,
        test: { name: 'kernels', include: ['test/kernels/**/*.test.ts'], testTimeout: 400_000 },
      },
    ],
  },
});
