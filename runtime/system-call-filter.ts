/**
 * Which system calls a process that only looks after its programs still has: a filter for seccomp(2), which holds for every thread.
 * It takes away what capabilities are dangerous for; reading, writing, timers and threads stay.
 */

/** Number of the call on x86-64 and arm64 (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h); null: has none. */
type Numbers = readonly [x64: number | null, arm64: number | null];

/** What is refused, with EPERM. */
export const REFUSED: Readonly<Record<string, Numbers>> = {
  // Other programs, and what others do.
  execve: [59, 221],
  execveat: [322, 281],
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  pidfd_getfd: [438, 438],
  // Code for the kernel.
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  // Its system calls go by no filter; libuv does without.
  io_uring_setup: [425, 425],
  // The file systems, and whose they are.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  mount_setattr: [442, 442],
  open_by_handle_at: [304, 265],
  mknod: [133, null],
  mknodat: [259, 33],
  quotactl: [179, 60],
  swapon: [167, 224],
  swapoff: [168, 225],
  // Namespaces, names, clocks and ports of the machine.
  setns: [308, 268],
  unshare: [272, 97],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  reboot: [169, 142],
  acct: [163, 89],
  iopl: [172, null],
  ioperm: [173, null],
  // Who it is, and what it may do.
  capset: [126, 91],
  setuid: [105, 146],
  setgid: [106, 144],
  setreuid: [113, 145],
  setregid: [114, 143],
  setgroups: [116, 159],
  setresuid: [117, 147],
  setresgid: [119, 149],
  setfsuid: [122, 151],
  setfsgid: [123, 152],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
};

/**
 * Commands of bpf(2) on descriptors that the process has: elements of maps, what links and programs say of themselves, detaching. No
 * other program, no other map, nothing that is somebody else's.
 */
const BPF_COMMANDS: readonly number[] = [
  1, // BPF_MAP_LOOKUP_ELEM
  2, // BPF_MAP_UPDATE_ELEM
  3, // BPF_MAP_DELETE_ELEM
  4, // BPF_MAP_GET_NEXT_KEY
  15, // BPF_OBJ_GET_INFO_BY_FD
  24, // BPF_MAP_LOOKUP_BATCH
  26, // BPF_MAP_UPDATE_BATCH
  34, // BPF_LINK_DETACH
];

/** Numbers of system calls, unless it says otherwise. */
interface Machine {
  readonly column: 0 | 1;
  /** AUDIT_ARCH_… in include/uapi/linux/audit.h */
  readonly audit: number;
  readonly bpf: number;
  readonly socket: number;
  readonly seccomp: number;
  /** From here on calls of another ABI (x32) begin, which has numbers of its own; null: there is none. */
  readonly foreign: number | null;
}

const MACHINES: Readonly<Record<string, Machine>> = {
  x64: { column: 0, audit: 0xc000_003e, bpf: 321, socket: 41, seccomp: 317, foreign: 0x4000_0000 },
  arm64: { column: 1, audit: 0xc000_00b7, bpf: 280, socket: 198, seccomp: 277, foreign: null },
};

export interface SystemCallFilter {
  /** struct sock_filter[] */
  readonly program: Uint8Array;
  readonly instructions: number;
  /** Number of seccomp(2). */
  readonly seccomp: number;
}

/** include/uapi/linux/bpf_common.h, include/uapi/linux/seccomp.h */
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const REFUSE = 0x0005_0001;
/** struct seccomp_data; both machines are little-endian, so the low half of an argument comes first. */
const NUMBER_OFF = 0;
const AUDIT_OFF = 4;
const FIRST_ARGUMENT_OFF = 16;
const INSTRUCTION_BYTES = 8;
const AF_PACKET = 17;

type Instruction = readonly [code: number, jump_true: number, jump_false: number, k: number];

/** null: the numbers of this machine's system calls are not known here. @param arch as `process.arch` has it */
export function systemCallFilter(arch: string): SystemCallFilter | null {
  const machine = MACHINES[arch];
  if (machine === undefined) return null;
  const instructions = filterOf(machine);
  const view = new DataView(new ArrayBuffer(instructions.length * INSTRUCTION_BYTES));
  instructions.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    const at = index * INSTRUCTION_BYTES;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jumpTrue);
    view.setUint8(at + 3, jumpFalse);
    view.setUint32(at + 4, k, true);
  });
  return { program: new Uint8Array(view.buffer), instructions: instructions.length, seccomp: machine.seccomp };
}

function filterOf({ column, audit, bpf, socket, foreign }: Machine): readonly Instruction[] {
  const refuse: Instruction = [RETURN, 0, 0, REFUSE];
  const allow: Instruction = [RETURN, 0, 0, ALLOW];
  const when = (code: number, k: number, answer: Instruction): readonly Instruction[] => [[code, 0, 1, k], answer];
  const numbers = Object.values(REFUSED).flatMap((of) => of[column] ?? []);
  const commands: readonly Instruction[] = [
    [LOAD, 0, 0, FIRST_ARGUMENT_OFF],
    ...BPF_COMMANDS.flatMap((command) => when(JUMP_IF_EQUAL, command, allow)),
    refuse,
  ];
  return [
    [LOAD, 0, 0, AUDIT_OFF],
    [JUMP_IF_EQUAL, 1, 0, audit],
    refuse,
    [LOAD, 0, 0, NUMBER_OFF],
    ...(foreign === null ? [] : when(JUMP_IF_AT_LEAST, foreign, refuse)),
    ...numbers.flatMap((number) => when(JUMP_IF_EQUAL, number, refuse)),
    [JUMP_IF_EQUAL, 0, commands.length, bpf],
    ...commands,
    [JUMP_IF_EQUAL, 0, 3, socket],
    [LOAD, 0, 0, FIRST_ARGUMENT_OFF],
    ...when(JUMP_IF_EQUAL, AF_PACKET, refuse),
    allow,
  ];
}
