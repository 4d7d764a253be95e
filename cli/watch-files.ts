/** Files that are looked at until one of them is another. */
import { type BigIntStats, statSync } from 'node:fs';

export interface FileWatch {
  /**
   * Looks at these from now on.
   * @param read_ms when somebody began to read them (`Date.now()`): what has been written since may not have been read; null: not yet
   */
  follow(files: Iterable<string>, read_ms: number | null): void;
  close(): void;
}

/** Where inotify says nothing (NFS, links that are turned to another directory) looking still sees everything. */
const LOOK_INTERVAL_MS = 150;

/**
 * Calls back when a file has been changed, replaced, made or deleted, and nothing has happened for one look more: editors write a file in
 * several steps, or put another in its place. While the call back is at work nobody looks.
 */
export function watchFiles(changed: () => Promise<void>): FileWatch {
  let known = new Map<string, string>();
  let before = '';
  let busy = false;
  const looks = () => [...known.keys()].map((file) => stateOf(file));
  const timer = setInterval(() => {
    if (busy) return;
    const now = looks();
    const settled = now.join() === before;
    before = now.join();
    if (!settled || now.join() === [...known.values()].join()) return;
    busy = true;
    void changed().finally(() => {
      busy = false;
    });
  }, LOOK_INTERVAL_MS);
  return {
    follow(files, read_ms) {
      known = new Map([...files].map((file) => [file, stateOf(file, read_ms)]));
      before = '';
    },
    close: () => clearInterval(timer),
  };
}

/** Time stamps of files are up to a tick of the kernel's behind. */
const TICK_MS = 10;

/** What changes with the file. */
function stateOf(file: string, read_ms: number | null = null): string {
  let stats: BigIntStats | undefined;
  try {
    stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    // A directory on the way that may not be entered: as if the file were not there.
  }
  if (read_ms !== null && Number(stats?.ctimeMs ?? 0) >= read_ms - TICK_MS) return 'unsure';
  return stats === undefined ? 'none' : [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join('.');
}
