/** What `docs/library.md` promises: its examples as somebody would try them, and the library called from here. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { compile, type PacketEvent, type RuntimeError, run } from '../../library/index.ts';
import { pktc, ROOT, temporaryFolder } from '../cli/pktc.ts';
import { asJavaScript, exampleFiles } from '../library/examples.ts';
import { frameOf, ipv4, pad, tcp } from '../packets/build-packet.ts';
import {
  describeKernel,
  eventually,
  ip,
  type NetworkEnd,
  openInjector,
  withIpv4Network as withNetwork,
  xdpProgramId,
} from './environment.ts';

const TCP = 6;
const segment = (dport: number): Uint8Array => pad(frameOf(ipv4({ proto: TCP }, tcp({ dport }))));

function send(far: NetworkEnd, ...ports: readonly number[]): void {
  const injector = openInjector(far);
  for (const dport of ports) injector.send(segment(dport));
  injector.close();
}

describeKernel('the library', () => {
  test('does what its page shows: the example of watching, with the built package', async () => {
    expect((await pktc(['--version'])).code).toBe(0);
    const folder = temporaryFolder();
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(ROOT, path.join(folder, 'node_modules/pktc'));
    writeFileSync(path.join(folder, 'edge.rules'), 'web: match tcp dport 80 -> log, drop\n');
    await withNetwork(async ({ near, far }) => {
      const example = exampleFiles()[0]!;
      const text = example.text.replace("'eth0'", `'${near.ifname}'`).replace('60_000', '4_000');
      expect(text).not.toContain('eth0');
      writeFileSync(path.join(folder, 'watch.mjs'), asJavaScript({ ...example, text }));
      const child = near.spawn(process.execPath, ['watch.mjs'], { cwd: folder, stdio: 'pipe' });
      let output = '';
      child.stdout!.on('data', (data) => {
        output += data;
      });
      child.stderr!.on('data', (data) => {
        output += data;
      });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      await eventually('it is attached', () => xdpProgramId(near) !== null);
      send(far, 80, 81, 80);
      expect(await ended, output).toBe(0);
      const event = /^web drop \S+ 40000 \S+ 80$/;
      const lines = output.trimEnd().split('\n');
      expect(lines).toHaveLength(4);
      expect(
        lines.slice(0, 2).every((line) => event.test(line)),
        output,
      ).toBe(true);
      expect(lines.slice(2)).toEqual(['web 2n 120n 0n', 'null 1n 60n 0n']);
      expect(xdpProgramId(near)).toBeNull();
    });
  });

  test('events until it is stopped, the last ones too; counters through a change of rules', async () => {
    await withNetwork(async ({ near, far }) => {
      const first = await compile({ text: 'web: match tcp dport 80 -> log\n', name: 'a.rules' });
      const second = await compile({ text: 'web: match tcp dport 80 -> log\nother: match tcp dport 81 -> drop, log\n' });
      const live = await near.run(() => run(first, { interfaces: [near.ifname], mode: 'generic' }));
      const events: PacketEvent[] = [];
      try {
        expect(live.places).toEqual([{ place: near.ifname, ifindex: near.ifindex, mode: 'generic', note: null }]);
        const reading = (async () => {
          for await (const event of live) events.push(event);
        })();
        send(far, 80, 81);
        await eventually('the first event is read', () => events.length === 1);
        expect(await live.update(second)).toBe('switched');
        send(far, 80, 81);
        await eventually('they are counted', () => live.counters()[1]?.packets === 1n);
        expect(live.ended).toBeNull();
        live.stop();
        live.stop();
        await reading;
        expect(live.ended).toBe('stopped');
        expect(events.map(({ rule_name, verdict, dport }) => [rule_name, verdict, dport])).toEqual([
          ['web', null, 80],
          ['web', null, 80],
          ['other', 'drop', 81],
        ]);
        expect(live.counters().map(({ rule, verdict, packets }) => [rule, verdict, packets])).toEqual([
          ['web', null, 2n],
          ['other', 'drop', 1n],
          // Two under the first rules, one under the second: no verdict caught them.
          [null, 'pass', 3n],
        ]);
        expect(xdpProgramId(near)).toBeNull();
      } finally {
        await live[Symbol.asyncDispose]();
      }
    });
  });

  test('ends when its interface goes, and when its signal says so', async () => {
    await withNetwork(async ({ near, far }) => {
      const rules = await compile({ text: 'match tcp -> log\n' });
      const abort = new AbortController();
      const aborted = await near.run(() => run(rules, { interfaces: [near.ifname], signal: abort.signal }));
      const reading = (async () => {
        for await (const _ of aborted);
      })();
      abort.abort();
      await reading;
      expect(aborted.ended).toBe('stopped');
      await aborted[Symbol.asyncDispose]();
      await expect(near.run(() => run(rules, { interfaces: [near.ifname], signal: abort.signal }))).rejects.toThrow('aborted');
      expect(xdpProgramId(near)).toBeNull();

      const live = await near.run(() => run(rules, { interfaces: [near.ifname] }));
      ip('-n', far.name, 'link', 'delete', far.ifname);
      for await (const _ of live);
      expect(live.ended).toBe('gone');
      await live[Symbol.asyncDispose]();
    });
  });

  test('attaches everywhere or nowhere', async () => {
    await withNetwork(async ({ near }) => {
      const rules = await compile({ text: 'match tcp -> count\n' });
      const failing = near.run(() => run(rules, { interfaces: [near.ifname, 'nothere0'] }));
      await expect(failing).rejects.toMatchObject({ name: 'RuntimeError', code: 'PKT6001' } satisfies Partial<RuntimeError>);
      expect(xdpProgramId(near)).toBeNull();
    });
  });
});
