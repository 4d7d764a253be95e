/** What a service tells systemd about itself: sd_notify(3), spoken by ourselves, because libsystemd is not everywhere. */
import { writeSync } from 'node:fs';
import { AF_UNIX, CLOCK_MONOTONIC, type Libc, openLibc, SOCK_CLOEXEC, SOCK_DGRAM } from './ffi/libc.ts';

export interface ServiceManager {
  /** The rules are at work. `status` is one line for `systemctl status`. */
  ready(status: string): void;
  /** Other rules are on their way; `ready` follows, whether they came or not. */
  reloading(): void;
  stopping(): void;
  close(): void;
}

/** `sun_path` of struct sockaddr_un (unix(7)). */
const PATH_BYTES = 108;

/**
 * The service manager that started this process; null: none did, or it wants to hear nothing. The socket is opened now: later the
 * process may have given up what that takes. Whoever listens no more is not worth an error.
 */
export function openServiceManager(environment: Readonly<Record<string, string | undefined>>): ServiceManager | null {
  const address = socketAddress(environment.NOTIFY_SOCKET ?? '');
  if (address === null) return null;
  const libc = openLibc();
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return null;
  const close = closer(libc, fd);
  if (libc.connect(fd, address, address.length) !== 0) {
    close();
    return null;
  }
  const tell = (...lines: readonly string[]) => {
    try {
      writeSync(fd, lines.join('\n'));
    } catch {
      // It went away, or does not read.
    }
  };
  return {
    ready: (status) => tell('READY=1', `STATUS=${status.replace(/\p{Cc}/gu, ' ')}`),
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${monotonic_us(libc)}`),
    stopping: () => tell('STOPPING=1'),
    close,
  };
}

function closer(libc: Libc, fd: number): () => void {
  let open = true;
  return () => {
    if (open) libc.close(fd);
    open = false;
  };
}

/** struct sockaddr_un; `@` begins an abstract address. null: not an address. */
function socketAddress(name: string): Uint8Array | null {
  const path = Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : name);
  if (!/^[/@]./s.test(name) || path.length >= PATH_BYTES) return null;
  const address = Buffer.alloc(2 + path.length);
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX;
  path.copy(address, 2);
  return address;
}

function monotonic_us(libc: Libc): bigint {
  const timespec = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_MONOTONIC, timespec);
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return seconds * 1_000_000n + nanoseconds / 1_000n;
}
