/** XDP beside the programs of others: libxdp's dispatcher calls one after the other, as long as each lets the packet pass. */
import { type AttachMode, heldError, type InterfacePlace, isDriverRefusal } from './attach-xdp.ts';
import { type Attachment, attachmentOf, type Hold } from './attachment.ts';
import { type DispatchedProgram, withoutPrefix } from './dispatched-program.ts';
import { isLeftOver, removeMark } from './dispatcher-mark.ts';
import { captureMessages } from './ffi/libbpf.ts';
import { errnoName } from './ffi/libc.ts';
import { type Libxdp, XDP_MODE_NATIVE, XDP_MODE_SKB } from './ffi/libxdp.ts';
import { goneError } from './gone-error.ts';
import type { KernelProgram, LoadedProgram } from './load.ts';
import { privilegeError } from './load-error.ts';
import { RuntimeError } from './runtime-error.ts';
import { programsText } from './tcx-chain.ts';
import { DISPATCHER, findHolder, OUR_PROGRAM, programOn } from './xdp-holder.ts';
import { withoutSending } from './xdp-sending.ts';

type Mode = 'native' | 'generic';

const MODES: Readonly<Record<Mode, number>> = { native: XDP_MODE_NATIVE, generic: XDP_MODE_SKB };

/** One of those that a dispatcher calls. */
interface Called {
  readonly id: number;
  readonly name: string | null;
}

/**
 * Joins the dispatcher that is there, in its mode, or makes one. What a killed run of pktc has left in it is taken out first. The others stay as
 * they are, now and when this one leaves: each time another dispatcher takes the place of the one before, at once.
 * @throws RuntimeError PKT6005, PKT6011, PKT6015, PKT6122
 */
export function attachDispatcher(
  loaded: LoadedProgram,
  dispatched: DispatchedProgram,
  place: InterfacePlace,
  mode: AttachMode,
): Attachment {
  const [program] = loaded.programs;
  if (program === undefined) throw new Error('there is no program to attach');
  const left = takeOutLeftOver(loaded, dispatched, place);
  const joined = join(loaded, dispatched, place, mode);
  const { ifname, ifindex } = place;
  const notes = [
    ...(left.length === 0 ? [] : [`taken out, as a run of pktc that was killed had left it: ${programsText(left)}`]),
    ...orderOf(calledOn(dispatched.libxdp, ifindex), program),
    ...(joined === 'native' ? sendingNotes(loaded, ifname) : ['the dispatcher runs in generic mode, which is slower']),
  ];
  const about = { place: ifname, ifname, ifindex, mode: 'dispatcher' as const };
  const note = notes.length === 0 ? null : `\`${ifname}\`: ${notes.join('; ')}`;
  return attachmentOf(loaded, { ...about, note }, [holdIn(loaded, dispatched, program, ifindex, MODES[joined])]);
}

function join(loaded: LoadedProgram, { libxdp, handle }: DispatchedProgram, place: InterfacePlace, mode: AttachMode): Mode {
  const { ifname, ifindex } = place;
  const said: string[] = [];
  const modes = modesFor(loaded, place, mode);
  for (const one of modes) {
    const result = captureMessages(libxdp, loaded.internals.libc, said, () => libxdp.attach(handle, ifindex, MODES[one]));
    if (result >= 0) return one;
    if (one === modes.at(-1) || !isDriverRefusal(-result)) throw refusal(ifname, -result, said);
  }
  throw new Error('there is no mode to attach in');
}

/** @throws RuntimeError PKT6011, PKT6122 */
function modesFor(loaded: LoadedProgram, { ifname, ifindex }: InterfacePlace, mode: AttachMode): readonly Mode[] {
  const { libbpf } = loaded.internals;
  if (programOn(libbpf, ifindex) !== null) {
    const holder = findHolder(libbpf, ifindex);
    if (holder?.programName !== DISPATCHER || holder.mode === 'hardware') throw heldError(holder, ifname);
    if (mode === 'auto' || mode === holder.mode) return [holder.mode];
    throw new RuntimeError('PKT6122', `the dispatcher on \`${ifname}\` is attached in ${holder.mode} mode`, {
      help: `leave \`--mode ${mode}\` out: a program in a dispatcher runs as the dispatcher does`,
    });
  }
  if (mode !== 'auto') return [mode];
  return sendingNotes(loaded, ifname).length === 0 ? ['native', 'generic'] : ['generic'];
}

function sendingNotes({ manifest, internals: { libc } }: LoadedProgram, ifname: string): readonly string[] {
  const silent = withoutSending(libc, manifest, ifname);
  return silent === null ? [] : [`\`${silent}\` sends from native XDP only while its peer has an XDP program`];
}

/** Programs of runs of pktc that are dead, and were to end with them. */
function takeOutLeftOver(
  { internals: { libbpf, libc } }: LoadedProgram,
  { libxdp, root }: DispatchedProgram,
  { ifindex }: InterfacePlace,
): readonly Called[] {
  const ours = calledOn(libxdp, ifindex).filter(({ name, id }) => name === OUR_PROGRAM && isLeftOver(libc, root, id));
  return ours.filter(({ id }) => {
    const mode = programOn(libbpf, ifindex)?.mode;
    const handle = libxdp.program_from_id(id);
    if (handle === null || libxdp.error_of(handle) < 0 || mode === undefined || mode === 'hardware') return false;
    const out = libxdp.detach(handle, ifindex, MODES[mode]) >= 0;
    libxdp.program_close(handle);
    if (out) removeMark(root, id);
    return out;
  });
}

/** In the order of their calls; empty: there is no dispatcher of libxdp. */
function calledOn(libxdp: Libxdp, ifindex: number): readonly Called[] {
  const dispatcher = libxdp.dispatcher_of(ifindex);
  if (dispatcher === null || libxdp.error_of(dispatcher) < 0) return [];
  const called: Called[] = [];
  for (let one = libxdp.next_program(null, dispatcher); one !== null; one = libxdp.next_program(one, dispatcher)) {
    called.push({ id: libxdp.program_id(one), name: libxdp.program_name(one) });
  }
  libxdp.dispatcher_close(dispatcher);
  return called;
}

function orderOf(called: readonly Called[], { id }: KernelProgram): readonly string[] {
  const at = called.findIndex((one) => one.id === id);
  const ahead = called.slice(0, Math.max(0, at));
  const behind = called.slice(at + 1);
  return [
    ...(ahead.length === 0 ? [] : [`what is ahead decides first: ${programsText(ahead)}`]),
    ...(behind.length === 0 ? [] : [`what the rules pass goes on to ${programsText(behind)}`]),
  ];
}

function holdIn(
  { internals: { libbpf, libc } }: LoadedProgram,
  { libxdp, handle }: DispatchedProgram,
  program: KernelProgram,
  ifindex: number,
  mode: number,
): Hold {
  const there = () => programOn(libbpf, ifindex)?.id ?? null;
  let known = there();
  /** Others come and leave, and each time the dispatcher is another program. */
  const gone = () => {
    const now = there();
    if (now === known) return now === null;
    const inside = calledOn(libxdp, ifindex).some(({ id }) => id === program.id);
    // It may have been replaced while it was read.
    if (!inside && there() !== now) return false;
    if (inside) known = now;
    return !inside;
  };
  return {
    program,
    swap: () => -1,
    gone,
    pin: null,
    release() {
      captureMessages(libxdp, libc, [], () => libxdp.detach(handle, ifindex, mode));
    },
  };
}

function refusal(ifname: string, errno: number, said: readonly string[]): RuntimeError {
  const name = errnoName(errno);
  if (name === 'EPERM') return privilegeError();
  if (name === 'ENODEV') return goneError(ifname);
  if (name === 'E2BIG') {
    return new RuntimeError('PKT6122', `the dispatcher on \`${ifname}\` has as many programs as it can have`, {
      help: 'take one out, or put several rule files into one with `include`',
    });
  }
  const reason = said.map(withoutPrefix).at(-1);
  return new RuntimeError(
    'PKT6122',
    `the dispatcher on \`${ifname}\` does not take the program (${name})${reason ? `: ${reason}` : ''}`,
    {
      help: `look at it with \`xdp-loader status ${ifname}\`; a dispatcher of bpfman, or one with names on another BPF file system (\`LIBXDP_BPFFS\`), cannot be joined`,
      libbpfLog: said.join('\n'),
    },
  );
}
