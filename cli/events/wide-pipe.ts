/** A pipe that takes a whole batch of lines: what has 64 KiB makes writer and reader wait for each other five times a batch. */
import type { Libc } from '../../runtime/ffi/libc.ts';

/** include/uapi/linux/fcntl.h. Here and not with the C library, which is loaded with what calls it. */
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;

/** `fs.pipe-max-size` as the kernel has it to begin with: more is for root alone (pipe(7)). */
const WIDE_BYTES = 1 << 20;

/** Of what is no pipe nothing changes, nor of a pipe that is wider, nor where the kernel refuses: it is slower then, and no more. */
export function widenPipe(libc: Pick<Libc, 'fcntl'>, fd: number): void {
  const bytes = libc.fcntl(fd, F_GETPIPE_SZ, 0);
  if (bytes >= 0 && bytes < WIDE_BYTES) libc.fcntl(fd, F_SETPIPE_SZ, WIDE_BYTES);
}
