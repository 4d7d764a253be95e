import { RuntimeError } from '../../runtime/runtime-error.ts';

/** What the runtime says when it refuses. Throws when it does not, and what else is thrown. */
export function failureOf(work: () => unknown): RuntimeError {
  try {
    work();
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}
