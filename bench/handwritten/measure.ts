/** Nanoseconds a packet of programs that know nothing of it: `driver.bpf.c` puts the packets of a trace in front of each. */
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { type KernelObject, loadObject, mapArray, testRunOf } from './kernel-program.ts';
import { FRAME_BYTES, TRACE_PACKETS } from './trace.ts';

/** BPF_F_XDP_HAS_FRAGS; programs that call each other have it all, or none has it. */
export const XDP_HAS_FRAGS = 1 << 5;

/** struct clock of driver.bpf.c */
const CLOCK = { cold: 0, next: 4, passes: 8, since: 16, pass_ns: 24, slots: 4096 } as const;

export type Heat = 'cold' | 'hot';

export interface Measured {
  /** One value a pass over the trace, or over one of its packets. */
  run(heat: Heat, passes: number): readonly number[];
  close(): void;
}

/** @param flags those with which the measured program was loaded */
export function measured(driver: Uint8Array, program: number | string, flags: number, trace: readonly Uint8Array[]): Measured {
  const object = loadObject(driver, { program: 'driver', flags });
  fillTrace(object, trace);
  const target = typeof program === 'number' ? program : object.program(program);
  const slot = new Uint8Array(new Uint32Array([target]).buffer);
  const result = openLibbpf().map_update_elem(object.map('measured'), new Uint8Array(4), slot, 0n);
  if (result < 0) throw new Error(`the driver cannot call the program (error ${-result})`);
  const drive = testRunOf(object.program('driver'));
  const frame = trace[0] ?? new Uint8Array(FRAME_BYTES);
  const memory = mapArray(object.map('passes'), CLOCK.pass_ns + 8 * CLOCK.slots);
  const clock = new DataView(memory.buffer);
  return {
    run(heat, passes) {
      for (const [at, value] of [
        [CLOCK.cold, heat === 'cold' ? TRACE_PACKETS - 1 : 0],
        [CLOCK.next, 0],
        [CLOCK.passes, 0],
      ] as const) {
        clock.setUint32(at, value, true);
      }
      clock.setBigUint64(CLOCK.since, 0n, true);
      // One more begins a pass that is not measured; the first is a warm-up.
      drive(frame, (passes + 1) * TRACE_PACKETS + 1);
      const times = Array.from({ length: passes + 1 }, (_, at) => Number(clock.getBigUint64(CLOCK.pass_ns + 8 * at, true)));
      return times.slice(1).map((time) => time / TRACE_PACKETS);
    },
    close() {
      memory.close();
      object.close();
    },
  };
}

function fillTrace(object: KernelObject, trace: readonly Uint8Array[]): void {
  const memory = mapArray(object.map('trace'), TRACE_PACKETS * FRAME_BYTES);
  const bytes = new Uint8Array(memory.buffer);
  for (const [at, frame] of trace.entries()) bytes.set(frame, at * FRAME_BYTES);
  memory.close();
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
