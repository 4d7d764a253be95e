/** `-w` of `pktc run`, and what goes with it. */
import { countFromOption, durationFromOption } from './duration.ts';
import { EXIT } from './exit-code.ts';
import { Failure } from './failure.ts';
import type { PacketFileOptions } from './packet-file.ts';
import { STDIN } from './rule-source.ts';
import { sizeFromOption } from './size.ts';

/** As much as has the headers of nearly every packet. */
const SNAP_LENGTH = 256;
const SNAP_LENGTH_MIN = 64;
/** More than a usual frame. Before Linux 5.18 verifiers walk the copying in XDP byte by byte, so it is not without bounds. */
const SNAP_LENGTH_MAX = 2048;
/** A file has room for its headers and for the largest packet several times. */
const LEAST_SIZE = { bytes: 64 << 10, shown: '64K' } as const;

export const PACKET_FILE_OPTIONS = {
  write: {
    alias: 'w',
    type: 'string',
    nargs: 1,
    requiresArg: true,
    describe: 'write what `log` reports as packets into this pcapng file too, which must be new',
  },
  snaplen: {
    type: 'string',
    requiresArg: true,
    describe: `with -w: bytes of each packet, ${SNAP_LENGTH_MIN} to ${SNAP_LENGTH_MAX}; by default ${SNAP_LENGTH}`,
  },
  'rotate-size': { type: 'string', requiresArg: true, describe: 'with -w: begin another file ahead of this size: 100M, 2G' },
  'rotate-time': { type: 'string', requiresArg: true, describe: 'with -w: begin another file after this time: 1h' },
  'rotate-keep': { type: 'string', requiresArg: true, describe: 'with -w: keep so many files, the newest' },
  overwrite: { type: 'boolean', default: false, describe: 'with -w: replace a file that is there' },
} as const;

export interface PacketFileChoices {
  readonly write: string | undefined;
  readonly snaplen: string | undefined;
  readonly 'rotate-size': string | undefined;
  readonly 'rotate-time': string | undefined;
  readonly 'rotate-keep': string | undefined;
  readonly overwrite: boolean;
}

/** null: no packets are written. @param rules what is run: a file, or null. @throws Failure */
export function packetFileOptions(choices: PacketFileChoices, rules: string | null): PacketFileOptions | null {
  const usage = (message: string, help: string) => new Failure(message, { exit: EXIT.usage, help });
  const { write, snaplen, 'rotate-size': size, 'rotate-time': time, 'rotate-keep': keep, overwrite } = choices;
  const rotates = size !== undefined || time !== undefined;
  if (write === undefined) {
    const alone = Object.entries({ snaplen, 'rotate-size': size, 'rotate-time': time, 'rotate-keep': keep, overwrite });
    const [first] = alone.find(([, value]) => value !== undefined && value !== false) ?? [];
    if (first !== undefined) throw usage(`\`--${first}\` is about the file of \`-w\``, 'name one: `-w trace.pcapng`');
    return null;
  }
  // Given twice, it is a list.
  if (typeof write !== 'string' || write === STDIN || write === '' || write.includes('\0')) {
    throw usage('`-w` takes the name of a file', 'name one: `-w trace.pcapng`');
  }
  if (rules?.endsWith('.bpf.o')) {
    throw usage('what `pktc compile` made records no bytes of packets for `-w`', 'give `run` the rule file');
  }
  if (keep !== undefined && !rotates) {
    throw usage(
      '`--rotate-keep` says how many files stay',
      'say when another begins: `--rotate-size 100M`, `--rotate-time 1h`',
    );
  }
  return {
    file: write,
    snapLength: snaplen === undefined ? SNAP_LENGTH : snapLength(snaplen),
    overwrite,
    rotateSize_bytes: size === undefined ? null : sizeFromOption('--rotate-size', size, LEAST_SIZE),
    rotateTime_ms: time === undefined ? null : durationFromOption('--rotate-time', time),
    keep: keep === undefined ? null : countFromOption('--rotate-keep', keep),
  };
}

function snapLength(text: string): number {
  const value = countFromOption('--snaplen', text);
  if (value >= SNAP_LENGTH_MIN && value <= SNAP_LENGTH_MAX) return value;
  throw new Failure(`\`--snaplen\` takes bytes from ${SNAP_LENGTH_MIN} to ${SNAP_LENGTH_MAX}`, { exit: EXIT.usage });
}
