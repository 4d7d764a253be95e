/**
 * Packets of a trace into the stack, as if they came in on an interface: a test run with live frames (BPF_F_TEST_XDP_LIVE_FRAMES,
 * Linux 5.18). The call returns when all of them have been dealt with.
 */
import { koffi } from '../ffi/koffi.ts';
import { allocate, openLibbpf, TEST_RUN_OPTIONS } from '../ffi/libbpf.ts';
import { errnoName, type Libc, openLibc, stableMemory } from '../ffi/libc.ts';
import { RuntimeError } from '../runtime-error.ts';
import { EVEN_BYTES, loadDriver, SEND, stateBytes, traceBytes, writeMap } from './driver.ts';

const BPF_F_TEST_XDP_LIVE_FRAMES = 2;
const CLOCK_THREAD_CPUTIME_ID = 3;
const BATCH = 64;

/** struct xdp_md */
const XDP_MD = koffi.struct({
  data: 'uint32_t',
  data_end: 'uint32_t',
  data_meta: 'uint32_t',
  ingress_ifindex: 'uint32_t',
  rx_queue_index: 'uint32_t',
  egress_ifindex: 'uint32_t',
});

export interface LiveSender extends Disposable {
  /**
   * @param ifindex in the network namespace that the caller is in; a receive queue of the interface has to have XDP (a veth: GRO on)
   * @returns nanoseconds of this thread's processor time: what others do meanwhile on a busy machine is not in them
   */
  send(ifindex: number, packets: number): number;
  close(): void;
}

/** @param object the driver for packets of one length. @param frames of that length. @throws RuntimeError */
export function openLiveSender(object: Uint8Array, frames: readonly Uint8Array[]): LiveSender {
  const libbpf = openLibbpf();
  const libc = openLibc();
  const driver = loadDriver(libbpf, libc, object);
  writeMap(libbpf, driver.map('pktc_bench_trace'), traceBytes(frames, true));
  const [program, state] = [driver.program(SEND), driver.map('pktc_bench_state')];
  const options = allocate(TEST_RUN_OPTIONS);
  const input = stableMemory(EVEN_BYTES);
  const context = allocate(XDP_MD);
  context.set('data_end', EVEN_BYTES);
  const contextIn = stableMemory(context.bytes.length);
  const send = (ifindex: number, packets: number) => {
    writeMap(libbpf, state, stateBytes(0, frames.length, 0));
    context.set('ingress_ifindex', ifindex);
    contextIn.bytes.set(context.bytes);
    options.set('data_in', input.address);
    options.set('data_size_in', EVEN_BYTES);
    options.set('ctx_in', contextIn.address);
    options.set('ctx_size_in', contextIn.bytes.length);
    options.set('repeat', packets);
    options.set('flags', BPF_F_TEST_XDP_LIVE_FRAMES);
    options.set('batch_size', BATCH);
    const start = cpuTime(libc);
    const result = libbpf.prog_test_run_opts(program, options.bytes);
    const took = cpuTime(libc) - start;
    if (result < 0) throw new RuntimeError('PKT6009', `the kernel did not send the packets (${errnoName(-result)})`);
    return took;
  };
  return { send, close: driver.close, [Symbol.dispose]: driver.close };
}

/** CLOCK_THREAD_CPUTIME_ID, in nanoseconds. */
function cpuTime(libc: Libc): number {
  const time = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
  return Number(time[0] ?? 0n) * 1e9 + Number(time[1] ?? 0n);
}
