/** A detached program as it is at each moment, while other processes change its rules, put another in its place, or stop it. */
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type FollowingEvents, openFollowingEvents } from '../events.ts';
import { RuntimeError } from '../runtime-error.ts';
import { findPinned } from './directory.ts';
import { createLosses, type Loss } from './losses.ts';
import { openPinned, type PinnedProgram } from './pinned-program.ts';

/**
 * What has become of a program: `changed`, other rules have come; `restarted`, it was stopped, and another one has its name now; `gone`,
 * nobody has its name.
 */
export type Change = 'none' | 'changed' | 'restarted' | 'gone';

export interface FollowedProgram extends Disposable {
  /** As the last look found it, by `openToWatch`; the one before is closed. */
  readonly program: PinnedProgram;
  /** Events that found the ring full before this was opened. */
  readonly lost_before: bigint;
  /** Those that found it full since the last call, by rule; rules without are left out. */
  losses(): readonly Loss[];
  /** Looks what has become of it. @throws RuntimeError when what is there now cannot be read, as `openPinned` does */
  look(): Change;
  close(): void;
}

export interface FollowedEvents extends FollowedProgram {
  /** Goes on with the program. What `gone` leaves can still be read. */
  readonly events: FollowingEvents;
}

/** What was running when the rules changed is through by then: a packet takes microseconds, and the kernel's grace period some 10 ms. */
const SETTLED_MS = 500;
/** In a row, of looks that found a program half there: somebody is at it. */
const PATIENCE = 50;

/** @param root of `openPinRoot`. @throws RuntimeError as `openPinned` does, and PKT6008 */
export function followPinned(root: string, name: string): FollowedProgram {
  const folder = findPinned(root, name);
  let seen = fingerprint(folder);
  let program = openToWatch(root, name);
  const losses = createLosses(program);
  let vain = 0;
  let missing = 0;
  /** null: somebody is at it. */
  const open = (): PinnedProgram | null => {
    try {
      const next = openToWatch(root, name);
      vain = 0;
      return next;
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'PKT6062') throw error;
      if (++vain > PATIENCE) throw error;
      return null;
    }
  };
  const look = (): Change => {
    // Ahead of opening: what changes meanwhile is seen by the next look.
    const found = fingerprint(folder);
    // One look without it is no end: whoever puts another in its place takes it away first.
    missing = found === null ? missing + 1 : 0;
    if (missing > 0) return missing < 2 ? 'none' : 'gone';
    if (found === seen) return 'none';
    const next = open();
    if (next === null) return 'none';
    seen = found;
    const restarted = next.since_ms !== program.since_ms;
    losses.goOn(next, restarted);
    program.close();
    program = next;
    return restarted ? 'restarted' : 'changed';
  };
  const close = () => program.close();
  return {
    get program() {
      return program;
    },
    lost_before: losses.before,
    losses: losses.take,
    look,
    close,
    [Symbol.dispose]: close,
  };
}

/** @throws RuntimeError as `followPinned` does */
export function followPinnedEvents(root: string, name: string): FollowedEvents {
  const followed = followPinned(root, name);
  const opened = () => {
    try {
      return openFollowingEvents(followed.program.loaded);
    } catch (error) {
      followed.close();
      throw error;
    }
  };
  const events = opened();
  const close = () => {
    events.close();
    followed.close();
  };
  return {
    get program() {
      return followed.program;
    },
    events,
    lost_before: followed.lost_before,
    losses: followed.losses,
    look() {
      const change = followed.look();
      const settled = () => new Promise<void>((resolve) => setTimeout(resolve, SETTLED_MS).unref());
      if (change === 'changed' || change === 'restarted') events.goOn(followed.program.loaded, settled());
      return change;
    },
    close,
    [Symbol.dispose]: close,
  };
}

/**
 * Without holding what attaches it: a link that this process had open would keep the program at work after it is stopped. Its attachments
 * say where it was attached, no more.
 * @throws RuntimeError as `openPinned` does
 */
export function openToWatch(root: string, name: string): PinnedProgram {
  const program = openPinned(root, name);
  for (const attachment of program.attachments) attachment.close();
  return program;
}

/** The same as long as nothing under a name has been changed: the kernel gives each thing that it holds a number of its own. null: gone. */
function fingerprint(folder: string): string | null {
  try {
    const inside = readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const at = path.join(folder, entry.name);
      return entry.isDirectory() ? `${entry.name}(${fingerprint(at)})` : `${entry.name}:${lstatSync(at).ino}`;
    });
    return `${lstatSync(folder).ino} ${inside.sort().join(' ')}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
