import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AttachMode, type Attachment, attach, attachAll } from '../../runtime/attach.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { inspectMachine } from '../../runtime/machine.ts';
import { failureOf } from '../runtime/failure-of.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import {
  describeKernel,
  eventually,
  ip,
  type NetworkEnd,
  openInjector,
  withNamespaces,
  withNetwork,
  xdpProgramId,
} from './environment.ts';
import { startHolder } from './holder.ts';

/** Compiled once: the tests only need some program. */
const FIXTURE = fixtureArtifact();
const artifact = () => FIXTURE;

function attachAt(end: NetworkEnd, loaded: LoadedProgram, mode: AttachMode = 'auto'): Attachment {
  return end.run(() => attach(loaded, end.ifname, mode));
}

describeKernel('attaching', () => {
  test.each(['native', 'generic'] as const)('%s: sees exactly the packets that come in, until it is closed', async (mode) => {
    await withNetwork(
      async ({ near, far }) => {
        using loaded = loadArtifact(artifact());
        const attachment = attachAt(near, loaded, mode);
        expect(attachment).toMatchObject({ ifname: near.ifname, ifindex: near.ifindex, mode, note: null });
        expect(xdpProgramId(near)).toBe(loaded.programs[0]?.id);
        const injector = openInjector(far);
        const frame = new Uint8Array(77).fill(0xee);
        for (let count = 0; count < 1000; count++) injector.send(frame);
        await eventually('the frames are counted', () => loaded.counters()[1]?.packets === 1000n);
        expect(loaded.counters()[1]).toMatchObject({ packets: 1000n, bytes: 77_000n });
        attachment.close();
        attachment.close();
        expect(xdpProgramId(near)).toBeNull();
        injector.send(frame);
        injector.close();
        expect(loaded.counters()[1]?.packets).toBe(1000n);
        expect(attachment.gone()).toBe(false);
        // An IPv6 address has the kernel send reports, which would be counted.
      },
      { near: ['10.0.0.1/8'], far: ['10.0.0.2/8'] },
    );
  });

  test('auto is native where the driver can, and generic with a note where it cannot', async () => {
    await withNetwork(({ near }) => {
      using loaded = loadArtifact(artifact());
      expect(attachAt(near, loaded)).toMatchObject({ mode: 'native', note: null });
      const loopback = near.run(() => attach(loaded, 'lo', 'auto'));
      expect(loopback).toMatchObject({
        mode: 'generic',
        note: expect.stringMatching(/`lo` does not take native XDP \(EOPNOTSUPP\)/),
      });
      loopback.close();
      expect(failureOf(() => near.run(() => attach(loaded, 'lo', 'native')))).toMatchObject({ code: 'PKT6012' });
      expect(near.run(() => attach(loaded, 'lo', 'generic'))).toMatchObject({ mode: 'generic', note: null });
    });
  });

  test('several interfaces: all of them', async () => {
    await withNetwork(({ near }) => {
      using loaded = loadArtifact(artifact());
      const attachments = near.run(() => attachAll(loaded, [near.ifname, 'lo', near.ifname], 'auto'));
      expect(attachments.map(({ ifname, mode }) => [ifname, mode])).toEqual([
        [near.ifname, 'native'],
        ['lo', 'generic'],
      ]);
    });
  });

  test('or none of them', async () => {
    await withNetwork(({ near }) => {
      using loaded = loadArtifact(artifact());
      for (const bad of ['no-such-name', '../x']) {
        const error = failureOf(() => near.run(() => attachAll(loaded, [near.ifname, 'lo', bad], 'auto')));
        expect(['PKT6001', 'PKT6010']).toContain(error.code);
        expect(xdpProgramId(near)).toBeNull();
      }
      expect(near.run(() => attach(loaded, 'lo', 'auto')).mode).toBe('generic');
    });
  });

  test('what the kernel refuses for another reason is told as it is', async () => {
    await withNetwork(({ near }) => {
      using loaded = loadArtifact(artifact());
      const { internals } = loaded;
      const nothing = { ...loaded, internals, programs: [{ at: 'xdp' as const, fd: -1, id: 0 }] };
      for (const mode of ['auto', 'generic'] as const) {
        expect(failureOf(() => attachAt(near, nothing, mode))).toMatchObject({
          code: 'PKT6013',
          message: expect.stringContaining('EBADF'),
        });
      }
      expect(xdpProgramId(near)).toBeNull();
    });
  });

  test('closing the program detaches it everywhere', async () => {
    await withNetwork(({ near }) => {
      const loaded = loadArtifact(artifact());
      const attachment = attachAt(near, loaded);
      loaded.close();
      expect(xdpProgramId(near)).toBeNull();
      attachment.close();
      expect(() => attachAt(near, loaded)).toThrow(/closed/);
    });
  });

  test('notices that the interface went away, and nothing else breaks', async () => {
    await withNetwork(({ near }) => {
      using loaded = loadArtifact(artifact());
      const [first, second] = near.run(() => attachAll(loaded, [near.ifname, 'lo'], 'auto'));
      expect(first?.gone()).toBe(false);
      ip('-n', near.name, 'link', 'delete', near.ifname);
      expect(first?.gone()).toBe(true);
      expect(second?.gone()).toBe(false);
      first?.close();
      expect(failureOf(() => attachAt(near, loaded))).toMatchObject({ code: 'PKT6001' });
    });
  });

  test('notices that the whole namespace went away', async () => {
    await withNetwork(async ({ near }) => {
      using loaded = loadArtifact(artifact());
      const attachment = attachAt(near, loaded);
      ip('netns', 'delete', near.name);
      await eventually('the interface is gone', () => attachment.gone());
      ip('netns', 'add', near.name);
    });
  });
});

describeKernel('an interface in use', () => {
  test('by another run of pktc: says which process, and leaves it alone', async () => {
    await withNetwork(async ({ near }) => {
      const holder = await startHolder(artifact(), { namespace: near, ifname: near.ifname });
      try {
        expect(holder.answer).toEqual({ programId: xdpProgramId(near) });
        using loaded = loadArtifact(artifact());
        for (const mode of ['auto', 'native', 'generic'] as const) {
          const error = failureOf(() => attachAt(near, loaded, mode));
          expect(error.code).toBe('PKT6011');
          expect(error.message).toContain(`another run of pktc (program ${xdpProgramId(near)})`);
          expect(error.message).toContain(`held by process ${holder.pid}`);
          expect(error.help).toContain(`process ${holder.pid}`);
        }
        expect(holder.answer).toEqual({ programId: xdpProgramId(near) });
        const seen = near.run(() => inspectMachine().interfaces.find(({ name }) => name === near.ifname));
        expect(seen).toMatchObject({
          driver: 'veth',
          nativeXdp: true,
          up: true,
          holders: [{ mode: 'native', programId: xdpProgramId(near), programName: 'pktc_xdp', process: { pid: holder.pid } }],
        });
      } finally {
        await holder.kill('SIGKILL');
      }
    });
  });

  test('by a program that no process holds: says how to take it off', async () => {
    await withNetwork(({ near }) => {
      const directory = mkdtempSync(join(tmpdir(), 'pktc-attach-'));
      const object = join(directory, 'x.o');
      writeFileSync(object, artifact().object);
      ip('-n', near.name, 'link', 'set', 'dev', near.ifname, 'xdpgeneric', 'object', object, 'section', 'xdp');
      rmSync(directory, { recursive: true });
      using loaded = loadArtifact(artifact());
      const error = failureOf(() => attachAt(near, loaded));
      expect(error).toMatchObject({ code: 'PKT6011', help: expect.stringContaining(`ip link set dev ${near.ifname} xdp off`) });
      expect(error.message).toContain('held by no process');
    });
  });
});

describeKernel('the end of a process', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)('%s: the kernel detaches', async (signal) => {
    await withNetwork(async ({ near }) => {
      const holder = await startHolder(artifact(), { namespace: near, ifname: near.ifname });
      expect(holder.answer).toEqual({ programId: xdpProgramId(near) });
      expect(holder.stderr).toBe('');
      await holder.kill(signal);
      await eventually('the program is off the interface', () => xdpProgramId(near) === null);
    });
  });
});

describeKernel('privilege', () => {
  test('without capabilities: says which are missing', async () => {
    await withNetwork(async ({ near }) => {
      const by = ['setpriv', '--inh-caps', '-all', '--bounding-set', '-all'];
      const holder = await startHolder(artifact(), { namespace: near, ifname: near.ifname, by });
      expect(holder.answer).toMatchObject({
        code: 'PKT6005',
        message: expect.stringMatching(/CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON missing/),
        help: expect.stringContaining('sudo'),
      });
      expect(holder.stderr).toBe('');
      expect(xdpProgramId(near)).toBeNull();
      await holder.kill('SIGKILL');
    });
  });

  test('with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON alone it works', async () => {
    await withNetwork(async ({ near }) => {
      const by = ['setpriv', '--inh-caps', '-all', '--bounding-set', '-all,+bpf,+net_admin,+perfmon'];
      const holder = await startHolder(artifact(), { namespace: near, ifname: near.ifname, by });
      expect(holder.answer).toEqual({ programId: xdpProgramId(near) });
      await holder.kill('SIGKILL');
    });
  });

  test('without CAP_NET_ADMIN: loads not', async () => {
    await withNamespaces(1, async ([namespace]) => {
      const by = ['setpriv', '--inh-caps', '-all', '--bounding-set', '-all,+bpf,+perfmon'];
      const holder = await startHolder(artifact(), { namespace: namespace!, ifname: 'lo', by });
      expect(holder.answer).toMatchObject({ code: 'PKT6005', message: expect.stringMatching(/: CAP_NET_ADMIN missing/) });
      await holder.kill('SIGKILL');
    });
  });
});
