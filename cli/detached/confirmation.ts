/** A change that goes back unless somebody confirms it: who waits for that, and who is asked. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { openPinRoot } from '../../runtime/pinned/pinned-program.ts';
import { recoverIfFree } from '../../runtime/pinned/recover.ts';
import { confirmPinned, unconfirmedOf, undoPinned } from '../../runtime/pinned/reload.ts';
import { canAsk } from '../ask.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { createStop, type Stop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';

const READY = 'ready\n';
const INTERVAL_MS = 100;
/** Of the terminal and the session: nobody who goes takes the waiting process along. */
const IGNORED: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGPIPE'];

export interface Watcher {
  /** The change is made, or will not be: it waits for nothing else any more. */
  release(): void;
}

/**
 * A process in a session of its own that puts the change back should everybody else be dead. It is there, with all that it needs, before
 * anything changes.
 * @throws Failure
 */
export async function startWatcher(name: string): Promise<Watcher> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'confirm', name, '--wait'], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => {});
  const ended = once(child, 'exit').then(() => null);
  const failed = once(child, 'error').then(() => null);
  const said = await Promise.race([once(child.stdout, 'data'), ended, failed]);
  if (said === null) {
    throw new Failure('the process that would put the rules back did not start', {
      help: 'nothing has changed; run `pktc doctor`',
    });
  }
  child.stdout.destroy();
  child.unref();
  return { release: () => child.stdin.destroy() };
}

/** What that process does, until there is nothing more to wait for. */
export async function watchConfirmation(name: string, terminal: Terminal): Promise<ExitCode> {
  for (const signal of IGNORED) process.on(signal, () => {});
  const root = openPinRoot(process.env);
  openLibbpf();
  openLibc();
  let asked = true;
  // Whoever asked holds the other end, as long as the change may still come.
  process.stdin
    .on('error', () => {})
    .on('close', () => {
      asked = false;
    });
  process.stdin.resume();
  await terminal.print(READY);
  for (;;) {
    await sleep(INTERVAL_MS);
    const left_ms = unconfirmedOf(root, name);
    if (left_ms === null && !asked) return EXIT.ok;
    if (left_ms === 0) await recoverIfFree(root, name).catch(() => null);
  }
}

/** After the change: Enter keeps it where there is a terminal; else it is said how. */
export async function askToConfirm(
  root: string,
  name: string,
  confirm_ms: number,
  what: { readonly undone: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const within = `within ${confirm_ms / 1000} s`;
  if (!canAsk(terminal)) {
    terminal.say(`\`pktc confirm ${name}\` ${within} keeps it; else ${what.undone}`);
    return EXIT.ok;
  }
  const stop = createStop();
  try {
    const answer = await enterPressed(root, name, `Enter ${within} keeps it, Ctrl-C does not; else ${what.undone} `, stop);
    if (answer === 'gone') return EXIT.ok;
    if (answer === 'yes') {
      const kept = await confirmPinned(root, name);
      if (kept.confirmed) terminal.say('confirmed');
      else terminal.say(what.undone);
      return kept.confirmed ? EXIT.ok : EXIT.failure;
    }
    // Ctrl-C is a no; when the session is gone, the time that is left may still bring a yes from elsewhere.
    if (answer === 'no') await undoPinned(root, name);
    terminal.say(what.undone);
    return EXIT.failure;
  } finally {
    stop.release();
  }
}

/** `gone`: somebody else has confirmed it, or it has ended otherwise. */
async function enterPressed(root: string, name: string, question: string, stop: Stop): Promise<'yes' | 'no' | 'late' | 'gone'> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  let open = true;
  try {
    const pressed = new Promise<'yes' | 'no'>((resolve) => {
      lines.question(question, () => resolve('yes'));
      lines.once('SIGINT', () => resolve('no'));
    });
    const over = (async () => {
      while (open) {
        const left_ms = unconfirmedOf(root, name);
        if (left_ms === null) return 'gone' as const;
        if (left_ms === 0) return 'late' as const;
        await sleep(INTERVAL_MS);
      }
      return 'gone' as const;
    })();
    const signalled = stop.promise.then((reason) =>
      reason.kind === 'signal' && reason.signal === 'SIGINT' ? ('no' as const) : ('gone' as const),
    );
    return await Promise.race([pressed, over, signalled]);
  } finally {
    open = false;
    lines.close();
  }
}
