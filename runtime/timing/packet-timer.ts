/**
 * What a program costs a packet, as the kernel measures it (BPF_PROG_TEST_RUN with `repeat`, net/bpf/test_run.c): its mean over
 * some ten thousand packets of a trace, each copied into place by a driver that then calls the program as it is.
 */
import { allocate, type Libbpf, openLibbpf, TEST_RUN_OPTIONS } from '../ffi/libbpf.ts';
import { errnoName, LITTLE_ENDIAN, openLibc, stableMemory } from '../ffi/libc.ts';
import { RuntimeError } from '../runtime-error.ts';
import {
  areEven,
  DRIVE,
  type Driver,
  EVEN_BYTES,
  FLOOD,
  FLOOR_PARSE,
  FLOOR_RUN,
  loadDriver,
  PACKET_BYTES_MAX,
  readClock,
  stateBytes,
  TRACE_PACKETS_MAX,
  traceBytes,
  writeMap,
} from './driver.ts';

/** The program under test by its descriptor, or one of the floors. */
export type Timed = number | 'floor run' | 'floor parse';

export interface Passes {
  /** From the one packet to before the other; absent: all of the trace. */
  readonly part?: readonly [first: number, end: number];
  /**
   * Each pass has other sources, within their /16 networks of IPv4 and /112 of IPv6, so that each packet is of a flow of its own.
   * Only for packets of one length.
   */
  readonly flood?: boolean;
}

export interface PacketTimer extends Disposable {
  /** Packets in the trace. */
  readonly packets: number;
  /**
   * Mean nanoseconds a packet over `repeat` packets of the trace or a few more, again and again: at least twice, the first of which
   * is for warming up. A call takes some 20 ms longer than the packets do.
   */
  time(timed: Timed, repeat: number, passes?: Passes): number;
  close(): void;
}

/**
 * @param object what `buildDriver` made for packets of one length, or of any
 * @param frames at least one; Ethernet, 14 to 2,048 bytes
 * @throws RuntimeError
 */
export function openPacketTimer(object: Uint8Array, frames: readonly Uint8Array[], even: boolean): PacketTimer {
  if (frames.length < 1 || frames.length > TRACE_PACKETS_MAX) throw new Error(`a trace of ${frames.length} packets`);
  if (even && !areEven(frames)) throw new Error(`a packet has not ${EVEN_BYTES} bytes`);
  const libc = openLibc();
  const libbpf = openLibbpf();
  const driver = loadDriver(libbpf, libc, object);
  try {
    writeMap(libbpf, driver.map('pktc_bench_trace'), traceBytes(frames, even));
  } catch (error) {
    driver.close();
    throw error;
  }
  const time = createTime(libbpf, driver, frames.length, even ? EVEN_BYTES : PACKET_BYTES_MAX);
  let open = true;
  const close = () => {
    if (open) driver.close();
    open = false;
  };
  return { packets: frames.length, time, close, [Symbol.dispose]: close };
}

/**
 * The driver's clock: from the end of the first pass, in which all caches are still those of what ran before, to that of the last. The kernel's
 * own figure has the first pass in it and no fractions, but not the time that others had the processor: it is taken where they had.
 *
 * @param kernel_ns a packet, rounded down
 */
function perPacket(clock_ns: number, kernel_ns: number, passes: number, packets: number): number {
  const wasInterrupted = clock_ns > (kernel_ns + 1) * passes * packets;
  return wasInterrupted ? kernel_ns + 0.5 : clock_ns / ((passes - 1) * packets);
}

function createTime(libbpf: Libbpf, driver: Driver, packets: number, bytes: number): PacketTimer['time'] {
  const fds = { 'floor run': driver.program(FLOOR_RUN), 'floor parse': driver.program(FLOOR_PARSE) };
  const [state, call] = [driver.map('pktc_bench_state'), driver.map('pktc_bench_call')];
  const options = allocate(TEST_RUN_OPTIONS);
  const input = stableMemory(bytes);
  let called: Timed | null = null;
  let sources = 0;
  return (timed, repeat, { part: [first, end] = [0, packets], flood = false } = {}) => {
    if (called !== timed) {
      const value = new Uint8Array(4);
      new DataView(value.buffer).setInt32(0, typeof timed === 'number' ? timed : fds[timed], LITTLE_ENDIAN);
      writeMap(libbpf, call, value);
      called = timed;
    }
    const part = end - first;
    const passes = Math.max(2, Math.ceil(repeat / part));
    writeMap(libbpf, state, stateBytes(first, end, passes, sources));
    if (flood) sources += passes;
    options.set('data_in', input.address);
    options.set('data_size_in', input.bytes.length);
    // The kernel writes the length of the result here, and next time would take it for the room there is.
    options.set('data_size_out', 0);
    options.set('repeat', passes * part);
    const result = libbpf.prog_test_run_opts(driver.program(flood ? FLOOD : DRIVE), options.bytes);
    if (result < 0) throw new RuntimeError('PKT6009', `the kernel did not run the program (${errnoName(-result)})`);
    if (options.get('retval') === 0) throw new Error('the driver did not come to the program');
    return perPacket(readClock(libbpf, state), options.get('duration'), passes, part);
  };
}
