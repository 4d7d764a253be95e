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
  const wanted = action === 'replace' ? set.pick() : null;
  if (wanted !== null) {
    const count = [...lists.values()].reduce((sum, list) => sum + list.count, 0);
    if (count + set.state().elements > set.about.size) {
      for (const list of lists.values()) for (let index = 0; index < list.count; index++) wanted.add(list.at(index));
      done.deleted = set.flush(wanted);
    }
  }
  for (const [own_ms, list] of lists) {
    const lasts_ms = own_ms ?? time_ms ?? set.about.timeout_ms;
    const change = set.change(lasts_ms === null ? null : BigInt(Math.round(lasts_ms)) * NS_PER_MS, wanted);
    for (let index = 0; index < list.count; index++) {
      const words = list.at(index);
      if (action === 'del') {
        if (set.delete(words)) done.deleted += 1;
        else done.missing += 1;
        continue;
      }
      const came = change.add(words);
      done[came === 'stays' ? 'extended' : came] += 1;
    }
  }
  if (wanted !== null) done.deleted += set.flush(wanted);
  return done;
}
