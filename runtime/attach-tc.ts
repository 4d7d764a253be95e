/** Traffic control on an interface: TCX links (Linux 6.6), or filters of a `clsact` queueing discipline. */
import type { InterfacePlace } from './attach-xdp.ts';
import { type Attachment, attachmentOf, type Hold, holdAll, linkHold } from './attachment.ts';
import {
  allocate,
  BPF_TC_EGRESS,
  BPF_TC_F_REPLACE,
  BPF_TC_INGRESS,
  BPF_TCX_EGRESS,
  BPF_TCX_INGRESS,
  LINK_OPTIONS,
  TC_HOOK,
  TC_OPTIONS,
  type TcFunctions,
} from './ffi/libbpf.ts';
import { errnoName, errnoNumber } from './ffi/libc.ts';
import { goneError } from './gone-error.ts';
import type { KernelProgram, LoadedProgram } from './load.ts';
import { privilegeError } from './load-error.ts';
import { RuntimeError } from './runtime-error.ts';
import { hasFilters } from './tc-filters.ts';
import { programsText, tcxChain } from './tcx-chain.ts';

const FIRST_PRIORITY = 1;
const ANY_PRIORITY = 0;

/** Other programs and filters of the interface stay, and go on with what passes. @throws RuntimeError PKT6005, PKT6013, PKT6015 */
export function attachTc(loaded: LoadedProgram, place: InterfacePlace): Attachment {
  const { ifname, ifindex } = place;
  const about = { place: ifname, ifname, ifindex };
  const [first, ...others] = loaded.programs;
  if (first === undefined) throw new Error('there is no program to attach');
  const link = createLink(loaded, ifindex, first);
  if (link === -errnoNumber('EINVAL')) return attachClsact(loaded, place);
  if (link < 0) throw attachError(ifname, -link);
  const rest = holdAll([first, ...others], (program) => {
    if (program === first) return linkHold(loaded, link, first);
    const next = createLink(loaded, ifindex, program);
    if (next < 0) throw attachError(ifname, -next);
    return linkHold(loaded, next, program);
  });
  return attachmentOf(loaded, { ...about, mode: 'tcx', note: othersFirst(loaded, place) }, rest);
}

/** A program that comes later is asked later, and only about what those before it let go on. */
function othersFirst(loaded: LoadedProgram, { ifname, ifindex }: InterfacePlace): string | null {
  const { libbpf, libc } = loaded.internals;
  const notes = loaded.programs.flatMap(({ at, id }) => {
    const chain = at === 'tc egress' || at === 'tc ingress' ? tcxChain(libbpf, libc, ifindex, at) : null;
    const first = chain?.slice(
      0,
      chain.findIndex((one) => one.id === id),
    );
    return first === undefined || first.length === 0 ? [] : [`${programsText(first)} at ${at}`];
  });
  return notes.length === 0 ? null : `what is ahead on \`${ifname}\` decides first: ${notes.join('; ')}`;
}

function createLink(loaded: LoadedProgram, ifindex: number, { at, fd }: KernelProgram): number {
  const where = at === 'tc egress' ? BPF_TCX_EGRESS : BPF_TCX_INGRESS;
  return loaded.internals.libbpf.link_create(fd, ifindex, where, allocate(LINK_OPTIONS).bytes);
}

/**
 * As filters, for kernels before 6.6. When this process is killed they stay: the kernel knows no owner.
 * @throws RuntimeError PKT6005, PKT6013, PKT6015
 */
export function attachClsact(loaded: LoadedProgram, { ifname, ifindex }: InterfacePlace): Attachment {
  const { tc } = loaded.internals.libbpf;
  if (tc === null) {
    throw new RuntimeError('PKT6013', 'this libbpf is too old to attach to traffic control', {
      help: 'install libbpf 0.6 or newer',
    });
  }
  const disc = holdDiscipline(loaded, tc, { ifname, ifindex });
  try {
    const filters = holdAll(loaded.programs, (program) => holdFilter(tc, { ifname, ifindex }, program));
    const note = `filters of \`clsact\`, as this kernel has no TCX: should this process be killed, \`tc qdisc del dev ${ifname} clsact\` takes them off`;
    const about = { place: ifname, ifname, ifindex, mode: 'clsact' as const, note };
    return attachmentOf(loaded, about, [...filters, disc]);
  } catch (error) {
    disc.release();
    throw error;
  }
}

/** The discipline that filters hang on: made where there is none, and taken away again if nobody else has come to use it. */
function holdDiscipline(loaded: LoadedProgram, tc: TcFunctions, { ifname, ifindex }: InterfacePlace): Hold {
  const hook = hookOf(ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
  const made = tc.hook_create(hook);
  if (made < 0 && made !== -errnoNumber('EEXIST')) throw attachError(ifname, -made);
  return {
    program: null,
    swap: () => 0,
    gone: () => false,
    pin: null,
    release() {
      if (made >= 0 && !hasFilters(loaded.internals.libc, ifindex)) tc.hook_destroy(hook);
    },
  };
}

function holdFilter(tc: TcFunctions, { ifname, ifindex }: InterfacePlace, program: KernelProgram): Hold {
  const hook = hookOf(ifindex, program.at === 'tc egress' ? BPF_TC_EGRESS : BPF_TC_INGRESS);
  const filter = (priority: number) => {
    const options = allocate(TC_OPTIONS);
    options.set('prog_fd', program.fd);
    options.set('priority', priority);
    return { options, result: tc.attach(hook, options.bytes) };
  };
  // Ahead of the others, as a TCX program is; where their first is of another kind, the kernel chooses a place behind them.
  const first = filter(FIRST_PRIORITY);
  const { options, result } = first.result < 0 ? filter(ANY_PRIORITY) : first;
  if (result < 0) throw attachError(ifname, -result);
  const place = () => {
    const same = allocate(TC_OPTIONS);
    same.set('handle', options.get('handle'));
    same.set('priority', options.get('priority'));
    return same;
  };
  let held = program;
  return {
    get program() {
      return held;
    },
    swap(next) {
      const filter = place();
      filter.set('prog_fd', next.fd);
      filter.set('flags', BPF_TC_F_REPLACE);
      const swapped = tc.attach(hook, filter.bytes);
      if (swapped === 0) held = next;
      return swapped;
    },
    gone: () => tc.query(hook, place().bytes) < 0,
    pin: null,
    release: () => void tc.detach(hook, place().bytes),
  };
}

function hookOf(ifindex: number, attachPoint: number): Uint8Array {
  const hook = allocate(TC_HOOK);
  hook.set('ifindex', ifindex);
  hook.set('attach_point', attachPoint);
  return hook.bytes;
}

function attachError(ifname: string, errno: number): RuntimeError {
  const name = errnoName(errno);
  if (name === 'EPERM') return privilegeError();
  if (name === 'ENODEV') return goneError(ifname);
  return new RuntimeError('PKT6013', `cannot attach to \`${ifname}\` (${name})`, { help: 'run `pktc doctor`' });
}
