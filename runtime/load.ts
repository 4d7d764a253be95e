/** An artifact becomes a program in the kernel: checked, loaded, its counters mapped. */
import { createHash } from 'node:crypto';
import { readBtf } from './abi/btf.ts';
import { damaged, type ElfFile, readElf } from './abi/elf.ts';
import { type Artifact, type AttachPoint, MANIFEST_VERSION, type Manifest } from './abi/manifest.ts';
import { structLayout } from './abi/struct-layout.ts';
import { type AnswerCounts, answerReader } from './answers.ts';
import { mapCounters, type RuleCounter } from './counters.ts';
import { type EventDecoder, eventDecoder } from './event-decoder.ts';
import { allocate, captureMessages, type Libbpf, OPEN_OPTIONS, openLibbpf, PROGRAM_INFO } from './ffi/libbpf.ts';
import {
  LITTLE_ENDIAN,
  type Libc,
  openLibc,
  type Pointer,
  RLIM_INFINITY,
  RLIMIT_MEMLOCK,
  stableMemory,
  viewMemory,
} from './ffi/libc.ts';
import { createInterfaceMap } from './interface-map.ts';
import { findInterface } from './interfaces.ts';
import { kernelOlderThan } from './kernel-version.ts';
import { loadError } from './load-error.ts';
import { possibleCpus } from './possible-cpus.ts';
import { RuntimeError } from './runtime-error.ts';
import { createTestRun, type TestRun } from './test-run.ts';

export type { AnswerCounts } from './answers.ts';
export type { RuleCounter } from './counters.ts';
export type { Outcome, TestPacket, TestRun, TestRunResult } from './test-run.ts';

export interface LoadedProgram extends Disposable {
  readonly manifest: Manifest;
  /** One a place, in the order of the manifest: at least one. */
  readonly programs: readonly KernelProgram[];
  /** Since the program was loaded; one a rule, the last one for packets that no verdict caught. */
  counters(): readonly RuleCounter[];
  /** null: nothing is rejected. */
  answers(): AnswerCounts | null;
  readonly testRun: TestRun;
  /** Tells the program which interfaces there are now, where rules ask for them by name. Attaching does so, too. */
  refreshInterfaces(): void;
  /** Detaches the program everywhere, ends its event streams and unloads it. May be called again. */
  close(): void;
  /** For the rest of the runtime. @throws Error when the program is closed */
  readonly internals: Internals;
}

export interface KernelProgram {
  readonly at: AttachPoint;
  readonly fd: number;
  readonly id: number;
}

export interface Internals {
  readonly libbpf: Libbpf;
  readonly libc: Libc;
  /** null: no rule logs. */
  readonly events: EventSource | null;
  /** A ring has one reading position, so one reader; the result lets the next one in. @throws Error when there is one. */
  claimEvents(): () => void;
  /** `close` is called before the program goes, unless the result is called first. */
  own(close: () => void): () => void;
}

export interface EventSource {
  readonly ring_fd: number;
  readonly ring_bytes: number;
  readonly decode: EventDecoder;
}

const COUNTERS = 'pktc_counters';
const EVENTS = 'pktc_events';
const ANSWERS = 'pktc_answers';
const STRIDE = 'pktc_counter_stride';
const INTERFACES = 'pktc_interfaces';
const REDIRECTS = 'pktc_redirects';
const LOG_BYTES = 4 << 20;
/** The kernel shows it in the names of maps, libbpf before 1.0 wants it in the name of `.rodata`. */
const OBJECT_NAME = 'pktc';
/** `sz` and `object_name` of struct bpf_object_open_opts */
const OLD_OPTIONS_BYTES = 16;

export interface LoadOptions {
  /** For test runs alone: interfaces that rules redirect to need not exist. */
  readonly offline?: boolean;
}

/** @throws RuntimeError with a code PKT6xxx; nothing is left behind in the kernel then. */
export function loadArtifact(artifact: Artifact, options: LoadOptions = {}): LoadedProgram {
  const { manifest } = artifact;
  verifyArtifact(artifact);
  const elf = readElf(artifact.object);
  const types = readBtf(elf);
  const layout = structLayout(types, 'pktc_counter');
  const decode = manifest.events === null ? null : eventDecoder(types);
  const libc = openLibc();
  const libbpf = openLibbpf();
  const object = loadObject(artifact, elf, libbpf, libc, options);
  try {
    const programs = manifest.programs.map(({ name, at }) => {
      const fd = libbpf.program_fd(findProgram(libbpf, object, name));
      return { at, fd, id: programIdOf(libbpf, fd) };
    });
    const events = decode && eventSource(decode, libbpf, object);
    const counters = mapCounters(libc, libbpf.map_fd(findMap(libbpf, object, COUNTERS)), {
      layout,
      counters: manifest.rules.length + 1,
      stride: counterStride(manifest),
      cpus: possibleCpus(),
    });
    const interfaces =
      manifest.interfaces.length === 0
        ? null
        : createInterfaceMap(libbpf, libc, libbpf.map_fd(findMap(libbpf, object, INTERFACES)), manifest.interfaces);
    const readAnswers = rejects(manifest)
      ? answerReader(
          libbpf,
          libbpf.map_fd(findMap(libbpf, object, ANSWERS)),
          structLayout(types, 'pktc_answers'),
          possibleCpus(),
        )
      : null;
    const ownership = createOwnership(() => {
      counters.close();
      libbpf.object_close(object);
    });
    const internals: Internals = {
      libbpf,
      libc,
      events,
      claimEvents: createClaim(),
      own: ownership.own,
    };
    return {
      manifest,
      programs,
      counters: () => ownership.whileOpen(counters.read),
      answers: () => ownership.whileOpen(() => readAnswers?.() ?? null),
      refreshInterfaces: () => ownership.whileOpen(() => interfaces?.refresh()),
      testRun: createTestRun(libbpf, programs, interfaces, ownership.whileOpen),
      close: ownership.close,
      [Symbol.dispose]: ownership.close,
      get internals() {
        return ownership.whileOpen(() => internals);
      },
    };
  } catch (error) {
    libbpf.object_close(object);
    throw error;
  }
}

function rejects({ rules, default_verdict }: Manifest): boolean {
  return default_verdict === 'reject' || rules.some(({ verdict }) => verdict === 'reject');
}

function verifyArtifact({ object, manifest }: Artifact): void {
  if (manifest.version !== MANIFEST_VERSION) {
    throw new RuntimeError('PKT6004', `the manifest has version ${manifest.version}, this pktc reads ${MANIFEST_VERSION}`, {
      help: 'compile the rule file with this version of pktc',
    });
  }
  const sha256 = createHash('sha256').update(object).digest('hex');
  if (sha256 !== manifest.object_sha256) {
    throw new RuntimeError('PKT6004', 'the object and the manifest do not belong together: the SHA-256 differs', {
      help: 'keep `X.bpf.o` and `X.manifest.json` of one compilation together, or compile the rule file again',
    });
  }
}

function loadObject(artifact: Artifact, elf: ElfFile, libbpf: Libbpf, libc: Libc, options: LoadOptions): Pointer {
  const log = stableMemory(LOG_BYTES);
  const name = stableMemory(OBJECT_NAME.length + 1);
  name.bytes.set(Buffer.from(OBJECT_NAME));
  const messages: string[] = [];
  return captureMessages(libbpf, libc, messages, () => {
    raiseMemoryLimit(libc);
    const object = libbpf.object_open_mem(
      artifact.object,
      artifact.object.length,
      openOptions(libbpf, name.address, log.address),
    );
    if (object === null) throw damaged(messages.at(-1) ?? 'libbpf cannot read it');
    try {
      prepare(libbpf, libc, object, elf, artifact.manifest, options);
      const result = libbpf.object_load(object);
      if (result < 0) throw loadError(-result, logText(log.bytes), messages, artifact.manifest);
      return object;
    } catch (error) {
      libbpf.object_close(object);
      throw error;
    }
  });
}

function openOptions(libbpf: Libbpf, name: Pointer, log: Pointer): Uint8Array {
  const options = allocate(OPEN_OPTIONS);
  options.set('object_name', name);
  if (libbpf.takesLogBuffer) {
    options.set('kernel_log_buf', log);
    options.set('kernel_log_size', LOG_BYTES);
  } else {
    // An older library refuses what it does not know, and has the verifier's log among its messages.
    options.set('sz', OLD_OPTIONS_BYTES);
  }
  return options.bytes;
}

/** Before 5.11 the kernel charged BPF memory to RLIMIT_MEMLOCK, which is 64 KiB as it comes. */
function raiseMemoryLimit(libc: Libc): void {
  if (kernelOlderThan(5, 11)) libc.setrlimit(RLIMIT_MEMLOCK, new BigUint64Array([RLIM_INFINITY, RLIM_INFINITY]));
}

/** Slots a CPU has: an even number, so that no two CPUs write to one cache line. */
function counterStride(manifest: Manifest): number {
  const counters = manifest.rules.length + 1;
  return counters + (counters % 2);
}

/** What is settled before the kernel sees the program: the size of its counters, and constants that depend on this machine. */
function prepare(libbpf: Libbpf, libc: Libc, object: Pointer, elf: ElfFile, manifest: Manifest, options: LoadOptions): void {
  const stride = counterStride(manifest);
  const slots = possibleCpus() * stride;
  const result = libbpf.map_set_max_entries(findMap(libbpf, object, COUNTERS), slots);
  if (result < 0) throw damaged(`\`${COUNTERS}\` cannot be resized`);
  const write = constantWriter(libbpf, object, elf);
  write(STRIDE, [stride]);
  const { redirects } = manifest;
  if (redirects.length > 0) {
    write(
      REDIRECTS,
      redirects.map((ifname) => (options.offline ? libc.if_nametoindex(ifname) : findInterface(libc, ifname))),
    );
  }
  if (kernelOlderThan(5, 18)) {
    // The kernel refuses a flag that it does not know, and there the program does without frames in several pieces.
    for (const { name } of manifest.programs) libbpf.program_set_flags?.(findProgram(libbpf, object, name), 0);
  }
}

/** Writes 32-bit numbers into a constant of the program. */
function constantWriter(libbpf: Libbpf, object: Pointer, elf: ElfFile): (name: string, values: readonly number[]) => void {
  const size = new BigUint64Array(1);
  const rodata = libbpf.map_initial_value(findMap(libbpf, object, '.rodata', `${OBJECT_NAME}.rodata`), size);
  const length = Number(size[0]);
  return (name, values) => {
    // clang leaves the offsets of variables out of BTF, for the linker to fill in; the symbol has it.
    const symbol = elf.symbols.find((candidate) => candidate.name === name && candidate.section === '.rodata');
    const bytes = 4 * values.length;
    if (symbol === undefined || rodata === null || symbol.size !== bytes || symbol.offset + bytes > length) {
      throw damaged(`it has no variable \`${name}\` of ${bytes} bytes`);
    }
    const view = new DataView(viewMemory(rodata, length));
    for (const [index, value] of values.entries()) view.setUint32(symbol.offset + 4 * index, value, LITTLE_ENDIAN);
  };
}

function findMap(libbpf: Libbpf, object: Pointer, name: string, oldName = name): Pointer {
  const map = libbpf.object_find_map_by_name(object, name) ?? libbpf.object_find_map_by_name(object, oldName);
  if (map === null) throw damaged(`it has no map \`${name}\``);
  return map;
}

function findProgram(libbpf: Libbpf, object: Pointer, name: string): Pointer {
  const program = libbpf.object_find_program_by_name(object, name);
  if (program === null) throw damaged(`it has no program \`${name}\``);
  return program;
}

function eventSource(decode: EventDecoder, libbpf: Libbpf, object: Pointer): EventSource {
  const ring = findMap(libbpf, object, EVENTS);
  return { ring_fd: libbpf.map_fd(ring), ring_bytes: libbpf.map_max_entries(ring), decode };
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

function programIdOf(libbpf: Libbpf, fd: number): number {
  const info = allocate(PROGRAM_INFO);
  libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
  return info.get('id');
}

function logText(log: Uint8Array): string {
  const end = log.indexOf(0);
  return Buffer.from(log.buffer, log.byteOffset, end < 0 ? log.length : end).toString('utf8');
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
