/**
 * Puts a detached program in order that somebody left in the middle of a change: what was not done is undone, what was done is finished,
 * what was not confirmed in time goes back. Killed in the middle of it, it is begun anew by whoever comes next.
 */
import { readdirSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import type { AttachPoint } from '../abi/manifest.ts';
import { DEFAULT } from '../carried-counters.ts';
import { packetsAreThrough, storeMap } from '../data-store.ts';
import { allocate, LINK_INFO, openLibbpf } from '../ffi/libbpf.ts';
import { openLibc } from '../ffi/libc.ts';
import { type Generation, openGeneration } from '../generation.ts';
import { DATA, GENERATION, programIdOf } from '../kernel-object.ts';
import { RuntimeError } from '../runtime-error.ts';
import { aboutOf, linksOf } from './about.ts';
import { addCounts, lastCounted } from './counted.ts';
import { pinnedNames, removePinned, removePins } from './directory.ts';
import { type Bpf, generationAtWork, generationsOf, getPinned, readRules, removeRules } from './edition.ts';
import {
  currentEdition,
  editionName,
  editionsOf,
  mapName,
  numbersOf,
  partName,
  programName,
  setCurrentEdition,
  UNFINISHED,
} from './entries.ts';
import { type PinnedLock, tryLock } from './lock.ts';
import { nowBoot_ms, type Pending, readPending, removePending, type Undo } from './pending.ts';

export interface Recovery {
  /** A change that nobody confirmed in time went back; `stopped`: there were no rules before. */
  readonly undone: 'no' | 'rules' | 'stopped';
}

const NOTHING_DONE: Recovery = { undone: 'no' };

/**
 * @param lock of this program; after `stopped` there is nothing any more that it is of
 * @param now whether a change that waits to be confirmed goes back at once
 * @throws RuntimeError PKT6008, PKT6014, PKT6041, PKT6062
 */
export async function recover(root: string, { folder }: PinnedLock, now = false): Promise<Recovery> {
  const bpf: Bpf = { libbpf: openLibbpf(), libc: openLibc() };
  removeUnfinished(folder);
  const pending = readPending(bpf, folder);
  const undone = pending === null ? 'no' : await settlePending(bpf, root, folder, pending, now);
  if (undone === 'stopped') return { undone };
  const kept = undone === 'rules' ? null : readPending(bpf, folder);
  const current = currentEdition(folder);
  pointLinks(bpf, folder, current);
  await removeEditions(bpf, folder, current, kept?.undo ?? null);
  await settleGeneration(bpf, path.join(folder, editionName(current)));
  await removeGenerations(bpf, path.join(folder, editionName(current)), kept?.undo ?? null);
  return undone === 'no' ? NOTHING_DONE : { undone };
}

/** All programs that nobody is changing right now. Those that this version cannot read are left alone. @returns what was undone, by name */
export async function recoverAll(root: string): Promise<ReadonlyMap<string, Recovery>> {
  const done = new Map<string, Recovery>();
  for (const name of pinnedNames(root)) {
    const recovery = await recoverIfFree(root, name);
    if (recovery !== null && recovery.undone !== 'no') done.set(name, recovery);
  }
  return done;
}

/** null: somebody is changing it, or it is not to be read. @throws RuntimeError as `recover`, but for PKT6062 */
export async function recoverIfFree(root: string, name: string): Promise<Recovery | null> {
  try {
    const lock = tryLock(root, name);
    if (lock === null) return null;
    try {
      return await recover(root, lock);
    } finally {
      lock.release();
    }
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'PKT6062') return null;
    throw error;
  }
}

/** Whoever makes something has the lock: what is unfinished now has nobody. */
function removeUnfinished(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.name.startsWith(UNFINISHED)) continue;
    if (entry.isDirectory()) removePins(path.join(folder, entry.name));
    else unlinkSync(path.join(folder, entry.name));
  }
}

async function settlePending(
  bpf: Bpf,
  root: string,
  folder: string,
  pending: Pending,
  now: boolean,
): Promise<Recovery['undone']> {
  const { undo, deadline_ms } = pending;
  if (!wasMade(bpf, folder, undo)) {
    removePending(folder);
    return 'no';
  }
  if (!now && nowBoot_ms(bpf.libc) < deadline_ms) return 'no';
  if (undo.kind === 'stop') {
    removePinned(root, path.basename(folder));
    return 'stopped';
  }
  if (undo.kind === 'edition') {
    pointLinks(bpf, folder, undo.back_to);
    setCurrentEdition(folder, undo.back_to);
  } else {
    await putDataBack(bpf, path.join(folder, editionName(undo.edition)), undo.back_to);
  }
  removePending(folder);
  return 'rules';
}

/** The note comes before the change: it may never have been made, or have gone back already. */
function wasMade(bpf: Bpf, folder: string, undo: Undo): boolean {
  if (undo.kind === 'stop') return true;
  const current = currentEdition(folder);
  if (current !== undo.edition) return false;
  return undo.kind === 'edition' || generationAtWork(bpf, path.join(folder, editionName(current))) === undo.generation;
}

async function putDataBack(bpf: Bpf, edition: string, generation: number): Promise<void> {
  const { libbpf, libc } = bpf;
  const outer = getPinned(libbpf, path.join(edition, mapName(DATA)));
  try {
    const inner = getPinned(libbpf, path.join(edition, partName('data', generation)));
    try {
      await withGeneration(bpf, edition, async (remembered) => {
        await storeMap(libbpf, libc, outer, inner, remembered);
        remembered?.write(generation);
      });
    } finally {
      libc.close(inner);
    }
  } finally {
    libc.close(outer);
  }
}

/** Every attachment has the program of this edition. One whose interface went away has none. @throws RuntimeError PKT6041, PKT6062 */
function pointLinks(bpf: Bpf, folder: string, edition: number): void {
  const { libbpf, libc } = bpf;
  const inside = path.join(folder, editionName(edition));
  const fds = numbersOf(inside, 'program').map((index) => getPinned(libbpf, path.join(inside, programName(index))));
  const ids = fds.map((fd) => programIdOf(libbpf, fd));
  const links = linksOf(aboutOf(bpf, folder)).flatMap(({ link, at, place }) => {
    const fd = libbpf.obj_get(path.join(folder, link));
    return fd < 0 ? [] : [{ fd, at, place }];
  });
  try {
    const astray = links.filter(({ fd }) => {
      const info = allocate(LINK_INFO);
      libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
      return info.get('target') !== 0 && !ids.includes(info.get('prog_id'));
    });
    // Which program is whose stands among the rules, which may be many: they are read when they have to be.
    const places = astray.length === 0 ? [] : programPlaces(bpf, inside);
    for (const { fd, at, place } of astray) {
      const program = fds[places.indexOf(at)];
      if (program !== undefined && libbpf.link_update(fd, program) >= 0) continue;
      throw new RuntimeError('PKT6041', `\`${place}\` does not take its program back`, { help: 'run `pktc doctor`' });
    }
  } finally {
    for (const fd of [...fds, ...links.map((one) => one.fd)]) libc.close(fd);
  }
}

/** In the order of the programs. */
function programPlaces(bpf: Bpf, inside: string): readonly AttachPoint[] {
  const record = readRules(bpf, inside, generationAtWork(bpf, inside));
  if (record !== null) return record.manifest.programs.map(({ at }) => at);
  throw new RuntimeError('PKT6062', 'what is pinned cannot be read', { help: 'end it with `pktc stop`' });
}

async function removeEditions(bpf: Bpf, folder: string, current: number, undo: Undo | null): Promise<void> {
  const kept = undo?.kind === 'edition' ? undo.back_to : current;
  const others = editionsOf(folder).filter((edition) => edition !== current && edition !== kept);
  const uncounted = others.filter((edition) => edition !== lastCounted(bpf, folder));
  // What is being judged by them is counted, too.
  if (uncounted.length > 0) await packetsAreThrough(bpf.libbpf, bpf.libc);
  const living = others.length === 0 ? new Set<string>() : livingRules(bpf, folder, [current, kept]);
  for (const edition of others) {
    addCounts(bpf, folder, edition, living);
    removePins(path.join(folder, editionName(edition)));
  }
}

/** Identities of the rules of these editions, and that of the default. */
function livingRules(bpf: Bpf, folder: string, editions: readonly number[]): ReadonlySet<string> {
  const identities = editions.flatMap((edition) => {
    const inside = path.join(folder, editionName(edition));
    return readRules(bpf, inside, generationAtWork(bpf, inside))?.manifest.rules.map(({ identity }) => identity) ?? [];
  });
  return new Set([DEFAULT, ...identities]);
}

/** Somebody who was replacing the data may have left it at none: then no flow is remembered, which is right, but slow. */
async function settleGeneration(bpf: Bpf, edition: string): Promise<void> {
  const atWork = generationAtWork(bpf, edition);
  await withGeneration(bpf, edition, async (remembered) => {
    if (remembered !== null && remembered.read() !== atWork) remembered.write(atWork);
  });
}

/** null: the program does not ask for flows ahead of the data. */
async function withGeneration(
  bpf: Bpf,
  edition: string,
  work: (remembered: Generation | null) => Promise<void>,
): Promise<void> {
  const fd = bpf.libbpf.obj_get(path.join(edition, mapName(GENERATION)));
  if (fd < 0) return work(null);
  try {
    const remembered = openGeneration(bpf.libc, fd);
    try {
      await work(remembered);
    } finally {
      remembered.close();
    }
  } finally {
    bpf.libc.close(fd);
  }
}

async function removeGenerations(bpf: Bpf, edition: string, undo: Undo | null): Promise<void> {
  const atWork = generationAtWork(bpf, edition);
  const kept = undo?.kind === 'data' ? undo.back_to : atWork;
  for (const generation of generationsOf(edition)) {
    if (generation !== atWork && generation !== kept) removeRules(edition, generation);
  }
}
