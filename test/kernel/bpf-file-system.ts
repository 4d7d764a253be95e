/** A BPF file system of a test's own, for detached programs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface BpfFileSystem {
  /** For `PKTC_BPFFS`. */
  readonly path: string;
  close(): void;
}

export function mountBpfFileSystem(): BpfFileSystem {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-bpffs-'));
  execFileSync('mount', ['-t', 'bpf', '-o', 'mode=0700', 'bpf', folder]);
  const unmount = () => {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  };
  // A test that is cut off never reaches its end.
  process.once('exit', unmount);
  return {
    path: folder,
    close() {
      process.off('exit', unmount);
      unmount();
    },
  };
}
