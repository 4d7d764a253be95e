import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openServiceManager } from '../../runtime/sd-notify.ts';
import { temporaryFolder } from '../cli/pktc.ts';
import { listenAsSystemd } from './systemd-socket.ts';

describe('the service manager', () => {
  const file = path.join(temporaryFolder(), 'notify');

  test.each([file, `@pktc-test-${process.pid}`])('hears what systemd-notify would tell it: %s', (name) => {
    const systemd = listenAsSystemd(name);
    const manager = openServiceManager({ NOTIFY_SOCKET: name });
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
    manager!.close();
  });

  test('is not there where nobody started a service', () => {
    for (const NOTIFY_SOCKET of [undefined, '', 'relative', '/', '/nowhere/at/all', `/${'x'.repeat(200)}`]) {
      expect(openServiceManager({ NOTIFY_SOCKET }), NOTIFY_SOCKET).toBeNull();
    }
  });
});
