/** The options of IPv4 and TCP headers, as "Kinds" in `docs/packets.md` has it. */
import type { Extent } from './dissection.ts';

export interface Option extends Extent {
  readonly kind: number;
}

const END_OF_LIST = 0;
const NO_OPERATION = 1;

/** Every option whose kind counts, in order. One that leads out of the header ends with the header. */
export function walkOptions(bytes: Uint8Array, { start, end }: Extent): readonly Option[] {
  const options: Option[] = [];
  let at = start;
  while (at < end) {
    const kind = bytes[at] ?? END_OF_LIST;
    if (kind === END_OF_LIST) {
      break;
    }
    const length = kind === NO_OPERATION ? 1 : at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
    const broken = length === 0 || (length === 1 && kind !== NO_OPERATION) || at + length > end;
    options.push({ kind, start: at, end: broken ? end : at + length });
    if (broken) {
      break;
    }
    at += length;
  }
  return options;
}

const MAXIMUM_SEGMENT_SIZE = 2;

/** The value of the first maximum segment size option that has the length it must have. */
export function findSegmentSize(bytes: Uint8Array, options: readonly Option[]): Extent | null {
  const found = options.find(
    ({ kind, start, end }) => kind === MAXIMUM_SEGMENT_SIZE && end - start === 4 && bytes[start + 1] === 4,
  );
  return found === undefined ? null : { start: found.start + 2, end: found.end };
}
