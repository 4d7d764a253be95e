/** The tests that bugs are shown to. */
import type { Suite } from './run-mutant.ts';

const suite = (project: Suite['project'], files: readonly string[]): Suite => ({ project, files });

export const SUITES = {
  values: suite('unit', ['test/values/ranges.test.ts']),
  resolve: suite('unit', ['test/resolve/program.test.ts', 'test/resolve/bytes.test.ts']),
  /** Conditions against the interpreter, packet by packet. */
  meaning: suite('unit', ['test/resolve/meaning.test.ts']),
  interpret: suite('unit', ['test/interpret']),
  /** Random rule files in the kernel. */
  comparison: suite('mutations', ['test/mutations/comparison.test.ts']),
  /** Rules as boxes and checks, packet by packet. */
  boxes: suite('unit', ['test/plan/boxes.test.ts']),
  /** Random rule files in the kernel, as trees. */
  trees: suite('mutations', ['test/mutations/trees.test.ts']),
  /** Packets that look like those of a flow that is known. */
  flows: suite('kernel', ['test/kernel/plain-flow.test.ts']),
  /** Packets that are counted with such a flow. */
  counts: suite('kernel', ['test/kernel/flow-counts.test.ts']),
} satisfies Record<string, Suite>;
