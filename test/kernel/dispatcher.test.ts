/**
 * Joining libxdp's dispatcher, as far as this machine goes along. That the programs of all run then, and stay as they were afterwards, is for the
 * kernels of `test/kernels`, where extensions of programs (freplace) can be loaded.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { attach } from '../../runtime/attach.ts';
import { openLibxdp } from '../../runtime/ffi/libxdp.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { openPinRoot } from '../../runtime/pinned/directory.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import { pktc } from '../cli/pktc.ts';
import { failureOf } from '../runtime/failure-of.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import { mountBpfFileSystem } from './bpf-file-system.ts';
import { describeKernel, openBpfDescriptors, withNetwork, xdpProgramId } from './environment.ts';

/** PKT6120 without the library; null: it is there. */
function libxdpProblem(): RuntimeError | null {
  try {
    openLibxdp();
    return null;
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
}

describeKernel('a dispatcher of libxdp', () => {
  test('without libxdp: says what to install', () => {
    expect(failureOf(() => openLibxdp('libxdp-of-nowhere.so.1'))).toMatchObject({
      code: 'PKT6120',
      message: 'libxdp is not installed (libxdp-of-nowhere.so.1 not found)',
      help: expect.stringContaining('apt install libxdp1'),
    });
  });

  test('is joined and left, or it is said what is missing, and nothing has changed', async () => {
    const bpffs = mountBpfFileSystem();
    process.env.LIBXDP_BPFFS = bpffs.path;
    try {
      const root = openPinRoot({ PKTC_BPFFS: bpffs.path });
      const artifact = fixtureArtifact();
      const load = () => loadArtifact(artifact, { dispatcher: { priority: 50, root } });
      const open = openBpfDescriptors();
      await withNetwork(({ near }) => {
        const problem = libxdpProblem() ?? whyNot(load);
        if (problem === null) {
          using loaded = load();
          const attachment = near.run(() => attach(loaded, near.ifname, 'auto'));
          expect(attachment.mode).toBe('dispatcher');
          expect(xdpProgramId(near)).not.toBeNull();
          expect(attachment.gone()).toBe(false);
          near.run(attachment.close);
        } else {
          console.info(`this machine has no dispatcher: ${problem.message}`);
          expect(['PKT6120', 'PKT6121']).toContain(problem.code);
          expect(problem.help).toContain('--hook tc ingress');
        }
        expect(xdpProgramId(near)).toBeNull();
      });
      expect(openBpfDescriptors()).toEqual(open);
      expect(readdirSync(root)).toEqual([]);
      const left = readdirSync(bpffs.path).includes('xdp') ? readdirSync(path.join(bpffs.path, 'xdp')) : [];
      expect(left).toEqual([]);
    } finally {
      delete process.env.LIBXDP_BPFFS;
      bpffs.close();
    }
  });

  test('the command: exit code 2 where it makes no sense, 4 without a BPF file system', async () => {
    const run = (...argv: string[]) =>
      pktc(['run', '-e', 'match udp dport 53 -> drop', '-i', 'lo', ...argv], { env: { LIBXDP_BPFFS: '/proc' } });
    const results = await Promise.all([
      run('--hook', 'tc', '--dispatcher'),
      run('--priority', '10'),
      run('--dispatcher', '--priority', 'first'),
      run('--dispatcher', '--detach', '--name', 'edge'),
      run('--dispatcher'),
    ]);
    expect(results.map(({ code }) => code)).toEqual([2, 2, 2, 2, 4]);
    expect(results.map(({ stderr }) => /^error.*?: (.*)/m.exec(stderr)?.[1])).toEqual([
      '`--dispatcher` is for XDP, and this program for `tc`',
      '`--priority` is about `--dispatcher`',
      '`--priority` takes a whole number up to 4294967295',
      '`--detach` leaves nobody who could care for `--dispatcher`',
      '`/proc` is not a BPF file system',
    ]);
  });
});

function whyNot(load: () => Disposable): RuntimeError | null {
  try {
    load()[Symbol.dispose]();
    return null;
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
}
