/**
 * The process behind judge.ts: has a program that another process loaded judge packets one by one, as fast as it can, and holds each
 * verdict against those that the packet may get.
 */
import { createInterface } from 'node:readline';
import koffi from 'koffi';
import { allocate, openLibbpf, TEST_RUN_OPTIONS } from '../../runtime/ffi/libbpf.ts';
import { stableMemory } from '../../runtime/ffi/libc.ts';
import type { JudgedPacket } from './judge.ts';

const ROUND_PACKETS = 4096;

const [, , programId] = process.argv;
const input = createInterface(process.stdin)[Symbol.asyncIterator]();
const { value: packetsText } = await input.next();
const libbpf = openLibbpf();
const fd = libbpf.prog_get_fd_by_id(Number(programId));
const runs = (JSON.parse(packetsText) as JudgedPacket[]).map(({ hex, allowed }) => {
  const frame = stableMemory(hex.length / 2);
  frame.bytes.set(Buffer.from(hex, 'hex'));
  const options = allocate(TEST_RUN_OPTIONS);
  options.set('data_in', frame.address);
  options.set('data_size_in', frame.bytes.length);
  return { frame, options, allowed: new Set(allowed), verdicts: new Map<number, number>() };
});
let stopped = false;
let packets = 0;
let wrong = 0;

function round(): void {
  for (let turn = 0; turn < ROUND_PACKETS; turn++) {
    const run = runs[turn % runs.length];
    if (run === undefined) throw new Error('no packets');
    run.options.set('data_size_out', 0);
    if (libbpf.prog_test_run_opts(fd, run.options.bytes) < 0) throw new Error(`test run: ${koffi.errno()}`);
    const verdict = run.options.get('retval');
    run.verdicts.set(verdict, (run.verdicts.get(verdict) ?? 0) + 1);
    if (!run.allowed.has(verdict)) wrong++;
    packets++;
  }
  if (!stopped) return void setImmediate(round);
  const verdicts = runs.map((run) => Object.fromEntries(run.verdicts));
  process.stdout.write(`${JSON.stringify({ packets, wrong, verdicts })}\n`, () => process.exit(0));
}

process.stdout.write('ready\n');
void input.next().then(({ done }) => {
  if (done) process.exit(1);
  stopped = true;
});
setImmediate(round);
