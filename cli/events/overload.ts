/** Whether one thread is not enough for the events that come. */

/** Of a ring: what comes in bursts is read by then. */
const FULL = 1 / 4;
/** How long it has to last, in milliseconds. */
const LASTS_MS = 500;

export interface Overload {
  /**
   * Asked again and again: whether a ring has been filled for long, and not because the output takes no more.
   * @param waiting how full the fullest ring is
   * @param printing_ms time that was spent until now waiting for the output
   */
  look(waiting: number, printing_ms: number): boolean;
}

export function createOverload({ full = FULL, lasts_ms = LASTS_MS, now_ms = () => performance.now() } = {}): Overload {
  let since: { readonly at_ms: number; readonly printing_ms: number } | null = null;
  return {
    look(waiting, printing_ms) {
      const at_ms = now_ms();
      if (waiting < full) since = null;
      else since ??= { at_ms, printing_ms };
      if (since === null || at_ms - since.at_ms < lasts_ms) return false;
      // Where most of the time goes by waiting for the output, more threads would wait for it, too.
      const isOverloaded = printing_ms - since.printing_ms <= (at_ms - since.at_ms) / 2;
      if (!isOverloaded) since = { at_ms, printing_ms };
      return isOverloaded;
    },
  };
}
