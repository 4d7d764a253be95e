/** What is in the sets that rules fill, as packets come. Time comes with them: it never runs backwards here. */
import type { AddAction, DynamicSet } from '../2-resolve/program.ts';
import type { FieldValue } from './read-field.ts';

/** Elements by their values; nanoseconds until which each stays, null: until it is taken out. */
type Elements = Map<string, bigint | null>;

export interface SetContents {
  /** From now on it is this late. */
  readonly advance: (time_ns: bigint) => void;
  readonly has: (set: number, element: string) => boolean;
  /** `full`: it is not there, for the set has no room. An element that is there stays at least as long as it would have. */
  readonly add: (action: AddAction, element: string) => 'there' | 'full';
  /** How often a set was full, by place. */
  readonly refused: () => readonly bigint[];
}

const NS_PER_MS = 1_000_000n;

export function createSetContents(sets: readonly DynamicSet[]): SetContents {
  const contents = sets.map((): Elements => new Map());
  const refused = sets.map(() => 0n);
  let now_ns = 0n;
  const lives = (until_ns: bigint | null | undefined) => until_ns === null || (until_ns !== undefined && until_ns > now_ns);
  const add = ({ set, timeout_ms }: AddAction, element: string): 'there' | 'full' => {
    const elements = contents[set];
    const size = sets[set]?.size ?? 0;
    if (elements === undefined) return 'full';
    const until_ns = timeout_ms === null ? null : now_ns + BigInt(timeout_ms) * NS_PER_MS;
    const before = elements.get(element);
    if (lives(before)) {
      if (before !== null && before !== undefined && (until_ns === null || until_ns > before)) elements.set(element, until_ns);
      return 'there';
    }
    if (elements.size >= size) for (const [key, until] of elements) if (!lives(until)) elements.delete(key);
    if (elements.size >= size && !elements.has(element)) {
      refused[set] = (refused[set] ?? 0n) + 1n;
      return 'full';
    }
    elements.set(element, until_ns);
    return 'there';
  };
  return {
    advance(time_ns) {
      if (time_ns > now_ns) now_ns = time_ns;
    },
    has: (set, element) => lives(contents[set]?.get(element)),
    add,
    refused: () => refused,
  };
}

/** Where nothing has been added yet, as for a packet that is explained by itself. */
export const EMPTY_SETS: Pick<SetContents, 'has'> = { has: () => false };

/** The element that values of fields are; null: one of them is absent. */
export function elementOf(values: readonly (FieldValue | null)[]): string | null {
  if (values.includes(null)) return null;
  return values.map((value) => (typeof value === 'bigint' ? `6:${value.toString(16)}` : String(value))).join(' ');
}
