/** Programs that go on without a process: given to the kernel to hold, found again by name, ended. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Artifact } from '../abi/manifest.ts';
import { type Attachment, attachmentOf, linkHold } from '../attachment.ts';
import { openLibbpf } from '../ffi/libbpf.ts';
import { openLibc } from '../ffi/libc.ts';
import { type AttachableProgram, closedOnError } from '../kernel-program.ts';
import { type LoadedProgram, loadedProgram } from '../load.ts';
import type { ChangeKeeper } from '../replace-rules.ts';
import { RuntimeError } from '../runtime-error.ts';
import { type About, aboutAttached, aboutOf, linksOf, writeAbout } from './about.ts';
import { countsBeside } from './counted.ts';
import { checkFree, findPinned, makePinned, pinnedNames, removePinned } from './directory.ts';
import { artifactOf, type Bpf, generationAtWork, type Notes, openEdition, pin, pinEdition } from './edition.ts';
import { currentEdition, editionName, partName, setCurrentEdition } from './entries.ts';
import { lockPinned } from './lock.ts';
import { nowBoot_ms, type Pending, readPending, writePending } from './pending.ts';
import { readPinnedBytes } from './pinned-bytes.ts';

export { checkFree, openPinRoot, pinnedNames } from './directory.ts';
export type { Notes } from './edition.ts';
export { type Recovery, recoverAll } from './recover.ts';

const FIRST_EDITION = 1;

export interface PinnedProgram extends Disposable {
  readonly name: string;
  readonly loaded: LoadedProgram;
  readonly attachments: readonly Attachment[];
  /** When it was detached from the process that loaded it: milliseconds since 1970. */
  readonly since_ms: number;
  /** As whoever made the rules left it; JSON. */
  readonly origin: unknown;
  /** For how long the change that was made last may still go back, in milliseconds, 0 when its time is over; null: it stays. */
  readonly unconfirmed_ms: number | null;
  /** What the rules were made of; null: nobody knows. */
  readonly sources: Uint8Array | null;
  /** The rules at work as they were loaded. @throws RuntimeError PKT6008, PKT6062 */
  artifact(): Artifact;
  /** Whether other rules have come since it was opened: then it speaks of those from before. */
  isOutdated(): boolean;
  /** Lets go of it; it stays at work. */
  close(): void;
}

export interface PinOptions extends Partial<Notes> {
  /** After so many milliseconds it is stopped, unless it is confirmed. */
  readonly confirm_ms?: number | null;
}

/**
 * Gives a program that is attached to the kernel to hold. All of it is there under the name, or nothing. The process that loaded it may close
 * it then, or die.
 * @param root of `openPinRoot`
 * @throws RuntimeError PKT6008, PKT6014, PKT6061, PKT6063
 */
export function pinProgram(
  root: string,
  name: string,
  artifact: Artifact,
  loaded: LoadedProgram,
  options: PinOptions = {},
): void {
  checkFree(root, name);
  const { internals, programs } = loaded;
  const { libc } = internals;
  const attached = [...internals.attached];
  for (const { about, holds } of attached) {
    if (holds.every(({ pin }) => pin !== null)) continue;
    throw new RuntimeError('PKT6063', `what is attached to \`${about.place}\` ends with this process (${about.mode})`, {
      help: 'run it without `--detach`, as a service say; traffic control can be detached from Linux 6.6 on',
    });
  }
  const { confirm_ms = null, origin = null, sources = null } = options;
  const about = aboutAttached(attached);
  makePinned(root, name, (folder) => {
    const edition = path.join(folder, editionName(FIRST_EDITION));
    mkdirSync(edition, { mode: 0o700 });
    pinEdition(edition, { ...internals, programs }, artifact, { origin, sources });
    setCurrentEdition(folder, FIRST_EDITION);
    writeAbout(internals, folder, about);
    if (confirm_ms !== null) {
      writePending(internals, folder, { undo: { kind: 'stop' }, deadline_ms: nowBoot_ms(libc) + confirm_ms });
    }
    const holds = attached.flatMap((one) => one.holds);
    for (const [index, { link }] of linksOf(about).entries()) {
      pin(path.join(folder, link), (to) => holds[index]?.pin?.(to) ?? -1);
    }
  });
}

/** How often others may change it while it is opened. */
const ATTEMPTS = 20;

/** @throws RuntimeError PKT6002, PKT6003, PKT6005, PKT6061, PKT6062 */
export function openPinned(root: string, name: string): PinnedProgram {
  for (let attempt = 1; ; attempt++) {
    const folder = findPinned(root, name);
    const before = versionOf(folder);
    try {
      return openFolder(folder, null);
    } catch (error) {
      // Whoever changes it takes away what was there before.
      const moved = before === null || versionOf(folder) !== before;
      if (attempt === ATTEMPTS || !moved || !(error instanceof RuntimeError) || error.code !== 'PKT6062') throw error;
    }
  }
}

/** null: it is being changed right now, or cannot be read. */
function versionOf(folder: string): string | null {
  try {
    const edition = currentEdition(folder);
    const bpf = { libbpf: openLibbpf(), libc: openLibc() };
    return `${edition}:${generationAtWork(bpf, path.join(folder, editionName(edition)))}`;
  } catch (error) {
    if (error instanceof RuntimeError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * @param keeper is told of changes; null: nobody makes any
 * @throws RuntimeError PKT6002, PKT6003, PKT6005, PKT6062
 */
export function openFolder(folder: string, keeper: ChangeKeeper | null): PinnedProgram {
  const bpf: Bpf = { libbpf: openLibbpf(), libc: openLibc() };
  const about = aboutOf(bpf, folder);
  const current = currentEdition(folder);
  const inside = path.join(folder, editionName(current));
  const counts = countsBeside(bpf, folder, current);
  const edition = openEdition(bpf, inside);
  const { inKernel, record, generation } = edition;
  const version = `${current}:${generation}`;
  return closedOnError([inKernel.close], () => {
    const loaded = loadedProgram(inKernel, {}, { keeper, counts });
    const pending = readPending(bpf, folder);
    return {
      name: path.basename(folder),
      loaded,
      attachments: attachmentsOf(bpf, folder, about, loaded),
      since_ms: about.since_ms,
      origin: record.origin,
      unconfirmed_ms: pending === null ? null : timeLeft_ms(bpf, pending),
      sources: readPinnedBytes(bpf.libbpf, bpf.libc, path.join(inside, partName('sources', generation))),
      artifact: () => artifactOf(bpf, inside, edition),
      isOutdated: () => versionOf(folder) !== version,
      close: loaded.close,
      [Symbol.dispose]: loaded.close,
    };
  });
}

function timeLeft_ms({ libc }: Bpf, { deadline_ms }: Pending): number {
  return Math.max(0, deadline_ms - nowBoot_ms(libc));
}

/** A link whose name is gone holds nothing any more: then the program is not attached there. */
function attachmentsOf({ libbpf }: Bpf, folder: string, about: About, loaded: LoadedProgram): readonly Attachment[] {
  const links = linksOf(about);
  return about.attachments.flatMap((attachment, index) => {
    const holds = links.flatMap(({ attachment: of, link, at }) => {
      const program = loaded.programs.find((one) => one.at === at);
      const fd = of === index && program !== undefined ? libbpf.obj_get(path.join(folder, link)) : -1;
      return fd < 0 ? [] : [linkHold(loaded, fd, program as AttachableProgram)];
    });
    return holds.length === 0 ? [] : [attachmentOf(loaded, attachment.about, holds)];
  });
}

/** Detaches it everywhere and forgets it. @throws RuntimeError PKT6061, PKT6062, PKT6070 */
export async function stopPinned(root: string, name: string): Promise<void> {
  const lock = await lockPinned(root, name);
  try {
    removePinned(root, name);
  } finally {
    lock.release();
  }
}

export interface PinnedSummary {
  readonly name: string;
  /** null: this version of pktc cannot read it. */
  readonly program: PinnedProgram | null;
}

/** All of them, one after the other; each is closed before the next. */
export function* eachPinned(root: string): Generator<PinnedSummary> {
  for (const name of pinnedNames(root)) {
    let program: PinnedProgram | null = null;
    try {
      program = openPinned(root, name);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'PKT6062') throw error;
    }
    try {
      yield { name, program };
    } finally {
      program?.close();
    }
  }
}
