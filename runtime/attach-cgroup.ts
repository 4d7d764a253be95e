/** A control group (cgroups(7), version 2): what the processes in it, and in the groups below it, receive and send. */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Attachment, attachmentOf, holdAll, linkHold } from './attachment.ts';
import { allocate, BPF_CGROUP_INET_EGRESS, BPF_CGROUP_INET_INGRESS, LINK_OPTIONS } from './ffi/libbpf.ts';
import { errnoName } from './ffi/libc.ts';
import type { LoadedProgram } from './load.ts';
import { privilegeError } from './load-error.ts';
import { RuntimeError } from './runtime-error.ts';

/**
 * Attaches beside whatever else is attached there; the kernel detaches when this process ends.
 * @param directory of the control group: a path, or one below the place where the version 2 hierarchy is mounted
 * @throws RuntimeError PKT6005, PKT6013, PKT6032, PKT6033
 */
export function attachCgroup(loaded: LoadedProgram, directory: string): Attachment {
  const { libbpf } = loaded.internals;
  loaded.refreshInterfaces();
  const place = cgroupPath(directory);
  const fd = openDirectory(place);
  try {
    const holds = holdAll(loaded.programs, (program) => {
      const where = program.at === 'cgroup egress' ? BPF_CGROUP_INET_EGRESS : BPF_CGROUP_INET_INGRESS;
      const link = libbpf.link_create(program.fd, fd, where, allocate(LINK_OPTIONS).bytes);
      if (link < 0) throw attachError(place, -link);
      return linkHold(loaded, link, program);
    });
    return attachmentOf(loaded, { place, ifname: null, ifindex: null, mode: 'link', note: null }, holds);
  } finally {
    closeSync(fd);
  }
}

/** Where the version 2 hierarchy is mounted: its root, the group of every process; null: nowhere. */
export function cgroupRoot(): string | null {
  let mounts: string;
  try {
    mounts = readFileSync('/proc/self/mounts', 'utf8');
  } catch {
    return null;
  }
  const found = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
  // The file has white space in octal.
  return found?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))) ?? null;
}

function cgroupPath(directory: string): string {
  if (path.isAbsolute(directory)) return path.normalize(directory);
  const root = cgroupRoot();
  if (root !== null) return path.join(root, directory);
  throw new RuntimeError('PKT6033', 'control groups of version 2 are not mounted', {
    help: 'as root: mount -t cgroup2 none /sys/fs/cgroup, or give the path of the group',
  });
}

function openDirectory(directory: string): number {
  try {
    return openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') throw privilegeError();
    throw noCgroup(directory, code === 'ENOENT' ? 'there is no such directory' : `it cannot be opened (${code})`);
  }
}

function attachError(directory: string, errno: number): RuntimeError {
  const name = errnoName(errno);
  if (name === 'EPERM') return privilegeError();
  if (name === 'EBADF') return noCgroup(directory, 'the directory is no control group of version 2');
  return new RuntimeError('PKT6013', `cannot attach to the control group \`${directory}\` (${name})`, {
    help: 'run `pktc doctor`',
  });
}

function noCgroup(directory: string, why: string): RuntimeError {
  const root = cgroupRoot();
  return new RuntimeError('PKT6032', `no control group \`${directory}\`: ${why}`, {
    help: root === null ? 'control groups of version 2 are not mounted' : `the group of every process is \`${root}\``,
  });
}
