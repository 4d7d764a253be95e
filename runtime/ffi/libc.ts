/** Every function of the C library that the runtime calls. Numbers are those of Linux, the same on all its 64-bit machines. */
import { koffi } from './koffi.ts';

/** An address in this process; koffi gives null for NULL. */
export type Pointer = bigint;

export interface Libc {
  mmap(address: null, length: number, protection: number, flags: number, fd: number, offset: number): Pointer;
  munmap(address: Pointer, length: number): number;
  close(fd: number): number;
  dup(fd: number): number;
  /** Between processes, until the description that `fd` refers to is closed. */
  flock(fd: number, operation: number): number;
  getpagesize(): number;
  if_nametoindex(name: string): number;
  /** `name` has room for 16 bytes. */
  if_indextoname(ifindex: number, name: Uint8Array): Pointer | null;
  clock_gettime(clock: number, timespec: BigInt64Array): number;
  /** `limit` is {soft, hard}. */
  setrlimit(resource: number, limit: BigUint64Array): number;
  getrlimit(resource: number, limit: BigUint64Array): number;
  vsnprintf(out: Uint8Array, size: number, format: Pointer, va_list: Pointer): number;
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  /** `length` has the room that there is, and takes the length of the address. */
  getsockname(fd: number, address: Uint8Array, length: Uint32Array): number;
  send(fd: number, data: Uint8Array, length: number, flags: number): number;
  recv(fd: number, data: Uint8Array, length: number, flags: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  fcntl(fd: number, command: number, argument: number): number;
  prctl(option: number, second: number, third: number, fourth: number, fifth: number): number;
  /** Of the calling thread. `header` is {version, thread}, `data` {effective, permitted, inheritable} for each 32 capabilities. */
  capset(header: Uint32Array, data: Uint32Array): number;
  /** A call that the C library has no function for. */
  syscall(number: number, first: number, second: number, third: Uint8Array): number;
  /** Of the calling thread. Returns an errno. */
  pthread_sigmask(how: number, set: Uint8Array, old: Uint8Array | null): number;
  /** Of the last call through koffi. */
  errno(): number;
}

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
/** What `mmap` returns when it fails. */
export const MAP_FAILED: Pointer = 0xffff_ffff_ffff_ffffn;
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_BOOTTIME = 7;
export const RLIMIT_MEMLOCK = 8;
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
export const AF_UNIX = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const AF_INET = 2;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const NETLINK_ROUTE = 0;
export const NETLINK_GENERIC = 16;
export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_RCVTIMEO = 20;
export const SO_ATTACH_BPF = 50;

export { LITTLE_ENDIAN } from '../byte-order.ts';

/** Cheap enough to be called where it is needed (some 0.2 ms): nothing is kept between calls. */
export function openLibc(): Libc {
  const libc = koffi.load(null);
  return {
    mmap: libc.func('void *mmap(void *, size_t, int, int, int, int64_t)'),
    munmap: libc.func('int munmap(void *, size_t)'),
    close: libc.func('int close(int)'),
    dup: libc.func('int dup(int)'),
    flock: libc.func('int flock(int, int)'),
    getpagesize: libc.func('int getpagesize()'),
    if_nametoindex: libc.func('unsigned int if_nametoindex(const char *)'),
    if_indextoname: libc.func('void *if_indextoname(unsigned int, void *)'),
    clock_gettime: libc.func('int clock_gettime(int, void *)'),
    setrlimit: libc.func('int setrlimit(int, void *)'),
    getrlimit: libc.func('int getrlimit(int, void *)'),
    vsnprintf: libc.func('int vsnprintf(void *, size_t, void *, void *)'),
    socket: libc.func('int socket(int, int, int)'),
    setsockopt: libc.func('int setsockopt(int, int, int, void *, uint32_t)'),
    bind: libc.func('int bind(int, void *, uint32_t)'),
    connect: libc.func('int connect(int, void *, uint32_t)'),
    getsockname: libc.func('int getsockname(int, void *, void *)'),
    send: libc.func('int64_t send(int, void *, size_t, int)'),
    recv: libc.func('int64_t recv(int, void *, size_t, int)'),
    ioctl: libc.func('int ioctl(int, unsigned long, void *)'),
    fcntl: libc.func('int fcntl(int, int, int)'),
    prctl: libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)'),
    capset: libc.func('int capset(void *, void *)'),
    syscall: libc.func('long syscall(long, long, long, void *)'),
    pthread_sigmask: libc.func('int pthread_sigmask(int, void *, void *)'),
    errno: () => koffi.errno(),
  };
}

/** `EBUSY` for 16; `errno 4242` for a number that has no name. */
export function errnoName(errno: number): string {
  const names = Object.entries(koffi.os.errno).flatMap(([name, number]) => (number === errno ? [name] : []));
  // Some numbers have two names; the kernel's own is this one.
  return names.find((name) => name === 'EOPNOTSUPP' || name === 'EAGAIN') ?? names[0] ?? `errno ${errno}`;
}

/** The number of an errno name, as koffi knows it for this system. */
export function errnoNumber(name: string): number {
  const number = koffi.os.errno[name];
  if (number === undefined) throw new Error(`koffi knows no errno named \`${name}\``);
  return number;
}

const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
/** sigset_t, of glibc and musl alike */
const SIGNAL_SET_BYTES = 128;

/** Signals to the process go to its other threads meanwhile, those to this thread wait. */
export function withoutSignals<T>(libc: Libc, work: () => T): T {
  const all = new Uint8Array(SIGNAL_SET_BYTES).fill(0xff);
  const before = new Uint8Array(SIGNAL_SET_BYTES);
  const result = libc.pthread_sigmask(SIG_BLOCK, all, before);
  try {
    return work();
  } finally {
    if (result === 0) libc.pthread_sigmask(SIG_SETMASK, before, null);
  }
}

/** The memory behind `length` bytes at `address`, without a copy. Touching it after the memory is gone kills the process. */
export function viewMemory(address: Pointer, length: number): ArrayBuffer {
  return koffi.view(address, length);
}

/**
 * Memory that C may keep the address of between calls: V8 moves small typed arrays, but never what an ArrayBuffer of its own
 * stands for. It lives as long as the returned array is reachable.
 */
export function stableMemory(bytes: number): { readonly bytes: Uint8Array; readonly address: Pointer } {
  const memory = new Uint8Array(new ArrayBuffer(bytes));
  return { bytes: memory, address: koffi.address(memory) };
}
