import { filler } from './build-packet.ts';
import type { Generation } from './generation.ts';
import type { PatternHint } from './hints.ts';
import type { Random } from './random.ts';

const LONGEST_PAYLOAD = 3200;

/** Bytes for behind a transport header, with what the rules look for in them. */
export function generatePayload(generation: Generation): Uint8Array {
  const { random, hints } = generation;
  const payload = random.chance(0.5) ? filler(payloadLength(generation)) : random.bytes(payloadLength(generation));
  for (let left = hints.patterns.length > 0 ? random.int(0, 3) : 0; left > 0; left--) {
    const pattern = random.pick(hints.patterns);
    const bytes = patternBytes(random, pattern);
    const start = patternStart(random, pattern, payload.length);
    if (start >= 0 && start < payload.length) {
      payload.set(bytes.subarray(0, payload.length - start), start);
    }
  }
  return payload;
}

function payloadLength({ random, hints }: Generation): number {
  const wanted = (hints.numbers.get('payload.len') ?? []).filter((length) => length <= LONGEST_PAYLOAD);
  if (wanted.length > 0 && random.chance(0.5)) {
    return random.pick(wanted);
  }
  const text = hints.patterns.length > 0 || hints.raw.length > 0;
  return random.weighted([
    [text ? 8 : 30, 0],
    [50, random.int(1, 40)],
    [text ? 45 : 15, random.int(40, 600)],
    [5, random.int(600, 1480)],
  ]);
}

/** Now and then in another case, and now and then not quite. */
function patternBytes(random: Random, { bytes, nocase }: PatternHint): Uint8Array {
  const otherCase = random.chance(nocase ? 0.7 : 0.15);
  const written = Uint8Array.from(bytes, (byte) => (otherCase && random.chance(0.5) ? swapCase(byte) : byte));
  if (random.chance(0.15)) {
    const at = random.int(0, written.length - 1);
    written[at] = (written[at] ?? 0) ^ (1 << random.int(0, 7));
  }
  return written;
}

function swapCase(byte: number): number {
  const letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return letter ? byte ^ 0x20 : byte;
}

/** Somewhere, at the beginning or end, or where the search ends. */
function patternStart(random: Random, { bytes, within }: PatternHint, length: number): number {
  const last = length - bytes.length;
  return random.weighted([
    [40, random.int(0, Math.max(0, last))],
    [20, last],
    [10, last + 1],
    [10, 0],
    [20, within - bytes.length + random.int(-1, 1)],
  ]);
}
