/** Why a command that goes on by itself comes to its end, and what brings it there. */
export type StopReason =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'time' }
  | { readonly kind: 'count' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'reader' }
  | { readonly kind: 'error'; readonly error: unknown };

export interface Stop {
  readonly reason: StopReason | null;
  /** The first reason counts. */
  because(reason: StopReason): void;
  readonly promise: Promise<StopReason>;
  /** Resolves at the first signal, whatever the reason was: from there on nobody wants to wait long. */
  readonly interrupted: Promise<void>;
  /** From here on Ctrl-C does what it did before, and so do the others where nothing has asked for the end; a second time they change nothing. */
  release(): void;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** What a shell says of a death by SIGINT. */
const INTERRUPTED_EXIT = 130;

/** Takes over the signals, and the exceptions that nobody caught, so that the end is always in order. */
export function createStop(): Stop {
  let resolve: (reason: StopReason) => void = () => {};
  const promise = new Promise<StopReason>((settle) => {
    resolve = settle;
  });
  let interrupt = () => {};
  const interrupted = new Promise<void>((settle) => {
    interrupt = settle;
  });
  const state: { reason: StopReason | null; interrupts: number } = { reason: null, interrupts: 0 };
  const because = (reason: StopReason) => {
    state.reason ??= reason;
    resolve(state.reason);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (signal === 'SIGINT' && ++state.interrupts > 1) dieOfInterrupt();
    because({ kind: 'signal', signal });
    interrupt();
  };
  const onError = (error: unknown) => because({ kind: 'error', error });
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  return {
    get reason() {
      return state.reason;
    },
    because,
    promise,
    interrupted,
    release() {
      for (const signal of SIGNALS) {
        if (state.reason !== null && signal !== 'SIGINT') process.on(signal, alreadyKnown);
        process.off(signal, onSignal);
      }
      process.off('uncaughtException', onError);
      process.off('unhandledRejection', onError);
    },
  };
}

const alreadyKnown = (): void => {};

/**
 * Whoever presses Ctrl-C twice is not willing to wait. When a screen has been put right, the process dies of the signal itself: threads that
 * are being loaded would be ended by an exit, and koffi aborts then.
 */
function dieOfInterrupt(): void {
  process.once('exit', () => {
    process.removeAllListeners('SIGINT');
    process.kill(process.pid, 'SIGINT');
  });
  process.exit(INTERRUPTED_EXIT);
}
