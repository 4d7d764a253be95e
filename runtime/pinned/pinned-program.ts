/** Programs that go on without a process: given to the kernel to hold, found again by name, ended. */
import path from 'node:path';
import { readBtf } from '../abi/btf.ts';
import { readElf } from '../abi/elf.ts';
import { type Artifact, MANIFEST_VERSION, type Manifest } from '../abi/manifest.ts';
import { type AboutAttachment, type Attachment, attachmentOf, type Hold, linkHold } from '../attachment.ts';
import { createDataStore } from '../data-store.ts';
import { type Libbpf, openLibbpf } from '../ffi/libbpf.ts';
import { errnoName, openLibc } from '../ffi/libc.ts';
import { DATA } from '../kernel-object.ts';
import { type AttachableProgram, assemble, closedOnError, type Parts, type ProgramData } from '../kernel-program.ts';
import { type LoadedProgram, loadedProgram } from '../load.ts';
import { RuntimeError } from '../runtime-error.ts';
import { firstSlots } from '../slots.ts';
import { checkFree, findPinned, LINK_PREFIX, makePinned, pinnedNames, removePins } from './directory.ts';
import { pinBytes, readPinnedBytes } from './pinned-bytes.ts';

export { checkFree, openPinRoot, pinnedNames } from './directory.ts';

const STATE_VERSION = 1;
const STATE = 'state';
const OBJECT = 'object';
const mapName = (name: string) => `map_${name}`;
const programName = (index: number) => `program_${index}`;
const linkName = (attachment: number, hold: number) => `${LINK_PREFIX}${attachment}_${hold}`;

/** What the next process has to know. */
interface State {
  readonly version: typeof STATE_VERSION;
  readonly manifest: Manifest;
  /** Slots of counters that a CPU has. */
  readonly stride: number;
  /** Room for the rules, where they are data. */
  readonly data_bytes: number | null;
  readonly attachments: readonly { readonly about: AboutAttachment; readonly programs: readonly number[] }[];
  /** Milliseconds since 1970. */
  readonly since_ms: number;
}

export interface PinnedProgram extends Disposable {
  readonly name: string;
  readonly loaded: LoadedProgram;
  readonly attachments: readonly Attachment[];
  /** When it was detached from the process that loaded it: milliseconds since 1970. */
  readonly since_ms: number;
  /** Lets go of it; it stays at work. */
  close(): void;
}

/**
 * Gives a program that is attached to the kernel to hold. All of it is there under the name, or nothing. The process that loaded it may close
 * it then, or die.
 * @param root of `openPinRoot`
 * @throws RuntimeError PKT6008, PKT6014, PKT6061, PKT6063
 */
export function pinProgram(root: string, name: string, artifact: Artifact, loaded: LoadedProgram): void {
  checkFree(root, name);
  const { libbpf, libc, attached, maps, stride, data_bytes } = loaded.internals;
  const all = [...attached];
  for (const { about, holds } of all) {
    if (holds.every(({ pin }) => pin !== null)) continue;
    throw new RuntimeError('PKT6063', `what is attached to \`${about.place}\` ends with this process (${about.mode})`, {
      help: 'run it without `--detach`, as a service say; traffic control can be detached from Linux 6.6 on',
    });
  }
  const state: State = {
    version: STATE_VERSION,
    manifest: artifact.manifest,
    stride,
    data_bytes,
    attachments: all.map(({ about, holds }) => ({ about, programs: holds.map((hold) => indexOf(loaded, hold)) })),
    since_ms: Date.now(),
  };
  makePinned(root, name, (folder) => {
    const pin = (what: string, pinTo: (to: string) => number) => {
      const result = pinTo(path.join(folder, what));
      if (result < 0) {
        throw new RuntimeError('PKT6014', `the kernel does not hold \`${what}\` (${errnoName(-result)})`, {
          help: 'run `pktc doctor`',
        });
      }
    };
    pinBytes(libbpf, libc, path.join(folder, OBJECT), artifact.object);
    pinBytes(libbpf, libc, path.join(folder, STATE), Buffer.from(JSON.stringify(state)));
    for (const [index, { fd }] of loaded.programs.entries()) pin(programName(index), (to) => libbpf.obj_pin(fd, to));
    for (const [map, fd] of maps) pin(mapName(map), (to) => libbpf.obj_pin(fd, to));
    for (const [index, { holds }] of all.entries()) {
      for (const [place, hold] of holds.entries()) pin(linkName(index, place), (to) => hold.pin?.(to) ?? -1);
    }
  });
}

function indexOf({ programs }: LoadedProgram, hold: Hold): number {
  return programs.findIndex(({ id }) => id === hold.program?.id);
}

/** @throws RuntimeError PKT6002, PKT6003, PKT6005, PKT6061, PKT6062 */
export function openPinned(root: string, name: string): PinnedProgram {
  const folder = findPinned(root, name);
  const libbpf = openLibbpf();
  const libc = openLibc();
  const text = readPinnedBytes(libbpf, libc, path.join(folder, STATE));
  const object = readPinnedBytes(libbpf, libc, path.join(folder, OBJECT));
  const state = text === null ? null : stateFrom(text);
  if (state === null || object === null) {
    throw new RuntimeError('PKT6062', `what is detached as \`${name}\` was left by another version of pktc, or by half`, {
      help: `end it with \`pktc stop ${name}\` and run it anew`,
    });
  }
  const opened: (() => void)[] = [];
  const get = (what: string) => {
    const fd = libbpf.obj_get(path.join(folder, what));
    if (fd < 0)
      throw new RuntimeError('PKT6062', `\`${name}\` lacks its \`${what}\` (${errnoName(-fd)})`, { help: `pktc stop ${name}` });
    opened.push(() => void libc.close(fd));
    return fd;
  };
  const { manifest, stride } = state;
  return closedOnError(opened, () => {
    const indexes = new Map(manifest.programs.map((program, index) => [program.name, index]));
    const fds = new Map<string, number>();
    const map = (wanted: string) => {
      const fd = fds.get(wanted) ?? get(mapName(wanted));
      fds.set(wanted, fd);
      return fd;
    };
    const types = readBtf(readElf(object));
    const program = (wanted: string) => get(programName(indexes.get(wanted) ?? 0));
    const parts: Parts = { libbpf, libc, types, stride, offline: false, program, map };
    const loaded = loadedProgram(assemble(manifest, parts, pinnedData(state, parts, opened), opened), {});
    const attachments = attachmentsOf(folder, state, loaded, libbpf);
    return { name, loaded, attachments, since_ms: state.since_ms, close: loaded.close, [Symbol.dispose]: loaded.close };
  });
}

/** null: not of this version. */
function stateFrom(bytes: Uint8Array): State | null {
  try {
    const state = JSON.parse(Buffer.from(bytes).toString('utf8')) as State;
    return state.version === STATE_VERSION && state.manifest.version === MANIFEST_VERSION ? state : null;
  } catch {
    return null;
  }
}

function pinnedData(
  { manifest, stride, data_bytes }: State,
  { libbpf, libc, map }: Parts,
  opened: (() => void)[],
): ProgramData | null {
  if (data_bytes === null) return null;
  const store = createDataStore(libbpf, libc, map(DATA), data_bytes);
  opened.push(store.close);
  const slots = firstSlots(manifest.rules, stride);
  return { store, slots, settled: slots.generation };
}

/** A link whose name is gone holds nothing any more: then the program is not attached there. */
function attachmentsOf(folder: string, { attachments }: State, loaded: LoadedProgram, libbpf: Libbpf): readonly Attachment[] {
  return attachments.flatMap(({ about, programs }, index) => {
    const holds = programs.flatMap((program, place) => {
      const fd = libbpf.obj_get(path.join(folder, linkName(index, place)));
      return fd < 0 ? [] : [linkHold(loaded, fd, loaded.programs[program] as AttachableProgram)];
    });
    return holds.length === 0 ? [] : [attachmentOf(loaded, about, holds)];
  });
}

/** Detaches it everywhere and forgets it. @throws RuntimeError PKT6061, PKT6062 */
export function stopPinned(root: string, name: string): void {
  removePins(findPinned(root, name));
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
