/**
 * Where detached programs are: a directory for each on a BPF file system, in one of pktc's own that belongs to whoever runs pktc alone. The
 * kernel holds what has a name there (kernel/bpf/inode.c), so nothing of it is left when the machine starts anew.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';
import { openLibbpf } from '../ffi/libbpf.ts';
import { openLibc } from '../ffi/libc.ts';
import { privilegeError } from '../load-error.ts';
import { RuntimeError } from '../runtime-error.ts';

/** include/uapi/linux/magic.h */
const BPF_FS_MAGIC = 0xcafe4a11;
const FILE_SYSTEM = '/sys/fs/bpf';
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const FOLDER = 'pktc';
/** Of what is not whole yet, or no more. No name of a program begins so; the kernel allows no dots. */
const UNFINISHED = '_new';
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/;
/** What holds the program on its hook goes first: without it nothing else is at work. */
export const LINK_PREFIX = 'link_';

/** @throws RuntimeError PKT6061 */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new RuntimeError('PKT6061', `${JSON.stringify(name.slice(0, 40))} cannot be the name of a program`, {
    help: 'take letters, digits, `-` and `_`, at most 32, the first one a letter or a digit',
  });
}

/**
 * The directory with all of them, made if there is none; what unfinished starts have left is taken away.
 * @param environment `PKTC_BPFFS` names another BPF file system
 * @throws RuntimeError PKT6005, PKT6060
 */
export function openPinRoot(environment: Readonly<Record<string, string | undefined>>): string {
  const system = environment.PKTC_BPFFS || FILE_SYSTEM;
  checkFileSystem(system);
  const root = path.join(system, FOLDER);
  try {
    mkdirSync(root, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') throw privilegeError();
    if (codeOf(error) !== 'EEXIST') throw unsafe(`\`${root}\` cannot be made (${codeOf(error)})`);
  }
  checkOwner(root);
  for (const entry of readdirSync(root)) {
    if (entry.startsWith(UNFINISHED) && !isAlive(entry)) removePins(path.join(root, entry));
  }
  return root;
}

/**
 * What keeps programs from being detached here, of what can be seen without changing anything; null: nothing.
 * @param environment `PKTC_BPFFS` names another BPF file system
 */
export function pinRootProblem(environment: Readonly<Record<string, string | undefined>>): RuntimeError | null {
  const system = environment.PKTC_BPFFS || FILE_SYSTEM;
  try {
    checkFileSystem(system);
    if (lstatSync(path.join(system, FOLDER), { throwIfNoEntry: false }) !== undefined) checkOwner(path.join(system, FOLDER));
    return null;
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    return unsafe(`\`${system}\` cannot be looked at (${codeOf(error)})`);
  }
}

function checkFileSystem(system: string): void {
  let type: number;
  let real: string;
  let mode: number;
  try {
    ({ type } = statfsSync(system));
    real = realpathSync(system);
    ({ mode } = statSync(system));
  } catch (error) {
    throw unsafe(`\`${system}\` cannot be looked at (${codeOf(error)})`);
  }
  if (type >>> 0 !== BPF_FS_MAGIC) {
    throw new RuntimeError('PKT6060', `\`${system}\` is not a BPF file system`, {
      help: `as root: mount -t bpf bpf ${system}`,
    });
  }
  // Whoever owns a link on the way could turn it to another place later, and who may write without the sticky bit could move ours.
  if (real !== path.resolve(system)) throw unsafe(`the path \`${system}\` leads through a symbolic link, to \`${real}\``);
  if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) {
    throw unsafe(`others may rename what is in \`${system}\` (mode ${(mode & 0o7777).toString(8)})`);
  }
}

/** Whoever may write there could put other programs in the place of ours. */
function checkOwner(root: string): void {
  let stats: ReturnType<typeof lstatSync>;
  try {
    stats = lstatSync(root);
  } catch (error) {
    throw codeOf(error) === 'EACCES' ? privilegeError() : unsafe(`\`${root}\` cannot be looked at (${codeOf(error)})`);
  }
  if (stats.isSymbolicLink()) throw unsafe(`\`${root}\` is a link`);
  if (!stats.isDirectory()) throw unsafe(`\`${root}\` is not a directory`);
  const user = process.geteuid?.() ?? 0;
  if (stats.uid !== user && user !== 0) throw privilegeError();
  if (stats.uid !== user) throw unsafe(`\`${root}\` belongs to user ${stats.uid}`);
  if ((stats.mode & 0o077) !== 0) throw unsafe(`\`${root}\` is open to others (mode ${(stats.mode & 0o777).toString(8)})`);
}

function unsafe(what: string): RuntimeError {
  return new RuntimeError('PKT6060', what, { help: 'look who made it, and remove it; `PKTC_BPFFS` names another place' });
}

/** Names of the programs, in alphabetical order. */
export function pinnedNames(root: string): readonly string[] {
  return readdirSync(root)
    .filter((entry) => NAME.test(entry))
    .sort();
}

/** @throws RuntimeError PKT6061 when there is one */
export function checkFree(root: string, name: string): void {
  checkName(name);
  if (!pinnedNames(root).includes(name)) return;
  throw new RuntimeError('PKT6061', `there is a program \`${name}\` already`, {
    help: `end it with \`pktc stop ${name}\`, or take another name`,
  });
}

/** The directory of a program. @throws RuntimeError PKT6061, PKT6062 */
export function findPinned(root: string, name: string): string {
  checkName(name);
  const names = pinnedNames(root);
  if (names.includes(name)) return path.join(root, name);
  const help =
    names.length === 0 ? 'none is detached here: `pktc run FILE -i IFACE --detach`' : `there are: ${names.join(', ')}`;
  throw new RuntimeError('PKT6062', `there is no detached program \`${name}\``, { help });
}

/**
 * A directory that becomes the program's as a whole, or is taken away; when this process dies in between, the next start does that.
 * @param fill gets the directory
 * @throws RuntimeError PKT6061 when the name has been taken meanwhile; what `fill` throws
 */
export function makePinned(root: string, name: string, fill: (folder: string) => void): void {
  const folder = path.join(root, `${UNFINISHED}_${process.pid}_${startedAt(process.pid)}_${name}`);
  mkdirSync(folder, { mode: 0o700 });
  try {
    fill(folder);
    renameSync(folder, path.join(root, name));
  } catch (error) {
    removePins(folder);
    if (['EEXIST', 'ENOTEMPTY'].includes(codeOf(error))) checkFree(root, name);
    throw error;
  }
}

/**
 * Takes a program away as a whole: it has no name from one moment to the next. What is left when this process dies in between, the next
 * command takes away.
 */
export function removePinned(root: string, name: string): void {
  // Process 0 is nobody's: whoever comes may finish.
  const folder = path.join(root, `${UNFINISHED}_0_${process.pid}-${process.hrtime.bigint()}_${name}`);
  renameSync(path.join(root, name), folder);
  removePins(folder);
}

/**
 * The kernel detaches a link some time after its name has gone, when nobody else holds it; here it is told to, so that it is done when this
 * returns. Another process may be doing the same.
 */
export function removePins(folder: string): void {
  const entries = unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  const links = entries.filter(({ name }) => name.startsWith(LINK_PREFIX));
  const others = entries.filter(({ name }) => !name.startsWith(LINK_PREFIX));
  for (const entry of [...links, ...others]) {
    const inside = path.join(folder, entry.name);
    if (entry.name.startsWith(LINK_PREFIX)) detachLink(inside);
    if (entry.isDirectory()) removePins(inside);
    else unlessGone(() => unlinkSync(inside));
  }
  unlessGone(() => rmdirSync(folder));
}

function detachLink(file: string): void {
  const libbpf = openLibbpf();
  const fd = libbpf.obj_get(file);
  if (fd < 0) return;
  // With its interface gone it is detached already, and the kernel says so.
  libbpf.link_detach(fd);
  openLibc().close(fd);
}

function unlessGone<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Whether the process that is making it is still there: numbers of processes come again, with another start. */
function isAlive(unfinished: string): boolean {
  const [, , pid, start] = unfinished.split('_');
  return start !== undefined && startedAt(Number(pid)) === start;
}

/** In clock ticks since the machine started (proc_pid_stat(5), field 22); null: there is no such process. */
function startedAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it may have anything in it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
