/** Lines on their way out, and how long that takes. */
import type { Libc } from '../../runtime/ffi/libc.ts';
import type { Terminal } from '../terminal.ts';
import { widenPipe } from './wide-pipe.ts';

export interface Output {
  /** As the terminal's. */
  offer(text: string | Uint8Array): Promise<number | null>;
  /** Time spent until now waiting for the output, in milliseconds. */
  readonly waited_ms: number;
}

export function createOutput(terminal: Terminal, libc: Libc): Output {
  widenPipe(libc, terminal.out.fd);
  let waited_ms = 0;
  return {
    async offer(text) {
      const began_ms = performance.now();
      const written = await terminal.offer(text);
      waited_ms += performance.now() - began_ms;
      return written;
    },
    get waited_ms() {
      return waited_ms;
    },
  };
}
