import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Kernel tests share the machine (namespaces, hooks), so they run one file at a time; the rest in parallel. */
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
        },
      },
      {
        extends: true,
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts', 'test/differential/**/*.test.ts', 'test/classify/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: { name: 'mutations', include: ['test/mutations/**/*.test.ts'], testTimeout: 400_000, maxConcurrency: 2 },
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
