/** Part of a program's rings for another thread of this process: descriptors are the same there, objects with functions are not. */
import type { EventLayout } from './event-decoder.ts';
import type { Libc } from './ffi/libc.ts';
import type { EventSource, RingDescriptor } from './kernel-program.ts';

/** Plain data. */
export interface PartOfEvents {
  /** Tells programs apart: of all their parts it is the same. */
  readonly program: number;
  /** Their descriptors belong to whoever gets this. */
  readonly rings: readonly RingDescriptor[];
  readonly ring_bytes: number;
  readonly layout: EventLayout;
  readonly names: readonly (string | null)[];
}

export function programOf({ rings }: EventSource): number {
  return rings[0]?.id ?? 0;
}

/** null: there are more parts than rings. @param part counts from 0 */
export function partOfEvents(libc: Libc, events: EventSource, part: number, parts: number): PartOfEvents | null {
  const rings = events.rings.filter((_, index) => index % parts === part);
  if (rings.length === 0) return null;
  return {
    program: programOf(events),
    rings: rings.map(({ fd, id }) => ({ fd: libc.dup(fd), id })),
    ring_bytes: events.ring_bytes,
    layout: events.layout,
    names: events.namesBySlot(),
  };
}

export interface ReceivedEvents extends EventSource {
  readonly program: number;
  setNames(names: readonly (string | null)[]): void;
  /** Of the descriptors. What reads them has its own. */
  close(): void;
}

/** In the other thread. */
export function receiveEvents(libc: Libc, { program, rings, ring_bytes, layout, names: first }: PartOfEvents): ReceivedEvents {
  let names = first;
  return {
    program,
    rings,
    ring_bytes,
    record_bytes: layout.record_bytes,
    time_at: layout.at.time_ns,
    layout,
    // Which rule of the manifest it is, is for those who have the manifest.
    names: { ruleAt: () => -1, nameAt: (slot) => names[slot] ?? null },
    namesBySlot: () => names,
    namesChanged: new Set(),
    setNames(changed) {
      names = changed;
    },
    close() {
      for (const { fd } of rings) libc.close(fd);
    },
  };
}
