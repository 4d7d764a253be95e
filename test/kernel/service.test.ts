/** The commands of the unit that `pktc install-service` writes, with the capabilities that it leaves them and no others. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { pktc, plainEnvironment, temporaryFolder } from '../cli/pktc.ts';
import { listenAsSystemd } from '../runtime/systemd-socket.ts';
import { describeKernel, eventually, type NetworkEnd, withIpv4Network as withNetwork, xdpProgramId } from './environment.ts';
import { start } from './run-command.ts';

/** Runs a command of the unit as systemd would; throws with what it says when it fails. */
function carryOut(end: NetworkEnd, unit: string, key: string, bpffs: string): string {
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
  const kept = setting('CapabilityBoundingSet')
    .split(' ')
    .map((name) => `+${name.replace('CAP_', '').toLowerCase()}`);
  expect(kept).toHaveLength(3);
  const command = setting(key);
  expect(command).not.toMatch(/["%$\\]/);
  const sets = ['-all', ...kept].join(',');
  const limits = ['--bounding-set', sets, '--inh-caps', '-all', '--no-new-privs', '--'];
  return end.run(() =>
    execFileSync('setpriv', [...limits, ...command.split(' ')], {
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...plainEnvironment(), PKTC_BPFFS: bpffs, PKTC_CACHE_DIR: path.join(bpffs, '..', 'cache') },
    }),
  );
}

describeKernel('a service', () => {
  test('starts, takes other rules and ends with the capabilities of its unit alone', async () => {
    const folder = temporaryFolder();
    const rules = path.join(folder, 'edge.rules');
    writeFileSync(rules, 'web: match tcp dport 80 -> drop\n');
    const bpffs = mkdtempSync(path.join(tmpdir(), 'pktc-bpffs-'));
    execFileSync('mount', ['-t', 'bpf', '-o', 'mode=0700', 'bpf', bpffs]);
    try {
      await withNetwork(async ({ near }) => {
        const made = await pktc(['install-service', 'edge', rules, '-i', near.ifname, '--print']);
        expect(made.code, made.stderr).toBe(0);
        carryOut(near, made.stdout, 'ExecStart', bpffs);
        const first = xdpProgramId(near);
        expect(first).not.toBeNull();
        writeFileSync(rules, 'web: match tcp dport { 80, 8080 } -> drop\n');
        carryOut(near, made.stdout, 'ExecReload', bpffs);
        expect(xdpProgramId(near)).not.toBeNull();
        expect(xdpProgramId(near)).not.toBe(first);
        carryOut(near, made.stdout, 'ExecStop', bpffs);
        expect(xdpProgramId(near)).toBeNull();
      });
    } finally {
      execFileSync('umount', [bpffs]);
      rmdirSync(bpffs);
    }
  });

  test('of another kind: systemd hears when rules are at work, when others come, and the end', async () => {
    const folder = temporaryFolder();
    const rules = path.join(folder, 'edge.rules');
    const save = (text: string) => {
      writeFileSync(`${rules}.new`, text);
      renameSync(`${rules}.new`, rules);
    };
    save('web: match tcp dport 80 -> drop\n');
    const NOTIFY_SOCKET = path.join(folder, 'notify');
    const systemd = listenAsSystemd(NOTIFY_SOCKET);
    const heard: string[] = [];
    const hears = (count: number) =>
      eventually(`${count} messages: ${heard}`, () => {
        for (let text = systemd.next(); text !== null; text = systemd.next()) heard.push(text.replace(/USEC=\d+$/, 'USEC=now'));
        return heard.length >= count;
      });
    await withNetwork(async ({ near }) => {
      const ready = (count: string) => `READY=1\nSTATUS=attached to ${near.ifname} (native): ${count}`;
      const running = start(near, [rules, '-i', near.ifname, '--watch'], { env: { NOTIFY_SOCKET } });
      await hears(1);
      expect(xdpProgramId(near)).not.toBeNull();
      save('web: match tcp dport 80 -> drop\nmatch tcp dport 81 -> drop\n');
      await hears(3);
      save('web: match prto tcp -> drop\n');
      await hears(5);
      running.child.kill('SIGTERM');
      await running.ended;
      await hears(6);
      const reloading = 'RELOADING=1\nMONOTONIC_USEC=now';
      expect(heard).toEqual([ready('1 rule'), reloading, ready('2 rules'), reloading, ready('2 rules'), 'STOPPING=1']);
      // Without --watch the process has given up what it does not need by then.
      const plain = start(near, ['-e', 'match tcp -> count', '-i', near.ifname], { env: { NOTIFY_SOCKET } });
      await hears(7);
      plain.child.kill('SIGTERM');
      await plain.ended;
      await hears(8);
      expect(heard.slice(6)).toEqual([ready('1 rule'), 'STOPPING=1']);
    });
    systemd.close();
  });
});
