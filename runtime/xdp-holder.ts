/** Whose XDP program is on an interface. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { findPin, kindOfDescriptor } from './bpf-pins.ts';
import { allocate, BPF_LINK_TYPE_XDP, LINK_INFO, type Libbpf, XDP_QUERY_OPTIONS } from './ffi/libbpf.ts';
import { errnoNumber, type Libc, openLibc } from './ffi/libc.ts';
import { programFacts } from './program-facts.ts';

export interface XdpHolder {
  readonly mode: 'native' | 'generic' | 'hardware';
  readonly programId: number;
  /** null: this process may not know. */
  readonly programName: string | null;
  /** The user that loaded it; null: this process may not know. */
  readonly uid: number | null;
  /** A link ends with whoever holds it; what was attached through netlink stays until somebody takes it off. null: not to be told. */
  readonly attachedBy: 'link' | 'netlink' | null;
  /** Name on a BPF file system: of its link, which it then holds; without a link of the program. null: none, or not to be found. */
  readonly pin: string | null;
  /** Who keeps it there; null: pinned, attached for good, or not to be found. */
  readonly process: { readonly pid: number; readonly command: string } | null;
}

/** The name of the program in everything that pktc makes. */
export const OUR_PROGRAM = 'pktc_xdp';
/** Of libxdp, and of bpfman, which took it over: it calls programs of others one after the other (xdp-dispatcher.c.in). */
export const DISPATCHER = 'xdp_dispatcher';
const MODES = [
  { mode: 'native', member: 'drv_prog_id' },
  { mode: 'generic', member: 'skb_prog_id' },
  { mode: 'hardware', member: 'hw_prog_id' },
] as const;

/** The program on an interface, without looking whose it is; null: none, or not to be told. */
export function programOn(libbpf: Libbpf, ifindex: number): { readonly id: number; readonly mode: XdpHolder['mode'] } | null {
  const options = allocate(XDP_QUERY_OPTIONS);
  if (libbpf.xdp_query === null || libbpf.xdp_query(ifindex, 0, options.bytes) < 0) return null;
  const found = MODES.find(({ member }) => options.get(member) !== 0);
  return found === undefined ? null : { id: options.get(found.member), mode: found.mode };
}

/** All programs on an interface; null when this libbpf cannot tell. */
export function findHolders(libbpf: Libbpf, ifindex: number): readonly XdpHolder[] | null {
  const options = allocate(XDP_QUERY_OPTIONS);
  if (libbpf.xdp_query === null || libbpf.xdp_query(ifindex, 0, options.bytes) < 0) return null;
  const libc = openLibc();
  return MODES.flatMap(({ mode, member }) => {
    const programId = options.get(member);
    return programId === 0 ? [] : [{ mode, ...holderOf(libbpf, libc, programId, ifindex) }];
  });
}

function holderOf(libbpf: Libbpf, libc: Libc, programId: number, ifindex: number): Omit<XdpHolder, 'mode'> {
  const facts = programFacts(libbpf, libc, programId);
  const link = findLink(libbpf, libc, programId, ifindex);
  return {
    programId,
    programName: facts?.name ?? null,
    uid: facts?.uid ?? null,
    attachedBy: link === 'unknown' ? null : link === null ? 'netlink' : 'link',
    pin: findPin(libbpf, libc, typeof link === 'number' ? { kind: 'link', id: link } : { kind: 'program', id: programId }),
    process: findProcess(programId, ifindex),
  };
}

/** The first of them; null: none, or not to be told. */
export function findHolder(libbpf: Libbpf, ifindex: number): XdpHolder | null {
  return findHolders(libbpf, ifindex)?.[0] ?? null;
}

/** ``another run of pktc (program 42), loaded by root, attached in native mode by a link, held by process 1234 (`node pktc run …`)`` */
export function describeHolder(holder: XdpHolder | null): string {
  if (holder === null) return 'whose it is cannot be told';
  const { programName, programId, process, uid, mode, attachedBy, pin } = holder;
  const detached = detachedName(holder);
  const name = programName === null ? `program ${programId}` : `\`${programName}\` (program ${programId})`;
  const ours = detached === null ? 'another run of pktc' : `the detached program \`${detached}\` of pktc`;
  const what = programName === OUR_PROGRAM ? `${ours} (program ${programId})` : name;
  const user = uid === null ? '' : `, loaded by ${uid === 0 ? 'root' : `user ${uid}`}`;
  const by = { link: ' by a link', netlink: ' through netlink' };
  const how = `, attached in ${mode} mode${attachedBy === null ? '' : by[attachedBy]}`;
  const pinned = pin === null ? 'held by no process' : `held by no process, pinned as \`${pin}\``;
  const keeper = pin !== null && attachedBy === 'link' ? `held by its name \`${pin}\`` : pinned;
  const who = process === null ? keeper : `held by process ${process.pid} (\`${process.command}\`)`;
  return `${what}${user}${how}, ${who}`;
}

/** An imperative: how to have the interface, or how to do without. Native and generic programs exclude each other, so a mode is no way out. */
export function waysRound(holder: XdpHolder | null, ifname: string): string {
  return `${wayToHave(holder, ifname)}; or look at what it lets pass with \`--hook tc ingress\`, or choose another interface`;
}

/** How the interface gets free. */
export function wayToHave(holder: XdpHolder | null, ifname: string): string {
  const detached = holder === null ? null : detachedName(holder);
  if (detached !== null) return `end it with \`pktc stop ${detached}\``;
  if (holder?.programName === DISPATCHER) {
    return `it runs the programs of several: join it with \`--dispatcher\`, or \`pktc compile FILE -o rules\` and \`xdp-loader load ${ifname} rules.bpf.o\` leave yours there without pktc`;
  }
  if (holder?.process != null) return `end process ${holder.process.pid} first`;
  if (holder?.attachedBy === 'link' && holder.pin !== null) return `remove its name, \`${holder.pin}\`, if nobody needs it`;
  return `take it off with \`ip link set dev ${ifname} xdp off\` if nobody needs it`;
}

/** What `pktc run --detach` called it: the directory of its link. */
function detachedName({ programName, attachedBy, pin }: XdpHolder): string | null {
  if (programName !== OUR_PROGRAM || attachedBy !== 'link' || pin === null) return null;
  return /\/pktc\/([A-Za-z0-9][\w-]*)\/link_\d/.exec(pin)?.[1] ?? null;
}

/** The identifier of the link that holds it there; null: none; `unknown`: this process may not look. */
function findLink(libbpf: Libbpf, libc: Libc, programId: number, ifindex: number): number | null | 'unknown' {
  const next = new Uint32Array(1);
  const none = -errnoNumber('ENOENT');
  for (let id = 0; ; id = next[0] ?? 0) {
    const result = libbpf.link_get_next_id(id, next);
    if (result < 0) return result === none ? null : 'unknown';
    const fd = libbpf.link_get_fd_by_id(next[0] ?? 0);
    if (fd < 0 && fd !== none) return 'unknown';
    if (fd < 0) continue;
    const info = allocate(LINK_INFO);
    const known = libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length])) === 0;
    libc.close(fd);
    if (!known || info.get('type') !== BPF_LINK_TYPE_XDP) continue;
    if (info.get('prog_id') === programId && info.get('target') === ifindex) return info.get('id');
  }
}

/** The process with a link to the interface, else one that has the program. /proc says both of every descriptor it may show. */
function findProcess(programId: number, ifindex: number): XdpHolder['process'] {
  let withProgram: number | null = null;
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      const target = attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (target === null || kindOfDescriptor(target) === null) continue;
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
