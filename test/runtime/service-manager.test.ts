import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { AF_UNIX, type Libc, openLibc, SOCK_DGRAM } from '../../runtime/ffi/libc.ts';
import { openServiceManager } from '../../runtime/service-manager.ts';
import { temporaryFolder } from '../cli/pktc.ts';

const MSG_DONTWAIT = 0x40;

/** A socket as systemd's. */
function listen(libc: Libc, name: string) {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM, 0);
  const bytes = Buffer.from(`\x01\0${name.replace(/^@/, '\0')}`, 'latin1');
  expect(libc.bind(fd, bytes, bytes.length)).toBe(0);
  return {
    /** null: nothing has come. */
    next(): string | null {
      const data = new Uint8Array(4096);
      const length = Number(libc.recv(fd, data, data.length, MSG_DONTWAIT));
      return length < 0 ? null : Buffer.from(data.subarray(0, length)).toString();
    },
    close: () => libc.close(fd),
  };
}

describe('the service manager', () => {
  const libc = openLibc();
  const file = path.join(temporaryFolder(), 'notify');

  test.each([file, `@pktc-test-${process.pid}`])('hears what systemd-notify would tell it: %s', (name) => {
    const systemd = listen(libc, name);
    using manager = openServiceManager({ NOTIFY_SOCKET: name });
    const told = (...words: string[]) => {
      execFileSync('systemd-notify', ['--no-block', ...words], { env: { ...process.env, NOTIFY_SOCKET: name } });
      return systemd.next();
    };
    manager!.ready('attached to eth0: 3 rules');
    const ready = systemd.next();
    // It says which process means it first, for whom that is another.
    expect(told('--ready', '--status=attached to eth0: 3 rules')?.replace(/\nMAINPID=\d+/, '')).toBe(ready);
    manager!.ready('a\nb');
    expect(systemd.next()).toBe('READY=1\nSTATUS=a b');
    const before_us = process.hrtime.bigint() / 1000n;
    manager!.reloading();
    const [, at] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(systemd.next() ?? '') ?? [];
    expect(BigInt(at!)).toBeGreaterThanOrEqual(before_us);
    expect(BigInt(at!)).toBeLessThanOrEqual(process.hrtime.bigint() / 1000n);
    manager!.stopping();
    expect(systemd.next()).toBe('STOPPING=1');
    expect(systemd.next()).toBeNull();
    systemd.close();
    rmSync(file, { force: true });
    // Nobody listens any more.
    manager!.stopping();
  });

  test('is not there where nobody started a service', () => {
    for (const NOTIFY_SOCKET of [undefined, '', 'relative', '/', '/nowhere/at/all', `/${'x'.repeat(200)}`]) {
      expect(openServiceManager({ NOTIFY_SOCKET }), NOTIFY_SOCKET).toBeNull();
    }
  });
});
