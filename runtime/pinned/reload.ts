/**
 * Other rules for a detached program. There is one moment at which the new rules hold: when the array of maps has their data, or, for
 * another program, when `current` names its edition. Everything is written down before; what is over is taken away after. A process that
 * is killed in between leaves what `recover` puts in order.
 */
import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { Artifact, Manifest } from '../abi/manifest.ts';
import { createDataMap } from '../data-store.ts';
import { openLibbpf } from '../ffi/libbpf.ts';
import { openLibc } from '../ffi/libc.ts';
import { ruleData } from '../kernel-program.ts';
import type { ChangeKeeper, Obstacle } from '../replace-rules.ts';
import { RuntimeError } from '../runtime-error.ts';
import { type DataSlots, nextSlots } from '../slots.ts';
import { lastCounted } from './counted.ts';
import { type Bpf, type Notes, pinEdition, pinRules, recordOf } from './edition.ts';
import { currentEdition, editionName, editionsOf, setCurrentEdition, UNFINISHED } from './entries.ts';
import { lockPinned, type PinnedLock } from './lock.ts';
import { nowBoot_ms, readPending, removePending, type Undo, writePending } from './pending.ts';
import { openFolder, type PinnedProgram } from './pinned-program.ts';
import { type Recovery, recover } from './recover.ts';

export interface ReloadOptions extends Notes {
  /** After so many milliseconds the rules from before come back, unless these are confirmed; null: they stay. */
  readonly confirm_ms: number | null;
}

export type Reloaded = { readonly before: Manifest } & (
  | { readonly how: 'replaced' }
  /** `why` the rules could not be data for the program that was there. */
  | { readonly how: 'switched'; readonly why: Obstacle }
);

/**
 * Every packet is judged by the rules from before or by these, whole; counters of rules that live on go on. When it rejects, nothing has changed.
 * @throws RuntimeError PKT6041, PKT6062, PKT6070; PKT6071 when a change before is not confirmed; else as `loadArtifact`
 */
export async function reloadPinned(root: string, name: string, artifact: Artifact, options: ReloadOptions): Promise<Reloaded> {
  const lock = await lockPinned(root, name);
  try {
    await recover(root, lock);
    const bpf: Bpf = { libbpf: openLibbpf(), libc: openLibc() };
    checkConfirmed(bpf, name, lock);
    try {
      return await change(bpf, lock.folder, artifact, options);
    } finally {
      await recover(root, lock);
    }
  } finally {
    lock.release();
  }
}

/** @throws RuntimeError PKT6071 */
function checkConfirmed(bpf: Bpf, name: string, { folder }: PinnedLock): void {
  if (readPending(bpf, folder) === null) return;
  throw new RuntimeError('PKT6071', `the rules of \`${name}\` are not confirmed yet`, {
    help: `keep them with \`pktc confirm ${name}\`, or put back those from before with \`pktc confirm ${name} --undo\``,
  });
}

async function change(bpf: Bpf, folder: string, artifact: Artifact, options: ReloadOptions): Promise<Reloaded> {
  const program: PinnedProgram = openFolder(
    folder,
    keeperFor(bpf, folder, options, () => program),
  );
  const before = program.loaded.manifest;
  try {
    const replacement = await program.loaded.replace(artifact);
    if (replacement.replaced) {
      await replacement.settled;
      return { how: 'replaced', before };
    }
    await program.loaded.switchTo(artifact);
    return { how: 'switched', why: replacement.obstacle, before };
  } finally {
    program.close();
  }
}

/** Writes down what is about to be. */
function keeperFor(bpf: Bpf, folder: string, options: ReloadOptions, program: () => PinnedProgram): ChangeKeeper {
  const { origin, sources, confirm_ms } = options;
  const current = currentEdition(folder);
  const note = (undo: Undo) => {
    if (confirm_ms !== null) writePending(bpf, folder, { undo, deadline_ms: nowBoot_ms(bpf.libc) + confirm_ms });
  };
  const edition = 1 + Math.max(lastCounted(bpf, folder), ...editionsOf(folder));
  return {
    dataMade(next, slots, map_fd) {
      const inside = path.join(folder, editionName(current));
      const { stride, data } = program().loaded.internals;
      if (confirm_ms !== null) {
        const back_to = prepareReturn(bpf, inside, program(), slots);
        note({ kind: 'data', edition: current, generation: slots.generation, back_to });
      }
      const placed = data && { room: data.store.room, slots };
      pinRules(bpf, inside, recordOf(next, stride, placed, origin), map_fd, sources);
    },
    programLoaded(next, made) {
      const unfinished = path.join(folder, `${UNFINISHED}${editionName(edition)}`);
      mkdirSync(unfinished, { mode: 0o700 });
      pinEdition(unfinished, next, made, { origin, sources });
      renameSync(unfinished, path.join(folder, editionName(edition)));
      note({ kind: 'edition', edition, back_to: current });
    },
    switched: () => setCurrentEdition(folder, edition),
  };
}

/**
 * The rules from before as the generation after the next: all of their counters are still theirs. To put them back takes no memory and
 * nothing that could fail.
 * @returns their generation
 */
function prepareReturn(bpf: Bpf, inside: string, program: PinnedProgram, slots: DataSlots): number {
  const { libbpf, libc } = bpf;
  const before = program.artifact();
  const { data, stride } = program.loaded.internals;
  const back = nextSlots(slots, before.manifest.rules, 0);
  if (data === null || before.data === null || back === null) throw new Error('there is nothing to come back to');
  const { room } = data.store;
  const fd = createDataMap(libbpf, libc, room.bytes, ruleData(before.manifest, before.data, back));
  try {
    pinRules(bpf, inside, recordOf(before, stride, { room, slots: back }, program.origin), fd, program.sources);
  } finally {
    libc.close(fd);
  }
  return back.generation;
}

export type Confirmation =
  /** There was nothing to confirm; `undone`: its time was over. */
  { readonly confirmed: false; readonly undone: Recovery['undone'] } | { readonly confirmed: true };

/** Keeps the change that was made last. @throws RuntimeError PKT6062, PKT6070; else as `recover` */
export async function confirmPinned(root: string, name: string): Promise<Confirmation> {
  const lock = await lockPinned(root, name);
  try {
    const { undone } = await recover(root, lock);
    const bpf: Bpf = { libbpf: openLibbpf(), libc: openLibc() };
    if (undone !== 'no' || readPending(bpf, lock.folder) === null) return { confirmed: false, undone };
    removePending(lock.folder);
    await recover(root, lock);
    return { confirmed: true };
  } finally {
    lock.release();
  }
}

/** Puts the change back that is not confirmed yet, before its time is over. @throws RuntimeError PKT6062, PKT6070; else as `recover` */
export async function undoPinned(root: string, name: string): Promise<Recovery> {
  const lock = await lockPinned(root, name);
  try {
    return await recover(root, lock, true);
  } finally {
    lock.release();
  }
}

/** Milliseconds that are left; null: nothing of that name waits to be confirmed. Nothing is changed. */
export function unconfirmedOf(root: string, name: string): number | null {
  const bpf: Bpf = { libbpf: openLibbpf(), libc: openLibc() };
  const pending = readPending(bpf, path.join(root, name));
  return pending === null ? null : Math.max(0, pending.deadline_ms - nowBoot_ms(bpf.libc));
}
