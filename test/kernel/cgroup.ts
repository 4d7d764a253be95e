/** Control groups of a test's own, removed when it ends. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Attachment, attachCgroup } from '../../runtime/attach.ts';
import { cgroupRoot } from '../../runtime/attach-cgroup.ts';
import type { LoadedProgram } from '../../runtime/load.ts';
import { eventually } from './environment.ts';

export interface Cgroup {
  readonly directory: string;
  /** Moves a process into it. */
  admit(pid: number): void;
}

/** A new group; what is still in it when `work` ends goes back to the root. */
export async function withCgroup(work: (cgroup: Cgroup) => Promise<void> | void): Promise<void> {
  const { directory, root } = makeCgroup();
  try {
    await work({ directory, admit: (pid) => admit(directory, pid) });
  } finally {
    await removeCgroup(directory, root);
  }
}

/** A program attached to a new group that one process is in; the group goes when the attachment is closed. */
export function withMember(loaded: LoadedProgram, pid: number): Attachment {
  const { directory, root } = makeCgroup();
  admit(directory, pid);
  const attachment = attachCgroup(loaded, directory);
  const close = () => {
    attachment.close();
    void removeCgroup(directory, root);
  };
  return { ...attachment, close, [Symbol.dispose]: close };
}

let made = 0;

function makeCgroup(): { readonly directory: string; readonly root: string } {
  const root = cgroupRoot();
  if (root === null) throw new Error('control groups of version 2 are not mounted');
  const directory = path.join(root, `pktc-test-${process.pid}-${++made}`);
  mkdirSync(directory);
  return { directory, root };
}

function admit(directory: string, pid: number): void {
  writeFileSync(path.join(directory, 'cgroup.procs'), String(pid));
}

async function removeCgroup(directory: string, root: string): Promise<void> {
  if (!existsSync(directory)) return;
  for (const pid of readFileSync(path.join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
    try {
      admit(root, Number(pid));
    } catch {
      // It has ended meanwhile.
    }
  }
  await eventually('the group can be removed', () => {
    try {
      rmdirSync(directory);
      return true;
    } catch {
      return !existsSync(directory);
    }
  });
}
