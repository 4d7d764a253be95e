/** Packets one by one as fast as another process can have them judged, each verdict held against those that it may be. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface JudgedPacket {
  readonly hex: string;
  /** As the program returns them. */
  readonly allowed: readonly number[];
}

export interface Judgement {
  readonly packets: number;
  /** Packets that got another verdict than those allowed. */
  readonly wrong: number;
  /** How often each verdict, by packet. */
  readonly verdicts: readonly Readonly<Record<string, number>>[];
}

export interface Judge {
  stop(): Promise<Judgement>;
}

/** Judges from when this resolves, on the last CPU. */
export async function startJudge(programId: number, packets: readonly JudgedPacket[], cpu: number): Promise<Judge> {
  const here = (file: string) => new URL(file, import.meta.url).pathname;
  const node = [process.execPath, '--import', here('typescript-loader.mjs'), here('judge-process.ts')];
  const args = ['-c', String(cpu), ...node, String(programId)];
  const child = spawn('taskset', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(`${JSON.stringify(packets)}\n`);
  const exit = once(child, 'exit');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await Promise.race([once(child.stdout, 'data'), exit]);
  return {
    async stop() {
      child.stdin.write('stop\n');
      const [code] = await exit;
      if (code !== 0) throw new Error(`the judge ended with ${code}`);
      return JSON.parse(text.slice(text.indexOf('{'))) as Judgement;
    },
  };
}
