/** `pktc top` in a terminal (tmux), on a detached program that real packets come to: what it shows, and how it leaves the terminal. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { udpFrame } from '../../cli/demo/frames.ts';
import { attachAll } from '../../runtime/attach.ts';
import { openFollowingEvents } from '../../runtime/events.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { openPinRoot, pinProgram, stopPinned } from '../../runtime/pinned/pinned-program.ts';
import { LAUNCHER, pktc, plainEnvironment, temporaryFolder } from '../cli/pktc.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, eventually, openInjector, withIpv4Network as withNetwork, xdpProgramId } from './environment.ts';

const folder = temporaryFolder();
const SOCKET = path.join(folder, 'tmux');
const DNS = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'question');

function tmux(...parameters: string[]): string {
  return execFileSync('tmux', ['-S', SOCKET, ...parameters], {
    encoding: 'utf8',
    env: { ...plainEnvironment(), TERM: 'xterm' },
  });
}

const type = (...keys: string[]) => tmux('send-keys', '-t', 'top', ...keys);
const shown = () => tmux('capture-pane', '-p', '-t', 'top').split('\n');
/** Whether the alternate screen is on, and the cursor there. */
const flags = () => tmux('display-message', '-p', '-t', 'top', '#{alternate_on} #{cursor_flag}').trim();

describeKernel('pktc top', () => {
  let bpffs = '';
  beforeAll(async () => {
    // The first start may have to build.
    await pktc(['--version']);
    bpffs = mkdtempSync(path.join(tmpdir(), 'pktc-bpffs-'));
    execFileSync('mount', ['-t', 'bpf', '-o', 'mode=0700', 'bpf', bpffs]);
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'top', '-x', '100', '-y', '24', 'sh');
  });
  afterAll(() => {
    tmux('kill-server');
    execFileSync('umount', [bpffs]);
    rmdirSync(bpffs);
  });

  test('shows rates and events, follows the window, takes no event from readers, and gives the terminal back', async () => {
    const root = openPinRoot({ PKTC_BPFFS: bpffs });
    const modes = path.join(folder, 'modes');
    const start = async () => {
      type(
        '-l',
        `PKTC_BPFFS=${bpffs} '${process.execPath}' '${LAUNCHER}' top edge --interval 100ms; echo exit $?; stty -g >> '${modes}'\n`,
      );
      await eventually(
        'the screen is taken over',
        () => flags() === '1 0' && shown().some((line) => line.includes('packets/s')),
      );
    };
    const ended = async (exit: number) => {
      // A shell that reads ahead prints its prompt first.
      const said = () => shown().some((line) => new RegExp(`^(?:[#$] )?exit ${exit}$`).test(line));
      await eventually(`it ends with ${exit}`, () => flags() === '0 1' && said());
      type('clear', 'Enter');
      await eventually('an empty screen', () => !said());
    };
    await withNetwork(async ({ near, far }) => {
      const artifact = await compileRules('names: match udp dport 53 -> log, drop\nidle: match udp dport 80 -> drop\n');
      const loaded = loadArtifact(artifact);
      near.run(() => attachAll(loaded, [near.ifname], 'auto'));
      pinProgram(root, 'edge', artifact, loaded);
      using reader = openFollowingEvents(loaded);
      type('-l', `stty -g >> '${modes}'\n`);
      await start();
      const injector = openInjector(far);
      for (let sent = 0; sent < 20; sent++) injector.send(DNS);
      await eventually(`the counters: ${shown().join('\n')}`, () => shown().some((line) => /^ names +drop .* 20 /.test(line)));
      const lines = shown();
      expect(lines[0]).toMatch(new RegExp(`^ edge {2}xdp {2}${near.ifname} \\(native\\) {2}for \\d+ s {2}2 rules`));
      expect(
        lines.filter((line) => / names +drop .* 203\.0\.113\.9:5353 +→ 192\.0\.2\.1:53$/.test(line)).length,
      ).toBeGreaterThan(3);
      expect(reader.read()).toHaveLength(20);

      tmux('resize-window', '-t', 'top', '-x', '60', '-y', '12');
      await eventually('the narrower picture', () => shown()[11]?.startsWith(' q quit') === true);
      expect(shown().join('\n')).not.toContain('LAST EVENTS');
      type('-l', '/na');
      await eventually('the filter', () => !shown().some((line) => line.startsWith(' idle')));
      type('Enter', 'q');
      await ended(0);

      await start();
      type('C-c');
      await ended(0);

      await start();
      for (const pid of childrenOfShell()) process.kill(pid, 'SIGTERM');
      await ended(0);

      const said = path.join(folder, 'said');
      const command = `exec env PKTC_BPFFS=${bpffs} '${process.execPath}' '${LAUNCHER}' top edge 2> '${said}'`;
      tmux('new-window', '-d', '-n', 'other', command);
      await eventually('the other screen', () => tmux('capture-pane', '-p', '-t', 'other').includes('packets/s'));
      const other = tmux('display-message', '-p', '-t', 'other', '#{pane_pid}').trim();
      tmux('kill-window', '-t', 'other');
      await eventually('its process has ended with its terminal', () => !existsSync(`/proc/${other}`));
      expect(readFileSync(said, 'utf8')).toBe('');

      await start();
      loaded.close();
      await stopPinned(root, 'edge');
      expect(xdpProgramId(near)).toBeNull();
      await eventually('it says why', () => shown().includes('edge was stopped'));
      await ended(1);
      injector.close();
    });
    // Of the terminal: before, and after each.
    const [before, ...after] = readFileSync(modes, 'utf8').trimEnd().split('\n');
    expect(after).toEqual([before, before, before, before]);
  });
});

function childrenOfShell(): readonly number[] {
  const shell = tmux('display-message', '-p', '-t', 'top', '#{pane_pid}').trim();
  return readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ').map(Number);
}
