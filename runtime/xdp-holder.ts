/** Whose XDP program is on an interface. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { allocate, type Libbpf, PROGRAM_INFO, XDP_QUERY_OPTIONS } from './ffi/libbpf.ts';
import { type Libc, openLibc } from './ffi/libc.ts';

export interface XdpHolder {
  readonly mode: 'native' | 'generic' | 'hardware';
  readonly programId: number;
  /** null: this process may not know. */
  readonly programName: string | null;
  /** Who keeps it there; null: pinned, attached for good, or not to be found. */
  readonly process: { readonly pid: number; readonly command: string } | null;
}

/** The name of the program in everything that pktc makes. */
const OUR_PROGRAM = 'pktc_xdp';
const MODES = [
  { mode: 'native', member: 'drv_prog_id' },
  { mode: 'generic', member: 'skb_prog_id' },
  { mode: 'hardware', member: 'hw_prog_id' },
] as const;

/** All programs on an interface; null when this libbpf cannot tell. */
export function findHolders(libbpf: Libbpf, ifindex: number): readonly XdpHolder[] | null {
  const options = allocate(XDP_QUERY_OPTIONS);
  if (libbpf.xdp_query === null || libbpf.xdp_query(ifindex, 0, options.bytes) < 0) return null;
  const libc = openLibc();
  return MODES.flatMap(({ mode, member }) => {
    const programId = options.get(member);
    if (programId === 0) return [];
    const programName = nameOf(libbpf, libc, programId);
    return [{ mode, programId, programName, process: findProcess(programId, ifindex) }];
  });
}

/** The first of them; null: none, or not to be told. */
export function findHolder(libbpf: Libbpf, ifindex: number): XdpHolder | null {
  return findHolders(libbpf, ifindex)?.[0] ?? null;
}

/** `another run of pktc (program 42), held by process 1234 (node pktc run …)` */
export function describeHolder(holder: XdpHolder | null): string {
  if (holder === null) return 'whose it is cannot be told';
  const { programName, programId, process } = holder;
  const name = programName === null ? `program ${programId}` : `\`${programName}\` (program ${programId})`;
  const what = programName === OUR_PROGRAM ? `another run of pktc (program ${programId})` : name;
  const who = process === null ? 'held by no process' : `held by process ${process.pid} (\`${process.command}\`)`;
  return `${what}, ${who}`;
}

function nameOf(libbpf: Libbpf, libc: Libc, id: number): string | null {
  const fd = libbpf.prog_get_fd_by_id(id);
  if (fd < 0) return null;
  try {
    const info = allocate(PROGRAM_INFO);
    if (libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length])) < 0) return null;
    return Buffer.from(info.getBytes('name')).toString('latin1').replace(/\0.*$/s, '') || null;
  } finally {
    libc.close(fd);
  }
}

/** The process with a link to the interface, else one that has the program. /proc says both of every descriptor it may show. */
function findProcess(programId: number, ifindex: number): XdpHolder['process'] {
  let withProgram: number | null = null;
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      const target = attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (target !== 'anon_inode:bpf_link' && target !== 'anon_inode:bpf-prog') continue;
      const info = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1')) ?? '';
      if (numberIn(info, 'prog_id') !== programId) continue;
      if (numberIn(info, 'ifindex') === ifindex) return { pid: Number(pid), command: commandOf(pid) };
      withProgram ??= Number(pid);
    }
  }
  return withProgram === null ? null : { pid: withProgram, command: commandOf(String(withProgram)) };
}

function numberIn(fdinfo: string, key: string): number | null {
  const text = new RegExp(`^${key}:\\s*(\\d+)$`, 'm').exec(fdinfo)?.[1];
  return text === undefined ? null : Number(text);
}

/** The command line on one line, control characters and all that is long left out: a process chooses it itself. */
function commandOf(pid: string): string {
  const line = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '';
  const command = line.replace(/[\p{Cc}\p{Cf}`]+/gu, ' ').trim();
  return command.length > 80 ? `${command.slice(0, 79)}…` : command || '?';
}

function list(directory: string): readonly string[] {
  return attempt(() => readdirSync(directory)) ?? [];
}

/** Processes come and go while one looks. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
