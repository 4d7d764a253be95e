/** An artifact becomes a program in the kernel, whose rules can be changed while it is at work. */
import type { Artifact, Manifest } from './abi/manifest.ts';
import type { AnswerCounts } from './answers.ts';
import type { Attached } from './attachment.ts';
import { type Counts, createCarried } from './carried-counters.ts';
import type { RuleCounter } from './counters.ts';
import type { DispatchedProgram } from './dispatched-program.ts';
import type { DynamicSet } from './dynamic-set.ts';
import type { Libbpf } from './ffi/libbpf.ts';
import type { Libc } from './ffi/libc.ts';
import {
  type AttachableProgram,
  type EventSource,
  type InKernel,
  type LoadOptions,
  loadIntoKernel,
  type ProgramData,
} from './kernel-program.ts';
import {
  type ChangeKeeper,
  foreseenObstacle,
  type Obstacle,
  obstacleTo,
  type Replacement,
  replaceData,
} from './replace-rules.ts';
import { switchAttachments } from './switch-program.ts';
import type { TestRun } from './test-run.ts';

export type { AnswerCounts } from './answers.ts';
export type { RuleCounter } from './counters.ts';
export type { DynamicSet, SetElement, SetState } from './dynamic-set.ts';
export type { AttachableProgram as KernelProgram, EventSource, LoadOptions } from './kernel-program.ts';
export type { Obstacle, Replacement } from './replace-rules.ts';
export type { Outcome, TestPacket, TestRun, TestRunResult } from './test-run.ts';

export interface LoadedProgram extends Disposable {
  /** Of the rules that are at work now. */
  readonly manifest: Manifest;
  /** One a place, in the order of the manifest: at least one. Others after a switch. */
  readonly programs: readonly AttachableProgram[];
  /**
   * One a rule of `manifest`, in its order, the last one for packets that no verdict caught; in packets and bytes of whole frames.
   * A rule that lives on through changes (its identity is the same) has counted since it first came, a new one since it came.
   */
  counters(): readonly RuleCounter[];
  /** Each call of the result gives the rules that have counted a packet since the call before, or since now: indexes, ascending. */
  watchCounters(): () => readonly number[];
  /** Since this program was loaded or switched to; null: nothing is rejected. */
  answers(): AnswerCounts | null;
  readonly testRun: TestRun;
  /** Sets that the program fills, in the order of the manifest; of other rules after a switch, which keeps sets that both have. */
  readonly sets: readonly DynamicSet[];
  /** Empties the sets and sets the clock of test runs back: of a program that is loaded `offline`. */
  forget(): void;
  /**
   * Tells the program which interfaces there are now, where rules ask for them by name. Attaching does so, too. Returns how many there was
   * no room for: rules that ask for a name do not match there.
   */
  refreshInterfaces(): number;
  /**
   * Other rules for the same program, without the compiler and the verifier: only where rules are data, and where they fit. Each packet
   * is judged by the old rules or the new ones, whole; resolves when the new ones are at work, some milliseconds after it began. One
   * change happens after the other. When it rejects, or says what is in the way, nothing has changed.
   * @throws RuntimeError PKT6003, PKT6004, PKT6008, PKT6014; Error when the program is closed
   */
  replace(artifact: Artifact): Promise<Replacement>;
  /**
   * Loads another program and puts it in the place of this one wherever it is attached, one attachment after the other, each at once
   * and without a gap; counters of rules that live on are carried over, and event streams go on with the new program's events. When it
   * rejects, nothing has changed. Blocks for the time that the verifier takes, and some 10 ms for each attachment.
   * @throws RuntimeError PKT6041 when it cannot take this one's place; else as `loadArtifact`; Error when the program is closed
   */
  switchTo(artifact: Artifact): Promise<void>;
  /** `replace` where that can be, else `switchTo`. @throws RuntimeError as they do */
  update(artifact: Artifact): Promise<'replaced' | 'switched'>;
  /** Detaches the program everywhere, ends its event streams and unloads it. May be called again. */
  close(): void;
  /** For the rest of the runtime. @throws Error when the program is closed */
  readonly internals: Internals;
}

export interface Internals {
  readonly libbpf: Libbpf;
  readonly libc: Libc;
  /** null: no rule logs. */
  readonly events: EventSource | null;
  /** A ring has one reading position, so one reader; the result lets the next one in. @throws Error when there is one. */
  claimEvents(): () => void;
  /** Calls back when other events take the place of these; `settled` resolves when nothing more comes from these. */
  followEvents(follow: (events: EventSource | null, settled: Promise<void>) => void): () => void;
  /** `close` is called before the program goes, unless the result is called first. */
  own(close: () => void): () => void;
  /** Where the program is attached. */
  readonly attached: Set<Attached>;
  /** What the user should know about how the program was loaded; empty: nothing. */
  readonly notes: readonly string[];
  /** As `InKernel` has them. */
  readonly maps: ReadonlyMap<string, number>;
  readonly stride: number;
  /** null: the rules are compiled in. */
  readonly data: ProgramData | null;
  /** null: the program has its hook for itself. */
  readonly dispatched: DispatchedProgram | null;
  /** What keeps other rules from being data for this program; null: nothing. */
  obstacleTo(next: Artifact): Obstacle | null;
}

/** Of a program that other processes can have, too. */
export interface Shared {
  readonly keeper: ChangeKeeper | null;
  /** What programs before it counted. */
  readonly counts: Counts;
}

/** @throws RuntimeError with a code PKT6xxx; nothing is left behind in the kernel then. */
export function loadArtifact(artifact: Artifact, options: LoadOptions = {}): LoadedProgram {
  return loadedProgram(loadIntoKernel(artifact, options), options);
}

/** A program in the kernel as the rest of the runtime knows it, and what changes its rules. */
export function loadedProgram(first: InKernel, options: LoadOptions, shared?: Shared): LoadedProgram {
  let current = first;
  const carried = createCarried(shared?.counts);
  const keeper = shared?.keeper ?? null;
  const ownership = createOwnership(() => {
    carried.close();
    current.close();
  });
  const followers = new Set<(events: EventSource | null, settled: Promise<void>) => void>();
  const attached = new Set<Attached>();
  const claimEvents = createClaim();
  const { whileOpen, own } = ownership;
  const queue = createQueue(whileOpen);

  const replace = async (next: Artifact): Promise<Replacement> => {
    const obstacle = obstacleTo(current, next);
    return obstacle === null ? replaceData(current, next, keeper) : { replaced: false, obstacle };
  };
  const switchTo = async (next: Artifact): Promise<void> => {
    const old = current;
    const loaded = loadIntoKernel(next, options, old);
    try {
      loaded.interfaces?.refresh();
      keeper?.programLoaded(loaded, next);
      switchAttachments(attached, loaded, keeper?.switched);
    } catch (error) {
      loaded.close();
      throw error;
    }
    old.retired = true;
    current = loaded;
    const settled = carried.take(old);
    for (const follow of followers) follow(loaded.events, settled);
  };
  return {
    get manifest() {
      return current.rules.manifest;
    },
    get programs() {
      return current.programs;
    },
    counters: () => whileOpen(() => carried.addTo(current.rules.manifest, readCounters(current))),
    watchCounters: () => whileOpen(() => watchRules(() => current, whileOpen)),
    answers: () => whileOpen(() => current.answers()),
    get sets() {
      return whileOpen(() => current.sets);
    },
    forget: () => whileOpen(() => current.forget()),
    refreshInterfaces: () => whileOpen(() => current.interfaces?.refresh() ?? 0),
    testRun: (frame, packet) => whileOpen(() => current.testRun(frame, packet)),
    replace: (next) => queue(() => replace(next)),
    switchTo: (next) => queue(() => switchTo(next)),
    update: (next) => queue(() => replaceElse(replace, switchTo, next)),
    close: ownership.close,
    [Symbol.dispose]: ownership.close,
    get internals() {
      return whileOpen(() => ({
        ...partsOf(current),
        claimEvents,
        followEvents(follow: (events: EventSource | null, settled: Promise<void>) => void) {
          followers.add(follow);
          return () => void followers.delete(follow);
        },
        own,
        attached,
      }));
    },
  };
}

async function replaceElse(
  replace: (next: Artifact) => Promise<Replacement>,
  switchTo: (next: Artifact) => Promise<void>,
  next: Artifact,
): Promise<'replaced' | 'switched'> {
  if ((await replace(next)).replaced) return 'replaced';
  await switchTo(next);
  return 'switched';
}

/** What the rest of the runtime uses of a program that may have another in its place tomorrow. */
function partsOf(inKernel: InKernel) {
  const { libbpf, libc, events, maps, stride, data, notes, dispatched } = inKernel;
  return {
    libbpf,
    libc,
    events,
    maps,
    stride,
    data,
    notes,
    dispatched,
    obstacleTo: (next: Artifact) => foreseenObstacle(inKernel, next),
  };
}

function readCounters({ counters, rules }: InKernel): readonly RuleCounter[] {
  return counters.read(rules.slots);
}

function watchRules(current: () => InKernel, whileOpen: <T>(work: () => T) => T): () => readonly number[] {
  let watched = current();
  let changed = watched.counters.watch();
  return () =>
    whileOpen(() => {
      if (watched !== current()) {
        watched = current();
        changed = watched.counters.watch();
      }
      const { slots } = watched.rules;
      const rules = changed().flatMap((slot) => {
        const rule = slots.ruleAt(slot);
        return rule < 0 ? [] : [rule];
      });
      return rules.sort((a, b) => a - b);
    });
}

/** Changes of the rules, one after the other. */
function createQueue(whileOpen: <T>(work: () => T) => T): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(() => whileOpen(work));
    last = next.catch(() => {});
    return next;
  };
}

function createClaim(): () => () => void {
  let taken = false;
  return () => {
    if (taken) throw new Error('the events of this program are being read already');
    taken = true;
    return () => {
      taken = false;
    };
  };
}

interface Ownership {
  whileOpen<T>(work: () => T): T;
  own(close: () => void): () => void;
  close(): void;
}

/** What uses the program is closed before it, last come first. */
function createOwnership(release: () => void): Ownership {
  const owned = new Set<() => void>();
  let open = true;
  const check = () => {
    if (!open) throw new Error('the program is closed');
  };
  return {
    whileOpen(work) {
      check();
      return work();
    },
    own(close) {
      check();
      owned.add(close);
      return () => owned.delete(close);
    },
    close() {
      if (!open) return;
      open = false;
      for (const close of [...owned].reverse()) close();
      release();
    },
  };
}
