/** What Wireshark's tools say about a capture file: the oracle for our reader and writer. */
import { execFileSync } from 'node:child_process';
import { fromHex } from '../packets/build-packet.ts';

export interface OracleFrame {
  readonly time_ns: bigint;
  readonly data: Uint8Array;
  readonly original_len: number;
}

/** Time, length and bytes of every frame. */
export function framesOfTshark(path: string): readonly OracleFrame[] {
  const fields = ['frame.time_epoch', 'frame.len'].flatMap((field) => ['-e', field]);
  const rows = run('tshark', '-n', '-r', path, '-T', 'fields', ...fields);
  const raw = run('tshark', '-n', '-r', path, '-T', 'jsonraw');
  const bytes = (JSON.parse(raw) as { _source: { layers: { frame_raw: [string] } } }[]).map((packet) =>
    fromHex(packet._source.layers.frame_raw[0]),
  );
  return rows
    .split('\n')
    .filter((row) => row !== '')
    .map((row, at) => {
      const [time = '', length = ''] = row.split('\t');
      const [seconds = '0', fraction = ''] = time.split('.');
      return {
        time_ns: BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')),
        data: bytes[at] ?? new Uint8Array(),
        original_len: Number(length),
      };
    });
}

export function convert(from: string, to: string, format: string): void {
  run('editcap', '-F', format, from, to);
}

/** Standard error is dropped: tshark warns about being run by root. */
function run(command: string, ...parameters: readonly string[]): string {
  return execFileSync(command, parameters, { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Why the oracle cannot be asked; null: it can. */
export function wiresharkMissing(): string | null {
  try {
    run('tshark', '--version');
    run('editcap', '--version');
    return null;
  } catch {
    return '`tshark` and `editcap` (Debian package tshark) are not installed';
  }
}
