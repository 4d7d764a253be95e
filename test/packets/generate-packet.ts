/** Random frames: well-formed ones of every kind that the language tells apart, and what is left of them after an accident. */
import { filler, pad } from './build-packet.ts';
import { generateFrame } from './generate-frame.ts';
import { ipv4Datagram, ipv6Datagram } from './generate-network.ts';
import type { Generation } from './generation.ts';
import { type Hints, NO_HINTS } from './hints.ts';
import { placeRawReads } from './place-raw-reads.ts';
import type { Random } from './random.ts';

export interface PacketOptions {
  readonly hints?: Hints;
  /** BPF_PROG_TEST_RUN takes no frame shorter than an Ethernet header. */
  readonly minLength?: number;
  /** BPF_PROG_TEST_RUN takes no frame longer than a page less what the kernel keeps there. */
  readonly maxLength?: number;
}

const LONGEST_FOR_TEST_RUN = 3400;

export function generatePacket(random: Random, options: PacketOptions = {}): Uint8Array {
  const { hints = NO_HINTS, minLength = 0, maxLength = LONGEST_FOR_TEST_RUN } = options;
  const frame = random.chance(0.03)
    ? random.bytes(random.int(minLength, 120))
    : damage(random, placeRawReads(random, generateFrame(generationAt(random, hints, 0)), hints), hints);
  const length = Math.min(Math.max(frame.length, minLength), maxLength);
  return pad(frame.subarray(0, length), length);
}

/** A tunnel in a tunnel is the last: what that carries is filler. */
const DEEPEST = 2;

function generationAt(random: Random, hints: Hints, depth: number): Generation {
  return {
    random,
    hints,
    depth,
    carry(link) {
      if (depth === DEEPEST) {
        return filler(random.int(0, 40));
      }
      const inner = generationAt(random, hints, depth + 1);
      const packet = { ethernet: generateFrame, ipv4: ipv4Datagram, ipv6: ipv6Datagram }[link](inner);
      return random.chance(0.06) ? packet.subarray(0, random.int(0, 40)) : packet;
    },
  };
}

/** Leaves most frames alone. */
function damage(random: Random, frame: Uint8Array, hints: Hints): Uint8Array {
  const lengths = (hints.numbers.get('len') ?? []).filter((length) => length <= LONGEST_FOR_TEST_RUN);
  if (lengths.length > 0 && random.chance(0.3)) {
    const length = random.pick(lengths);
    return pad(frame.subarray(0, length), length);
  }
  return random.weighted<() => Uint8Array>([
    [76, () => frame],
    [10, () => mutate(random, frame)],
    [14, () => frame.subarray(0, random.int(0, Math.min(frame.length, 140)))],
  ])();
}

function mutate(random: Random, frame: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(frame);
  for (let left = random.int(1, 4); left > 0 && changed.length > 0; left--) {
    // Headers matter more than payload, and the type fields most.
    const at = random.chance(0.2) ? random.int(12, 23) : random.int(0, Math.min(changed.length, 90) - 1);
    if (at < changed.length) {
      changed[at] = random.chance(0.5) ? random.int(0, 255) : (changed[at] ?? 0) ^ (1 << random.int(0, 7));
    }
  }
  return changed;
}
