/** Running a loaded program on a frame that never was on a wire (BPF_PROG_TEST_RUN, net/bpf/test_run.c). */
import { allocate, type Libbpf, TEST_RUN_OPTIONS } from './ffi/libbpf.ts';
import { errnoName, stableMemory } from './ffi/libc.ts';
import { RuntimeError } from './runtime-error.ts';

export interface TestRunResult {
  /** enum xdp_action: 1 drop, 2 pass. */
  readonly returnValue: number;
  readonly duration_ns: number;
}

/**
 * Runs the program once, as if the frame had come in on the loopback interface. It counts and logs as for any other packet.
 * @param frame from the Ethernet header on, at least 14 bytes: the kernel takes no less.
 * @throws RuntimeError PKT6009 when the kernel does not take the frame.
 */
export type TestRun = (frame: Uint8Array) => TestRunResult;

const ETHERNET_HEADER_BYTES = 14;
const FIRST_FRAME_BYTES = 4096;

/** @param guard refuses when the program is closed. */
export function createTestRun(libbpf: Libbpf, programFd: number, guard: <T>(work: () => T) => T): TestRun {
  const options = allocate(TEST_RUN_OPTIONS);
  let memory = stableMemory(FIRST_FRAME_BYTES);
  options.set('data_in', memory.address);
  const run = (frame: Uint8Array) => {
    if (frame.length > memory.bytes.length) {
      memory = stableMemory(frame.length);
      options.set('data_in', memory.address);
    }
    memory.bytes.set(frame);
    options.set('data_size_in', frame.length);
    // The kernel writes the length of the result here, and next time would take it for the room there is.
    options.set('data_size_out', 0);
    const result = libbpf.prog_test_run_opts(programFd, options.bytes);
    if (result < 0) throw testRunError(-result, frame.length);
    return { returnValue: options.get('retval'), duration_ns: options.get('duration') };
  };
  return (frame) => guard(() => run(frame));
}

function testRunError(errno: number, length: number): RuntimeError {
  const why = length < ETHERNET_HEADER_BYTES ? `is shorter than an Ethernet header` : `was refused (${errnoName(errno)})`;
  return new RuntimeError('PKT6009', `the kernel cannot run the program on this frame: with ${length} bytes it ${why}`, {
    help: 'run it in the interpreter: `pktc replay --engine interpreter`',
  });
}
