/** What systemd hears of a service. */
import { AF_UNIX, openLibc, SOCK_DGRAM } from '../../runtime/ffi/libc.ts';

const MSG_DONTWAIT = 0x40;

export interface SystemdSocket {
  /** One message; null: none has come. */
  next(): string | null;
  close(): void;
}

/** @param name what `NOTIFY_SOCKET` is to be: a path, or `@` and an abstract name. @throws Error when it is in use */
export function listenAsSystemd(name: string): SystemdSocket {
  const libc = openLibc();
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM, 0);
  const bytes = Buffer.from(`\x01\0${name.replace(/^@/, '\0')}`, 'latin1');
  if (libc.bind(fd, bytes, bytes.length) !== 0) throw new Error(`bind ${name}: errno ${libc.errno()}`);
  return {
    next() {
      const data = new Uint8Array(4096);
      const length = Number(libc.recv(fd, data, data.length, MSG_DONTWAIT));
      return length < 0 ? null : Buffer.from(data.subarray(0, length)).toString();
    },
    close: () => void libc.close(fd),
  };
}
