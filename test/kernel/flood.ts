/** Packets as fast as the kernel can make them, on a CPU of their own: BPF_PROG_TEST_RUN repeated by another process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Flood {
  /** Lets it loose. */
  start(): void;
  /** When all frames have been run. */
  readonly done: Promise<void>;
}

/** Each frame has a number of its own, 32 bits of big endian. */
export interface Numbers {
  readonly at: number;
  readonly first: number;
}

export async function prepareFlood(
  programId: number | undefined,
  frame: Uint8Array,
  repeat: number,
  cpu: number,
  numbers: Numbers | null = null,
): Promise<Flood> {
  const here = (file: string) => new URL(file, import.meta.url).pathname;
  const hex = Buffer.from(frame).toString('hex');
  const node = [process.execPath, '--import', here('typescript-loader.mjs'), here('flood-process.ts')];
  const args = [
    '-c',
    String(cpu),
    ...node,
    String(programId),
    String(repeat),
    hex,
    ...(numbers === null ? [] : [String(numbers.at), String(numbers.first)]),
  ];
  const child = spawn('taskset', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const done = once(child, 'exit').then(([code]) => {
    if (code !== 0) throw new Error(`the flood ended with ${code}`);
  });
  await Promise.race([once(child.stdout, 'data'), done]);
  return { start: () => child.stdin.write('go\n'), done };
}
