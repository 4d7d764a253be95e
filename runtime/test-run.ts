/** Running a loaded program on a frame that never was on a wire (BPF_PROG_TEST_RUN, net/bpf/test_run.c). */
import type { AttachPoint } from './abi/manifest.ts';
import { allocate, type Libbpf, type Structure, TEST_RUN_OPTIONS } from './ffi/libbpf.ts';
import { errnoName, LITTLE_ENDIAN, stableMemory } from './ffi/libc.ts';
import type { InterfaceMap } from './interface-map.ts';
import type { TestClock } from './test-clock.ts';
import { ETHERNET_HEADER_BYTES, notTaken, testFrame } from './test-frame.ts';

/** What the program made of the packet, in one word for every hook. */
export type Outcome = 'pass' | 'drop' | 'transmit' | 'redirect';

export interface TestRunResult {
  /** As the kernel has it: enum xdp_action, TC_ACT_*, bytes to keep for a socket, 0 or 1 for a control group. */
  readonly returnValue: number;
  /** null: the program returned what has no meaning at its hook. */
  readonly outcome: Outcome | null;
  /** The packet's mark afterwards; null at XDP, which knows none. */
  readonly mark: number | null;
  /** The bytes afterwards, as far as the kernel gives them back; empty unless `output` asked for them. */
  readonly frame: Uint8Array;
  readonly duration_ns: number;
}

/** What is known of a packet besides its bytes. */
export interface TestPacket {
  /** `skb->mark`; default 0. XDP does not see it. */
  readonly mark?: number;
  /** Name of the interface, which need not exist; default null: none that the program knows. */
  readonly iface?: string | null;
  /** Which of several programs runs; default: the first. */
  readonly at?: AttachPoint;
  /** When it comes, in nanoseconds since some beginning, for programs with sets that were loaded `offline`; default: with the one before. */
  readonly time_ns?: bigint;
  /** Whether the bytes are wanted back. */
  readonly output?: boolean;
}

/**
 * Runs the program once, as if the frame had come in on the loopback interface. It counts and logs as for any other packet.
 *
 * @param frame from the Ethernet header on, at every hook: a program at a cgroup is given what follows the header and its VLAN
 * tags, which has to be IPv4 or IPv6. Other hooks than `socket` take no frame without an Ethernet header, and `tc` none whose IP
 * header is cut.
 * @throws RuntimeError PKT6009 when the kernel does not take the frame.
 */
export type TestRun = (frame: Uint8Array, packet?: TestPacket) => TestRunResult;

export interface TestProgram {
  readonly at: AttachPoint;
  readonly fd: number;
}

const FIRST_FRAME_BYTES = 4096;
/** Larger than any frame that the kernel takes here, and than what a program may put in front of it. */
const OUTPUT_BYTES = 128 << 10;
/** struct __sk_buff up to and with `mark`; the kernel takes the rest for zero. */
const CONTEXT_BYTES = 12;
const MARK_OFFSET = 8;
/** More than struct __sk_buff has on any kernel. */
const CONTEXT_OUT_BYTES = 512;

/** The program has to be open. */
export function createTestRun(
  libbpf: Libbpf,
  programs: readonly TestProgram[],
  interfaces: InterfaceMap | null,
  clock: TestClock | null = null,
): TestRun {
  const options = allocate(TEST_RUN_OPTIONS);
  const contextIn = stableMemory(CONTEXT_BYTES);
  const contextOut = stableMemory(CONTEXT_OUT_BYTES);
  let output: ReturnType<typeof stableMemory> | null = null;
  let memory = stableMemory(FIRST_FRAME_BYTES);
  const run = (frame: Uint8Array, { mark = 0, iface = null, at, output: wanted = false, time_ns }: TestPacket) => {
    const program = at === undefined ? programs[0] : programs.find((one) => one.at === at);
    if (program === undefined) throw new Error(`no program at ${at ?? 'any hook'}`);
    const bytes = testFrame(program.at, frame);
    if (bytes.length > memory.bytes.length) memory = stableMemory(bytes.length);
    memory.bytes.set(bytes);
    options.set('data_in', memory.address);
    options.set('data_size_in', bytes.length);
    if (wanted) output ??= stableMemory(OUTPUT_BYTES);
    options.set('data_out', wanted && output !== null ? output.address : 0n);
    // The kernel writes the length of the result here, and next time would take it for the room there is.
    options.set('data_size_out', wanted ? OUTPUT_BYTES : 0);
    const hasContext = program.at !== 'xdp';
    if (hasContext) {
      setContext(options, contextIn, contextOut);
      new DataView(contextIn.bytes.buffer).setUint32(MARK_OFFSET, mark, LITTLE_ENDIAN);
    }
    interfaces?.pretend(iface);
    if (time_ns !== undefined) clock?.advance(time_ns);
    const result = libbpf.prog_test_run_opts(program.fd, options.bytes);
    if (result < 0) throw testRunError(-result, frame.length);
    const returnValue = options.get('retval');
    return {
      returnValue,
      outcome: outcomeOf(program.at, returnValue),
      mark: hasContext ? new DataView(contextOut.bytes.buffer).getUint32(MARK_OFFSET, LITTLE_ENDIAN) : null,
      frame: output !== null && wanted ? output.bytes.slice(0, options.get('data_size_out')) : new Uint8Array(0),
      duration_ns: options.get('duration'),
    };
  };
  return (frame, packet = {}) => run(frame, packet);
}

type Memory = ReturnType<typeof stableMemory>;

function setContext(options: Structure, contextIn: Memory, contextOut: Memory): void {
  options.set('ctx_in', contextIn.address);
  options.set('ctx_size_in', CONTEXT_BYTES);
  options.set('ctx_out', contextOut.address);
  options.set('ctx_size_out', CONTEXT_OUT_BYTES);
}

/** enum xdp_action; TC_ACT_* of include/uapi/linux/pkt_cls.h, as unsigned numbers. */
const XDP_OUTCOMES: Readonly<Record<number, Outcome>> = { 1: 'drop', 2: 'pass', 3: 'transmit', 4: 'redirect' };
const TC_OUTCOMES: Readonly<Record<number, Outcome>> = { 4294967295: 'pass', 0: 'pass', 2: 'drop', 7: 'redirect' };
const CGROUP_OUTCOMES: Readonly<Record<number, Outcome>> = { 0: 'drop', 1: 'pass' };

/** What a return value means at a hook; null: nothing. */
export function outcomeOf(at: AttachPoint, returnValue: number): Outcome | null {
  if (at === 'socket') return returnValue === 0 ? 'drop' : 'pass';
  const outcomes = at === 'xdp' ? XDP_OUTCOMES : at.startsWith('tc ') ? TC_OUTCOMES : CGROUP_OUTCOMES;
  return outcomes[returnValue] ?? null;
}

function testRunError(errno: number, length: number): Error {
  const why = length < ETHERNET_HEADER_BYTES ? `is shorter than an Ethernet header` : `was refused (${errnoName(errno)})`;
  return notTaken(`with ${length} bytes it ${why}`);
}
