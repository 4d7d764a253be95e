import { execFile } from 'node:child_process';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { unitProblem, unitText, unseenByUnit } from '../../cli/service/unit.ts';
import { pktc, temporaryFolder } from './pktc.ts';

const UNIT = {
  name: 'edge',
  pktc: [process.execPath, '/usr/lib/node_modules/pktc/cli/launcher.cjs'],
  file: '/etc/pktc/edge.rules',
  options: ['-i', 'eth0'],
  interfaces: ['eth0'],
};

/** What systemd says about a unit; empty: nothing. */
function verify(text: string): Promise<string> {
  const unit = path.join(temporaryFolder(), 'pktc-edge.service');
  writeFileSync(unit, text);
  return new Promise((resolve) => {
    execFile('systemd-analyze', ['verify', unit], (error, stdout, stderr) => {
      resolve(error === null ? `${stdout}${stderr}` : `${error.message}${stdout}${stderr}`);
    });
  });
}

const line = (text: string, key: string): string | undefined =>
  text
    .split('\n')
    .find((one) => one.startsWith(`${key}=`))
    ?.slice(key.length + 1);

describe('install-service', () => {
  test('the unit is what systemd takes, whatever a path is called', async () => {
    expect(await verify(unitText(UNIT))).toBe('');
    const odd = { ...UNIT, file: '/etc/my rules/100%i $HOME "x" \\n; rm.rules', options: ['-i', 'veth*'], interfaces: [] };
    expect(await verify(unitText(odd))).toBe('');
    expect(await verify(unitText(UNIT).replace('oneshot', 'oneshout'))).toContain('oneshout');
  });

  test('quotes what systemd would read as something else', () => {
    const text = unitText({ ...UNIT, file: '/a b/%i $X "q" \\.rules' });
    expect(line(text, 'ExecStart')).toContain(' run "/a b/%%i $$X \\"q\\" \\\\.rules" --detach --name edge -i eth0');
    expect(line(text, 'Description')).toBe('pktc: the rules of /a b/%%i $X "q" \\.rules');
    expect(unitProblem('/a\nExecStart=/bin/sh')).not.toBeNull();
    expect(unitProblem('/a b')).toBeNull();
  });

  test('knows what lies where it has directories of its own', () => {
    expect(['/tmp/edge.rules', '/var/tmp/a/edge.rules'].every(unseenByUnit)).toBe(true);
    expect(['/etc/pktc/edge.rules', '/tmpfs/edge.rules', '/home/tmp/edge.rules'].some(unseenByUnit)).toBe(false);
  });

  test('waits for its interfaces by the names that udev gives them', () => {
    const text = unitText({ ...UNIT, interfaces: ['eth0', 'br-lan', 'eth0.100'] });
    const devices = ['eth0', 'br\\x2dlan', 'eth0.100'].map((one) => `sys-subsystem-net-devices-${one}.device`).join(' ');
    expect(line(text, 'BindsTo')).toBe(devices);
    expect(line(text, 'After')).toBe(devices);
    expect(line(unitText({ ...UNIT, interfaces: [] }), 'BindsTo')).toBeUndefined();
  });

  test('writes the unit, again only when told to, and says what is next', async () => {
    const folder = temporaryFolder();
    const rules = path.join(folder, 'edge.rules');
    writeFileSync(rules, 'match tcp dport 23 -> drop\nmatch frag later -> drop\n', { mode: 0o644 });
    const install = (...more: string[]) => pktc(['install-service', 'edge', rules, '--unit-dir', folder, ...more]);
    const unit = path.join(folder, 'pktc-edge.service');

    const first = await install('-i', 'eth0');
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toContain('systemctl enable --now pktc-edge');
    expect(first.stderr.includes('note: the service sees a `/tmp` of its own')).toBe(unseenByUnit(realpathSync(rules)));
    const written = readFileSync(unit, 'utf8');
    expect(line(written, 'CapabilityBoundingSet')).toBe('CAP_BPF CAP_NET_ADMIN CAP_PERFMON');
    expect(await verify(written)).toBe('');

    const other = await install('-i', 'eth1');
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(readFileSync(unit, 'utf8')).toBe(written);
    expect(await install('-i', 'eth1', '--force')).toMatchObject({ code: 0 });
    expect(line(readFileSync(unit, 'utf8'), 'ExecStart')).toMatch(/ -i eth1$/);
    const shown = await install('-i', 'eth2', '--print');
    expect(line(shown.stdout, 'ExecStart')).toMatch(/ -i eth2$/);

    writeFileSync(rules, 'match prto tcp -> drop\n');
    expect(await install('-i', 'eth0', '--force')).toMatchObject({ code: 3, stderr: expect.stringContaining('PKT2001') });
    expect(await install()).toMatchObject({ code: 2 });
    expect(line(readFileSync(unit, 'utf8'), 'ExecStart')).toMatch(/ -i eth1$/);
  });
});
