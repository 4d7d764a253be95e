/** The process behind flood.ts: runs a program that another process loaded, over and over, on the CPU it was put on. */
import koffi from 'koffi';
import { allocate, openLibbpf, TEST_RUN_OPTIONS } from '../../runtime/ffi/libbpf.ts';
import { stableMemory } from '../../runtime/ffi/libc.ts';

const [, , programId, repeat, hex = '', at, first] = process.argv;
const libbpf = openLibbpf();
const fd = libbpf.prog_get_fd_by_id(Number(programId));
const frame = stableMemory(hex.length / 2);
frame.bytes.set(Buffer.from(hex, 'hex'));
const options = allocate(TEST_RUN_OPTIONS);
options.set('data_in', frame.address);
options.set('data_size_in', frame.bytes.length);
const view = new DataView(frame.bytes.buffer);
const runAll = () => {
  if (at === undefined) {
    options.set('repeat', Number(repeat));
    return libbpf.prog_test_run_opts(fd, options.bytes);
  }
  options.set('repeat', 1);
  for (let number = 0; number < Number(repeat); number++) {
    view.setUint32(Number(at), Number(first) + number);
    const result = libbpf.prog_test_run_opts(fd, options.bytes);
    if (result < 0) return result;
  }
  return 0;
};
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  const result = runAll();
  // Its memory is freed when nothing speaks of it any more, and the kernel has but the address.
  frame.bytes.fill(0);
  if (result < 0) throw new Error(`test run: ${koffi.errno()}`);
  process.exit(0);
});
