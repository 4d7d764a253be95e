/** A program at work, for as long as whoever started it wants. */
import type { Artifact, VerdictName } from '../runtime/abi/manifest.ts';
import { type AttachedMode, type AttachMode, type Attachment, attachAll, attachCgroup } from '../runtime/attach.ts';
import type { PacketEvent } from '../runtime/event-decoder.ts';
import { type EventStream, openEvents } from '../runtime/events.ts';
import { expandPatterns } from '../runtime/interfaces.ts';
import { type LoadedProgram, loadArtifact } from '../runtime/load.ts';

/** Interfaces for most hooks, a control group for the hooks of that name. */
export type RunOptions = {
  /** For XDP; else `auto`: in the driver where it can. */
  readonly mode?: AttachMode;
  /** Ends the run as `stop` does. */
  readonly signal?: AbortSignal;
} & (
  | {
      /** Names, and patterns such as `veth*`. */
      readonly interfaces: readonly string[];
    }
  | {
      /** A path, or one below the cgroup2 mount. */
      readonly cgroup: string;
    }
);

export interface Place {
  /** Name of the interface, or path of the control group. */
  readonly place: string;
  /** null: a control group. */
  readonly ifindex: number | null;
  readonly mode: AttachedMode;
  /** What should be known about the mode; null: nothing. */
  readonly note: string | null;
}

export interface RuleCounts {
  /** null: the default, for packets that no rule decided about. */
  readonly rule: string | null;
  /** null: the rule only observes. */
  readonly verdict: VerdictName | null;
  readonly packets: bigint;
  /** Of whole frames, from the Ethernet header on. */
  readonly bytes: bigint;
  /** Events that the program wrote. */
  readonly logged: bigint;
  /** Events that it could not write, because they were read too slowly. */
  readonly lost: bigint;
}

export interface LiveProgram extends AsyncIterable<PacketEvent>, AsyncDisposable {
  readonly places: readonly Place[];
  /** One a rule, in order, the default last. Rules that live on through `update` count on. */
  counters(): readonly RuleCounts[];
  /**
   * Other rules take over without a gap: each packet is judged by the old ones or the new ones, whole. When it rejects, nothing has
   * changed. `replaced`: only data was written. `switched`: another program took the place of this one.
   * @throws RuntimeError
   */
  update(rules: { readonly artifact: Artifact }): Promise<'replaced' | 'switched'>;
  /** Detaches. Iterations get what had been logged until then, and end. May be called again. */
  stop(): void;
  /** Why iterations end; null: they go on. `gone`: every interface it was attached to went away. */
  readonly ended: 'stopped' | 'gone' | null;
}

const GONE_INTERVAL_MS = 200;
/** How soon the program knows an interface that has come, or has got another name. */
const REFRESH_INTERVAL_MS = 1_000;

/**
 * Loads a program and attaches it everywhere or nowhere. Events are in order; iterating twice at a time shares them out. A reader
 * that is too slow costs no memory: the program counts what it `lost`. It detaches when this process ends, however it ends.
 * @throws RuntimeError with a code PKT6xxx, a message and `help`; nothing is left behind then
 */
export async function run(rules: { readonly artifact: Artifact }, options: RunOptions): Promise<LiveProgram> {
  const { mode = 'auto', signal } = options;
  signal?.throwIfAborted();
  const loaded = loadArtifact(rules.artifact);
  try {
    const attachments =
      'cgroup' in options
        ? [attachCgroup(loaded, options.cgroup)]
        : attachAll(loaded, expandPatterns(options.interfaces), mode);
    return liveProgram(loaded, attachments, openEvents(loaded), signal ?? null);
  } catch (error) {
    loaded.close();
    throw error;
  }
}

function liveProgram(
  loaded: LoadedProgram,
  attachments: readonly Attachment[],
  stream: EventStream,
  signal: AbortSignal | null,
): LiveProgram {
  const rest: PacketEvent[] = [];
  let ended: LiveProgram['ended'] = null;
  const end = (reason: 'stopped' | 'gone') => {
    if (ended !== null) return;
    ended = reason;
    for (const timer of timers) clearInterval(timer);
    signal?.removeEventListener('abort', stop);
    for (const attachment of attachments) attachment.close();
    for (let batch = stream.read(); batch.length > 0; batch = stream.read()) rest.push(...batch);
    stream.close();
  };
  const stop = () => end('stopped');
  const timers = [
    setInterval(() => attachments.every((one) => one.gone()) && end('gone'), GONE_INTERVAL_MS),
    setInterval(() => loaded.refreshInterfaces(), REFRESH_INTERVAL_MS),
  ];
  signal?.addEventListener('abort', stop);
  return {
    places: attachments.map(({ place, ifindex, mode, note }) => ({ place, ifindex, mode, note })),
    counters: () => countsOf(loaded),
    update: ({ artifact }) => loaded.update(artifact),
    stop,
    get ended() {
      return ended;
    },
    async *[Symbol.asyncIterator]() {
      for await (const batch of stream) yield* batch;
      yield* rest.splice(0);
    },
    async [Symbol.asyncDispose]() {
      stop();
      loaded.close();
    },
  };
}

function countsOf(loaded: LoadedProgram): readonly RuleCounts[] {
  const { rules, default_verdict } = loaded.manifest;
  return loaded.counters().map((counter, index) => {
    const rule = rules[index];
    return { rule: rule?.name ?? null, verdict: rule === undefined ? default_verdict : rule.verdict, ...counter };
  });
}
