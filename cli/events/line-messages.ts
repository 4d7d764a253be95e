/** What the thread that prints and those that read rings and write lines tell each other. */
import type { PartOfEvents } from '../../runtime/handed-events.ts';

export type ToWorker =
  | {
      readonly kind: 'begin';
      readonly part: PartOfEvents | null;
      /** Where to begin, by identifiers of rings. */
      readonly positions: ReadonlyMap<number, number>;
      readonly clock_ns: bigint;
      /** Names of rules; null: all of them. */
      readonly only: readonly string[] | null;
      /** By ifindex. */
      readonly interfaces: ReadonlyMap<number, string>;
    }
  /** Another program has taken the place of the one before. */
  | { readonly kind: 'program'; readonly part: PartOfEvents | null; readonly change: number }
  /** Nothing more comes from those before that change. */
  | { readonly kind: 'settled'; readonly change: number }
  | { readonly kind: 'names'; readonly program: number; readonly names: readonly (string | null)[] }
  | { readonly kind: 'interfaces'; readonly interfaces: ReadonlyMap<number, string> }
  /** Lines have been printed; their memory comes back when nobody needs it any more. */
  | { readonly kind: 'printed'; readonly memory: ArrayBuffer | null }
  /** @see LineWorkers.finish */
  | { readonly kind: 'finish'; readonly drain: boolean };

export type FromWorker =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'lines' } & Lines)
  /** It has let go of everything. */
  | { readonly kind: 'done' };

export interface Lines {
  /** Whole lines, one an event; may be none. */
  readonly bytes: Uint8Array;
  readonly events: number;
  /** Of this worker, since it began. */
  readonly overtaken: number;
}
