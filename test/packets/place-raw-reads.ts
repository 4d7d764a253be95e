import { dissectCarried, dissectFrame } from '../../compiler/interpret/dissect.ts';
import { integer } from './build-packet.ts';
import type { Hints, RawHint } from './hints.ts';
import type { Random } from './random.ts';

/**
 * The frame with some of the bytes that the rules read put where they read them. Only where to write comes from the interpreter: a
 * wrong place would make a less useful packet, and no wrong answer.
 */
export function placeRawReads(random: Random, frame: Uint8Array, hints: Hints): Uint8Array {
  if (hints.raw.length === 0 || random.chance(0.2)) {
    return frame;
  }
  const changed = Uint8Array.from(frame);
  const all = random.chance(0.6);
  const intoTunnel = hints.tunnels && random.chance(0.5);
  for (const hint of hints.raw) {
    if (all || random.chance(0.4)) {
      const outer = dissectFrame(changed);
      const { stretches } = (intoTunnel ? dissectCarried(outer) : null) ?? outer;
      const stretch = stretches[hint.base === 'tail' ? 'payload' : hint.base];
      const start = stretch && (hint.base === 'tail' ? stretch.end - hint.offset : stretch.start + hint.offset);
      if (stretch !== undefined && start !== undefined && start >= stretch.start && start + hint.size <= stretch.end) {
        changed.set(integer(valueFor(random, hint, all), hint.size), start);
      }
    }
  }
  return changed;
}

function valueFor(random: Random, { size, values, exact }: RawHint, wanted: boolean): number {
  const whole = 256 ** size - 1;
  if (exact.length > 0 && wanted) {
    const { value, mask } = random.pick(exact);
    const free = BigInt(whole) & ~BigInt(mask) & random.bigint(8 * size);
    return Number(BigInt(value) | free);
  }
  const fitting = values.filter((value) => value <= whole);
  return fitting.length > 0 ? random.pick(fitting) : random.int(0, whole);
}
