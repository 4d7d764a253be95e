/** Elements go into a set, or out of it. All of them have been read before. */
import type { DynamicSet } from '../../runtime/load.ts';
import type { ElementLists } from './read-elements.ts';

export interface Done {
  readonly added: number;
  /** They were there, and stay at least as long. */
  readonly extended: number;
  readonly deleted: number;
  /** They were not there. */
  readonly missing: number;
  /** There was no room for them. */
  readonly full: number;
}

const NS_PER_MS = 1_000_000n;

/**
 * `replace` puts the new elements in and takes the others out then, so a packet finds old and new ones meanwhile; where the set has no
 * room for both, the others are taken out first.
 * @param time_ms for elements that have none of their own; null: the set's
 */
export function applyChange(
  set: DynamicSet,
  action: 'ls' | 'add' | 'del' | 'flush' | 'replace',
  lists: ElementLists,
  time_ms: number | null,
): Done {
  const done = { added: 0, extended: 0, deleted: 0, missing: 0, full: 0 };
  if (action === 'flush') return { ...done, deleted: set.flush() };
  const wanted = new Set<string>();
  if (action === 'replace') {
    for (const list of lists.values()) for (const words of list) wanted.add(words.join());
    const kept = (words: readonly number[]) => wanted.has(words.join());
    if (wanted.size + set.state().elements > set.about.size) done.deleted = set.flush(kept);
  }
  for (const [own_ms, list] of lists) {
    const lasts_ms = own_ms ?? time_ms ?? set.about.timeout_ms;
    const change = set.change(lasts_ms === null ? null : BigInt(Math.round(lasts_ms)) * NS_PER_MS);
    for (const words of list) {
      if (action === 'del') {
        if (set.delete(words)) done.deleted += 1;
        else done.missing += 1;
        continue;
      }
      const came = change.add(words);
      done[came === 'stays' ? 'extended' : came] += 1;
    }
  }
  if (action === 'replace') done.deleted += set.flush((words) => wanted.has(words.join()));
  return done;
}
