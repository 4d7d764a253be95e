/** Waiting in Node's event loop for a descriptor to become readable. */
import { koffi } from './koffi.ts';

export interface Watch {
  /** Calls back when somebody wakes the readers of the descriptor, and then on every turn of the event loop while it is readable. */
  start(): void;
  stop(): void;
  /** Before the descriptor is closed; may be called again. */
  close(): void;
}

/**
 * A watch does not keep the process alive.
 *
 * @param fd one that nobody else watches: a second watch of the same descriptor, or of a bad one, aborts the process.
 * @param callback must not throw: koffi would swallow it and never call again.
 */
export function watchReadable(fd: number, callback: () => void): Watch {
  // Whoever has the Watch has the handle: one that nothing refers to is collected and falls silent.
  const handle = koffi.node.poll(fd, callback);
  handle.unref();
  handle.stop();
  let state: 'started' | 'stopped' | 'closed' = 'stopped';
  return {
    start() {
      if (state !== 'stopped') return;
      state = 'started';
      handle.start(callback);
    },
    stop() {
      if (state !== 'started') return;
      state = 'stopped';
      handle.stop();
    },
    close() {
      // Touching a closed handle is a segmentation fault.
      if (state === 'closed') return;
      state = 'closed';
      handle.close();
    },
  };
}
