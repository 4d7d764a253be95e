/** What goes over the wire, as tcpdump and tshark see it: the judge of what the program says. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkEnd } from './environment.ts';

export interface WireFrame {
  readonly length: number;
  readonly src: string | null;
  readonly dst: string | null;
  readonly proto: number | null;
  readonly sport: number | null;
  readonly dport: number | null;
  /** The eight TCP flags. */
  readonly flags: number | null;
}

export interface Capture {
  /** Everything that left this end since, in order. */
  stop(): Promise<readonly WireFrame[]>;
}

/** Records the frames that leave one end, as they arrive at the other. */
export async function startCapture(end: NetworkEnd): Promise<Capture> {
  const directory = mkdtempSync(join(tmpdir(), 'pktc-wire-'));
  const file = join(directory, 'wire.pcap');
  const args = ['-i', end.ifname, '-Q', 'out', '-n', '-U', '-s', '0', '-Z', 'root', '-w', file];
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
  return {
    async stop() {
      // It hands over what it has every so often; a frame sent just now must not be missed.
      await new Promise((resolve) => setTimeout(resolve, 1200));
      child.kill('SIGINT');
      await ended;
      try {
        if (!/\b0 packets dropped by kernel/.test(said)) throw new Error(`tcpdump lost packets: ${said}`);
        return dissect(file);
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  };
}

const FIELDS = ['frame.len', 'ip.src', 'ipv6.src', 'ip.dst', 'ipv6.dst', 'ip.proto', 'ipv6.nxt', 'tcp.flags'] as const;
const PORTS = ['tcp.srcport', 'udp.srcport', 'tcp.dstport', 'udp.dstport'] as const;

function dissect(file: string): readonly WireFrame[] {
  const fields = [...FIELDS, ...PORTS].flatMap((field) => ['-e', field]);
  const text = execFileSync(
    'tshark',
    ['-n', '-r', file, '-T', 'fields', '-E', 'separator=;', '-E', 'occurrence=f', ...fields],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split(';');
      const first = (...names: readonly ((typeof FIELDS)[number] | (typeof PORTS)[number])[]) =>
        names.map((name) => cells[[...FIELDS, ...PORTS].indexOf(name)]).find((cell) => cell) ?? null;
      const number = (cell: string | null) => (cell === null ? null : Number(cell));
      const flags = number(first('tcp.flags'));
      return {
        length: Number(first('frame.len')),
        src: first('ip.src', 'ipv6.src'),
        dst: first('ip.dst', 'ipv6.dst'),
        proto: number(first('ip.proto', 'ipv6.nxt')),
        sport: number(first('tcp.srcport', 'udp.srcport')),
        dport: number(first('tcp.dstport', 'udp.dstport')),
        flags: flags === null ? null : flags & 0xff,
      };
    });
}
