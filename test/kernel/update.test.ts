import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { interpreterEngine, kernelEngine } from '../../cli/replay/engine.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { attach } from '../../runtime/attach.ts';
import { openEvents } from '../../runtime/events.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { withoutSending } from '../../runtime/xdp-sending.ts';
import { address, frameOf, ipv4, tcp } from '../packets/build-packet.ts';
import { dataArtifact, dataObject, numberFrame, type RangeRule } from '../runtime/data-fixture.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import { compileBoth } from './compile-rules.ts';
import {
  describeKernel,
  eventually,
  openBpfDescriptors,
  openInjector,
  withIpv4Network as withNetwork,
  xdpProgramId,
} from './environment.ts';
import { generationsOf } from './generations.ts';

const PASS = 2;
const DROP = 1;

const rule = (name: string, low: number, high: number, verdict: RangeRule['verdict'], logs = false): RangeRule => ({
  name,
  low,
  high,
  verdict,
  logs,
});
const packets = (loaded: LoadedProgram) => loaded.counters().map((counter) => counter.packets);
const verdict = (loaded: LoadedProgram, number: number) => loaded.testRun(numberFrame(number)).returnValue;
const failure = (error: unknown) => error as { code: string; message: string; help: string };

let object: Uint8Array;
let other: Uint8Array;
beforeAll(() => {
  object = dataObject();
  other = dataObject(1);
});

describeKernel('rules as data', () => {
  test('are at work once loaded, each with its counter', () => {
    using loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop'), rule('b', 11, 20, 'pass')]));
    expect([verdict(loaded, 5), verdict(loaded, 15), verdict(loaded, 15), verdict(loaded, 99)]).toEqual([
      DROP,
      PASS,
      PASS,
      PASS,
    ]);
    expect(packets(loaded)).toEqual([1n, 2n, 1n]);
    expect(loaded.counters()[1]).toEqual({ packets: 2n, bytes: 120n, logged: 0n, lost: 0n });
  });

  test('other rules take their place; those that live on go on counting', async () => {
    using loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop'), rule('b', 11, 20, 'pass')]));
    for (const number of [1, 2, 11, 99]) verdict(loaded, number);
    const next = dataArtifact(object, [rule('new', 5, 5, 'pass'), rule('b', 11, 20, 'drop'), rule('a', 1, 10, 'drop')], 2);
    const result = await loaded.replace(next);
    expect(result).toMatchObject({ replaced: true });
    expect(generationsOf(loaded)).toEqual({ remembered: 2, atWork: 2 });
    expect(loaded.manifest.rules.map(({ name }) => name)).toEqual(['new', 'b', 'a']);
    expect(packets(loaded)).toEqual([0n, 1n, 2n, 1n]);
    expect([verdict(loaded, 5), verdict(loaded, 15), verdict(loaded, 1)]).toEqual([PASS, DROP, DROP]);
    expect(packets(loaded)).toEqual([1n, 2n, 3n, 1n]);
    if (result.replaced) await result.settled;
    expect(packets(loaded)).toEqual([1n, 2n, 3n, 1n]);
  });

  test('a rule that comes back has its counter again', async () => {
    const two = [rule('a', 1, 10, 'drop'), rule('b', 11, 20, 'pass')];
    using loaded = loadArtifact(dataArtifact(object, two));
    verdict(loaded, 1);
    await loaded.replace(dataArtifact(object, two.slice(1), 2));
    expect(verdict(loaded, 1)).toBe(PASS);
    expect(packets(loaded)).toEqual([0n, 1n]);
    await loaded.replace(dataArtifact(object, two, 3));
    expect(verdict(loaded, 1)).toBe(DROP);
    expect(packets(loaded)).toEqual([2n, 0n, 1n]);
  });

  test('a thousand new rules, one by one: counters are used again, and begin at zero', async () => {
    using loaded = loadArtifact(dataArtifact(object, [rule('r0', 1, 10, 'drop'), rule('stays', 11, 20, 'pass')]));
    for (let turn = 1; turn <= 1000; turn++) {
      const result = await loaded.update(
        dataArtifact(object, [rule(`r${turn}`, 1, 10, 'drop'), rule('stays', 11, 20, 'pass')], turn + 1),
      );
      expect(result).toBe('replaced');
      verdict(loaded, 5);
      verdict(loaded, 15);
      expect(packets(loaded)).toEqual([1n, BigInt(turn), 0n]);
      // Slots are given away again only when no packet can be behind them.
      if (turn % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
    }
  });

  test('events are told by name, also those of rules that are gone', async () => {
    using loaded = loadArtifact(dataArtifact(object, [rule('old', 1, 10, 'drop', true), rule('kept', 11, 20, 'pass', true)]));
    using stream = openEvents(loaded);
    verdict(loaded, 1);
    verdict(loaded, 11);
    await loaded.replace(dataArtifact(object, [rule('kept', 11, 20, 'pass', true), rule('new', 1, 10, 'pass', true)], 2));
    verdict(loaded, 1);
    expect(stream.read().map((event) => [event.rule_name, event.rule])).toEqual([
      ['old', -1],
      ['kept', 0],
      ['new', 1],
    ]);
    expect(loaded.counters().map(({ logged }) => logged)).toEqual([1n, 1n, 0n]);
  });

  test('says which rules counted', async () => {
    using loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop'), rule('b', 11, 20, 'pass')]));
    verdict(loaded, 1);
    const counted = loaded.watchCounters();
    expect(counted()).toEqual([]);
    verdict(loaded, 11);
    verdict(loaded, 99);
    expect(counted()).toEqual([1]);
    await loaded.replace(dataArtifact(object, [rule('c', 99, 99, 'drop'), rule('a', 1, 10, 'drop')], 2));
    verdict(loaded, 1);
    verdict(loaded, 99);
    expect(counted()).toEqual([0, 1]);
  });

  test('more than one change at a time: one after the other', async () => {
    using loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop')]));
    const changes = Array.from({ length: 20 }, (_, turn) =>
      loaded.replace(dataArtifact(object, [rule('a', 1, 10 + turn, 'drop')], turn + 2)),
    );
    for (const change of await Promise.all(changes)) expect(change.replaced).toBe(true);
    expect([verdict(loaded, 29), verdict(loaded, 30)]).toEqual([DROP, PASS]);
  });
});

describeKernel('what cannot be replaced', () => {
  const first = () => dataArtifact(object, [rule('a', 1, 10, 'drop')]);

  test.each<[string, () => Artifact]>([
    ['program', () => dataArtifact(other, [rule('a', 1, 10, 'pass')])],
    ['room', () => dataArtifact(object, [rule('a', 1, 10, 'pass')], 2, 70_000)],
    [
      'counters',
      () =>
        dataArtifact(
          object,
          Array.from({ length: 200 }, (_, n) => rule(`r${n}`, n, n, 'pass')),
        ),
    ],
    [
      'interfaces',
      () => {
        const next = dataArtifact(object, [rule('a', 1, 10, 'pass')]);
        return { ...next, manifest: { ...next.manifest, redirects: ['eth0'] } };
      },
    ],
    ['compiled', () => ({ ...first(), data: null, manifest: { ...first().manifest, data: null } })],
  ])('%s: is said, and nothing has changed', async (obstacle, next) => {
    using loaded = loadArtifact(first());
    verdict(loaded, 1);
    expect(await loaded.replace(next())).toEqual({ replaced: false, obstacle });
    expect(generationsOf(loaded)).toEqual({ remembered: 1, atWork: 1 });
    expect(loaded.manifest.rules).toHaveLength(1);
    expect(verdict(loaded, 1)).toBe(DROP);
    expect(packets(loaded)).toEqual([2n, 0n]);
  });

  test('data that were damaged', async () => {
    using loaded = loadArtifact(first());
    const next = dataArtifact(object, [rule('a', 1, 10, 'pass')], 2);
    next.data![380]! ^= 1;
    expect(failure(await loaded.replace(next).catch((error: unknown) => error)).code).toBe('PKT6004');
    const manifest = { ...next.manifest, data: { ...next.manifest.data!, rule_off: 1 << 20, sha256: sha256(next.data!) } };
    const error = failure(await loaded.replace({ ...next, manifest }).catch((one: unknown) => one));
    expect(error).toMatchObject({ code: 'PKT6003', message: expect.stringContaining('rule table') });
    expect(verdict(loaded, 1)).toBe(DROP);
    expect(packets(loaded)).toEqual([1n, 0n]);
  });

  test('data of another length, or none, are not loaded', () => {
    const artifact = first();
    for (const data of [null, artifact.data!.subarray(16), new Uint8Array(artifact.data!.length)]) {
      expect(() => loadArtifact({ ...artifact, data })).toThrow(expect.objectContaining({ code: 'PKT6004' }));
    }
  });

  test('a program that is closed', async () => {
    const loaded = loadArtifact(first());
    const change = loaded.replace(dataArtifact(object, [rule('a', 1, 10, 'pass')], 2));
    loaded.close();
    await expect(change).rejects.toThrow('the program is closed');
    await expect(loaded.update(first())).rejects.toThrow('the program is closed');
  });
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describeKernel('a switch to another program', () => {
  const atFirst = openBpfDescriptors().length;

  test('counters of rules that live on are carried over', async () => {
    using loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop'), rule('b', 11, 20, 'pass')]));
    for (const number of [1, 1, 11, 99]) verdict(loaded, number);
    const id = loaded.programs[0]!.id;
    expect(await loaded.update(dataArtifact(other, [rule('b', 11, 20, 'drop'), rule('c', 1, 1, 'pass')]))).toBe('switched');
    expect(loaded.programs[0]!.id).not.toBe(id);
    expect(packets(loaded)).toEqual([1n, 0n, 1n]);
    for (const number of [1, 11, 99]) verdict(loaded, number);
    expect(packets(loaded)).toEqual([2n, 1n, 2n]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(packets(loaded)).toEqual([2n, 1n, 2n]);
    expect(await loaded.update(dataArtifact(object, [rule('b', 11, 20, 'drop')], 7, 100_000))).toBe('switched');
    expect(packets(loaded)).toEqual([2n, 2n]);
  });

  test('event streams go on, in order', async () => {
    using loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop', true)]));
    using stream = openEvents(loaded);
    verdict(loaded, 1);
    await loaded.switchTo(dataArtifact(other, [rule('z', 1, 1, 'drop', true), rule('a', 1, 10, 'drop', true)]));
    verdict(loaded, 1);
    const seen: string[] = [];
    setTimeout(() => verdict(loaded, 5), 100);
    for await (const batch of stream) {
      seen.push(...batch.map((event) => `${event.rule_name} ${event.rule}`));
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['a -1', 'z 0', 'a 1']);
  });

  test('leaves nothing of the old program behind', async () => {
    // What the tests before have replaced is closed when no packet sees it any more, and must not count as there.
    await eventually('the descriptors of other tests are closed', () => openBpfDescriptors().length === atFirst);
    const loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop', true)]));
    const stream = openEvents(loaded);
    for (let turn = 0; turn < 10; turn++) {
      await loaded.switchTo(dataArtifact(turn % 2 ? object : other, [rule('a', 1, 10, 'drop', true)]));
      await loaded.replace(dataArtifact(turn % 2 ? object : other, [rule('a', 1, 10, 'pass', true)], 2));
    }
    expect(stream.read()).toEqual([]);
    loaded.close();
    await eventually('the descriptors are closed', () => openBpfDescriptors().length === atFirst);
  });

  test('takes over what is attached', async () => {
    await withNetwork(async ({ near, far }) => {
      await near.run(async () => {
        using loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop'), rule('b', 11, 20, 'drop')]));
        const attachment = attach(loaded, near.ifname, 'native');
        const injector = openInjector(far);
        try {
          injector.send(numberFrame(1));
          await eventually('a packet is counted', () => packets(loaded)[0] === 1n);
          await loaded.switchTo(dataArtifact(other, [rule('b', 11, 20, 'drop'), rule('a', 1, 10, 'drop')]));
          expect(xdpProgramId(near)).toBe(loaded.programs[0]!.id);
          injector.send(numberFrame(1));
          await eventually('a packet is counted', () => packets(loaded)[1] === 2n);
          expect(attachment.gone()).toBe(false);
          attachment.close();
          expect(xdpProgramId(near)).toBe(null);
        } finally {
          injector.close();
        }
      });
    });
  });

  test('knows where a program that answers cannot take the place of one that is native', async () => {
    await withNetwork(({ near }) => {
      const { manifest } = fixtureArtifact();
      const rejecting = { ...manifest, default_verdict: 'reject' as const };
      const redirecting = { ...manifest, default_verdict: 'redirect' as const, redirects: [near.ifname] };
      const libc = openLibc();
      near.run(() => {
        expect(withoutSending(libc, manifest, near.ifname)).toBe(null);
        expect(withoutSending(libc, rejecting, near.ifname)).toBe(near.ifname);
        expect(withoutSending(libc, redirecting, 'lo')).toBe(near.ifname);
        expect(withoutSending(libc, rejecting, 'lo')).toBe(null);
      });
    });
  });

  test('that is refused changes nothing', async () => {
    await withNetwork(async ({ near }) => {
      await near.run(async () => {
        using loaded = loadArtifact(dataArtifact(object, [rule('a', 1, 10, 'drop')]));
        attach(loaded, near.ifname, 'native');
        const id = loaded.programs[0]!.id;
        const compiled = fixtureArtifact();
        const rejecting = { ...compiled.manifest, rules: [{ ...compiled.manifest.rules[0]!, verdict: 'reject' as const }] };
        for (const next of [
          { ...compiled, manifest: rejecting },
          { ...compiled, object: compiled.object.slice(1) },
        ]) {
          expect(failure(await loaded.switchTo(next).catch((error: unknown) => error)).code).toMatch(/^PKT6/);
          expect(xdpProgramId(near)).toBe(id);
          expect(verdict(loaded, 1)).toBe(DROP);
        }
        // From rules that are data to such as are compiled in, and back.
        expect(await loaded.update(compiled)).toBe('switched');
        expect(xdpProgramId(near)).toBe(loaded.programs[0]!.id);
        expect(loaded.counters()).toHaveLength(3);
        expect(await loaded.update(dataArtifact(object, [rule('a', 1, 10, 'drop')], 3))).toBe('switched');
        expect(packets(loaded)).toEqual([2n, 0n]);
      });
    });
  });
});

describeKernel('compiled rules that are data', () => {
  const text = (changed: number) =>
    `default pass\n${Array.from(
      { length: 300 },
      (_, index) =>
        `r${index}: match src 10.${index % 250}.0.0/16 tcp dport ${index === changed ? 9000 : index + 1} -> ${index % 3 ? 'drop' : 'log, drop'}\n`,
    ).join('')}`;
  const packet = (net: number, port: number) =>
    frameOf(ipv4({ src: address(`10.${net}.1.1`), dst: address('10.9.9.9'), proto: 6 }, tcp({ dport: port })));

  test('decide, count, log and change as the interpreter says', async () => {
    const first = await compileBoth(text(-1));
    const second = await compileBoth(text(30));
    expect(first.artifact.data).not.toBe(null);
    expect(second.artifact.manifest.object_sha256).toBe(first.artifact.manifest.object_sha256);
    using loaded = loadArtifact(first.artifact, { offline: true });
    using stream = openEvents(loaded);
    const frames = [packet(30, 31), packet(30, 9000), packet(31, 32), packet(31, 31), packet(7, 8)];
    for (const { artifact, program } of [first, second, first]) {
      expect(await loaded.update(artifact)).toBe('replaced');
      const decide = kernelEngine(loaded, program);
      const expected = interpreterEngine(program);
      for (const frame of frames) expect(decide(frame)).toEqual({ ...expected(frame), engine: 'kernel' });
    }
    expect(stream.read().map(({ rule_name }) => rule_name)).toEqual(['r30', 'r30', 'r30']);
    expect(loaded.counters()[30]).toMatchObject({ packets: 3n, logged: 3n });
    expect(loaded.counters()[31]).toMatchObject({ packets: 3n, logged: 0n });
  });
});
