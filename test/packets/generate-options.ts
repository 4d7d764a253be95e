import { concat, filler, integer, option } from './build-packet.ts';
import { type Generation, number } from './generation.ts';

const LONGEST = 40;

/** Up to 40 bytes of IPv4 or TCP options: mostly well-formed ones, with what the rules mention among them. */
export function generateOptions(generation: Generation, field: 'ip.options' | 'tcp.option'): Uint8Array {
  const { random, hints } = generation;
  const wanted = hints.kinds.get(field) ?? [];
  const asked = wanted.length > 0 || (field === 'tcp.option' && hints.numbers.has('tcp.mss'));
  if (!random.chance(asked ? 0.8 : 0.25)) {
    return new Uint8Array();
  }
  if (random.chance(0.1)) {
    return random.bytes(random.int(1, 10) * 4);
  }
  const parts: Uint8Array[] = [];
  for (let left = random.int(1, 6); left > 0; left--) {
    const kind = wanted.length > 0 && random.chance(0.5) ? random.pick(wanted) : random.pick(USUAL[field]);
    parts.push(oneOption(generation, field, kind));
  }
  return concat(...parts).subarray(0, LONGEST);
}

const USUAL = {
  'ip.options': [0, 1, 7, 68, 130, 131, 136, 137, 148, 255],
  'tcp.option': [0, 1, 1, 2, 2, 3, 4, 5, 8, 19, 28, 29, 30, 34, 254],
} as const;

const SEGMENT_SIZE = 2;

function oneOption(generation: Generation, field: string, kind: number): Uint8Array {
  const { random } = generation;
  if (kind < 2 && random.chance(0.9)) {
    return integer(kind, 1);
  }
  // Too short, or longer than what is left.
  if (random.chance(0.1)) {
    return concat(integer(kind, 1), integer(random.pick([0, 1, 2, 3, 5, 39, 40, 41, 255]), 1), filler(random.int(0, 4)));
  }
  if (field === 'tcp.option' && kind === SEGMENT_SIZE && random.chance(0.85)) {
    return option(kind, integer(number(generation, 'tcp.mss', 0xffff), 2));
  }
  return option(kind, random.bytes(random.pick([0, 1, 2, 2, 8, 10])));
}
