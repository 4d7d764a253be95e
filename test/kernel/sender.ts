/** Frames from one end of a network, one after the other without an end, by another process. */
import { once } from 'node:events';
import type { NetworkEnd } from './environment.ts';

export interface Sender {
  /** How many of each frame it has sent. */
  stop(): Promise<readonly number[]>;
}

/** Sends from when this resolves. */
export async function startSender(end: NetworkEnd, frames: readonly Uint8Array[]): Promise<Sender> {
  const hexes = frames.map((frame) => Buffer.from(frame).toString('hex'));
  const script = new URL('sender.mjs', import.meta.url).pathname;
  const child = end.spawn(process.execPath, [script, String(end.ifindex), ...hexes], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await Promise.race([child.stdout === null ? exit : once(child.stdout, 'data'), exit]);
  return {
    async stop() {
      child.stdin?.write('stop\n');
      const [code] = await exit;
      if (code !== 0) throw new Error(`the sender ended with ${code}`);
      return JSON.parse(text.slice(text.indexOf('['))) as number[];
    },
  };
}
