/** What comes in at an interface while something happens, as tcpdump writes it down. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkEnd } from './environment.ts';

/** @param read what to make of the file, before it is removed */
export async function captureIncoming<T>(
  end: NetworkEnd,
  work: () => Promise<void>,
  read: (file: string) => T,
  filter: readonly string[] = [],
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'pktc-incoming-'));
  try {
    const file = join(directory, 'in.pcap');
    const args = ['-i', end.ifname, '-Q', 'in', '-n', '-U', '-s', '0', '-Z', 'root', '-w', file, ...filter];
    const child = end.spawn('tcpdump', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit');
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', (data: Buffer) => {
        said += data.toString();
        if (said.includes('listening on')) resolve();
      });
      child.once('exit', () => reject(new Error(`tcpdump: ${said}`)));
    });
    await work();
    // It hands over what it has every so often; a frame that came just now must not be missed.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    child.kill('SIGINT');
    await ended;
    return read(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
