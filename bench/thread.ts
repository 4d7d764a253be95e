/** A thread of the bench that runs a module of its own and answers one question after the other. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface Thread<Question, Answer> {
  /** One at a time. Rejects when the thread throws. */
  ask(question: Question): Promise<Answer>;
  close(): Promise<unknown>;
}

/** @param module URL of it; a message that comes to its `parentPort` is a question @param data its `workerData` */
export function openThread<Question, Answer>(module: string, data: unknown): Thread<Question, Answer> {
  // A thread does not inherit what reads TypeScript.
  const loader = new URL('../test/kernel/typescript-loader.mjs', import.meta.url);
  const start = `require('node:module').register('${loader.href}'); import('${module}')`;
  const worker = new Worker(start, { eval: true, workerData: data });
  return {
    async ask(question) {
      worker.postMessage(question);
      const [answer] = await once(worker, 'message');
      return answer as Answer;
    },
    close: () => worker.terminate(),
  };
}
