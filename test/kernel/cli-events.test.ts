/** The events of a detached program, read by several processes at a time. Packets are real; each carries its number. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { udpFrame } from '../../cli/demo/frames.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { attachAll } from '../../runtime/attach.ts';
import type { PacketEvent } from '../../runtime/events.ts';
import { type LoadOptions, loadArtifact } from '../../runtime/load.ts';
import { followPinnedEvents } from '../../runtime/pinned/follow.ts';
import { openPinRoot, pinnedNames, pinProgram, stopPinned } from '../../runtime/pinned/pinned-program.ts';
import { ringsFor } from '../../runtime/ring-maps.ts';
import { LAUNCHER, pktc, plainEnvironment } from '../cli/pktc.ts';
import { compileRules } from './compile-rules.ts';
import {
  describeKernel,
  eventually,
  type NetworkEnd,
  openInjector,
  withIpv4Network as withNetwork,
  xdpProgramId,
} from './environment.ts';

const RULES = 'names: match udp dport 53 -> log payload 4, pass\nweb: match udp dport 80 -> log payload 4, drop\n';
/** More than `ONE_RING` holds. */
const FLOOD = 60_000;
/** What finds no room does so whichever CPU it comes to. */
const ONE_RING = { rings: { count: 1, bytes: 4 << 20 } };

let bpffs = '';
let root = '';
let artifact: Artifact;

interface Line {
  readonly event_type: string;
  readonly rule: string;
  readonly payload_hex: string;
  readonly lost?: number;
  readonly summary?: {
    readonly events: number;
    readonly lost: number;
    readonly lost_before: number;
    readonly overtaken: number;
  };
}

/** A reader in a process of its own, and what it has printed. */
function reader(...parameters: string[]) {
  const child = spawnReader(parameters);
  const texts = { stdout: '', stderr: '' };
  let printed = 0;
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      texts[stream] += text;
      if (stream === 'stdout') printed += text.split('\n').length - 1;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const lines = () =>
    texts.stdout
      .slice(0, texts.stdout.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  return {
    child,
    ended,
    lines,
    /** Lines, which is cheap to ask for. */
    printed: () => printed,
    stderr: () => texts.stderr,
    ready: () => eventually(`it reads: ${texts.stderr}`, () => texts.stderr.includes('Ctrl-C ends')),
    numbers: () => lines().flatMap((line) => (line.event_type === 'packet' ? [Number.parseInt(line.payload_hex, 16)] : [])),
    summary: () => lines().at(-1)?.summary,
  };
}

let near: NetworkEnd;
const spawnReader = (parameters: readonly string[]) =>
  near.spawn(process.execPath, [LAUNCHER, 'events', 'edge', '--json', ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...plainEnvironment(), PKTC_BPFFS: bpffs },
  });

function detach(name: string, options: LoadOptions = {}): void {
  const loaded = loadArtifact(artifact, options);
  near.run(() => attachAll(loaded, [near.ifname], 'auto'));
  pinProgram(root, name, artifact, loaded);
  loaded.close();
}

function sender(far: NetworkEnd) {
  const injector = openInjector(far);
  const frame = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'numb');
  const view = new DataView(frame.buffer, frame.byteOffset);
  let next = 0;
  return {
    send(count: number, port = 53) {
      view.setUint16(36, port);
      for (let sent = 0; sent < count; sent++) {
        view.setUint32(frame.length - 4, next++);
        injector.send(frame);
      }
    },
    close: injector.close,
  };
}

const upTo = (end: number, first = 0) => Array.from({ length: end - first }, (_, index) => first + index);

describeKernel('events of a detached program', () => {
  beforeAll(async () => {
    // The first start may have to build.
    await pktc(['--version']);
    bpffs = mkdtempSync(path.join(tmpdir(), 'pktc-bpffs-'));
    execFileSync('mount', ['-t', 'bpf', '-o', 'mode=0700', 'bpf', bpffs]);
    root = openPinRoot({ PKTC_BPFFS: bpffs });
    artifact = await compileRules(RULES);
  });
  afterEach(async () => {
    for (const name of pinnedNames(root)) await stopPinned(root, name);
  });
  afterAll(() => {
    execFileSync('umount', [bpffs]);
    rmdirSync(bpffs);
  });

  test('three readers: one killed in the middle, one late; each has every event in order', async () => {
    await withNetwork(async (network) => {
      near = network.near;
      detach('edge');
      const packets = sender(network.far);
      packets.send(10);
      const first = reader();
      await first.ready();
      const killed = reader();
      await killed.ready();
      packets.send(190);
      await eventually('both have read', () => [first, killed].every((one) => one.numbers().includes(199)));
      for (let burst = 0; burst < 20; burst++) {
        if (burst === 10) killed.child.kill('SIGKILL');
        packets.send(100);
      }
      expect(await killed.ended).toBeNull();
      await eventually('the first has read', () => first.numbers().includes(2199));
      const late = reader('--count', '100', '--rule', 'web');
      await late.ready();
      packets.send(50);
      packets.send(150, 80);
      expect(await late.ended).toBe(0);
      first.child.kill('SIGINT');
      expect(await first.ended).toBe(0);

      expect(first.numbers()).toEqual(upTo(2400));
      expect(first.summary()).toMatchObject({ stopped_by: 'SIGINT', events: 2400, lost: 0, lost_before: 0 });
      const [start = 0] = killed.numbers();
      expect(killed.numbers()).toEqual(upTo(start + killed.numbers().length, start));
      expect(start).toBeLessThanOrEqual(10);
      expect(late.numbers()).toEqual(upTo(2350, 2250));
      expect(late.summary()).toMatchObject({ stopped_by: 'count', events: 100, lost: 0 });
      packets.close();
    });
  });

  test('what found the ring full, and what a slow reader missed, is counted: with what was seen it is all', async () => {
    await withNetwork(async (network) => {
      near = network.near;
      detach('edge', ONE_RING);
      const packets = sender(network.far);
      packets.send(FLOOD);
      // Nobody has read until now.
      const first = reader('--strict');
      await first.ready();
      await eventually('what was in the ring', () => first.printed() > 30_000);
      const slow = reader('--strict');
      await slow.ready();
      slow.child.kill('SIGSTOP');
      for (let sent = 0; sent < FLOOD; sent += 5000) {
        packets.send(5000);
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      // And now nobody does.
      first.child.kill('SIGSTOP');
      packets.send(FLOOD);
      for (const { child } of [first, slow]) child.kill('SIGCONT');
      await eventually('both told of what was lost', () =>
        [first, slow].every((one) => one.stderr().includes('the ring was full')),
      );
      await eventually('and that one was slow', () => slow.stderr().includes('slower than another one'));
      for (const { child } of [first, slow]) child.kill('SIGINT');
      expect(await Promise.all([first.ended, slow.ended])).toEqual([5, 5]);

      const all = first.summary()!;
      expect(all.lost_before).toBeGreaterThan(0);
      expect(all.overtaken).toBe(0);
      expect(all.events + all.lost + all.lost_before).toBe(3 * FLOOD);
      const some = slow.summary()!;
      expect(some.overtaken).toBeGreaterThan(0);
      expect(some.lost_before).toBe(all.lost_before);
      expect(some.events + some.lost).toBe(2 * FLOOD);
      for (const one of [first, slow]) {
        const numbers = one.numbers();
        expect(numbers.every((number, index) => index === 0 || number > numbers[index - 1]!)).toBe(true);
        const told = one.lines().flatMap(({ event_type, lost }) => (event_type === 'lost' ? [lost ?? 0] : []));
        expect(told.reduce((sum, lost) => sum + lost, 0)).toBe(one.summary()!.lost);
      }
      packets.close();
    });
  });

  test('go on with the program that has the name now, and end with it', async () => {
    await withNetwork(async (network) => {
      near = network.near;
      detach('edge', ONE_RING);
      const packets = sender(network.far);
      using followed = followPinnedEvents(root, 'edge');
      const drain = () => {
        const events: PacketEvent[] = [];
        for (let batch = followed.events.read(); batch.length > 0; batch = followed.events.read()) events.push(...batch);
        return events.map(({ payload }) => Buffer.from(payload).readUInt32BE());
      };
      packets.send(5);
      expect(followed.look()).toBe('none');
      renameSync(path.join(root, 'edge'), path.join(root, 'before'));
      expect(followed.look()).toBe('none');
      await stopPinned(root, 'before');
      detach('edge', ONE_RING);
      packets.send(FLOOD);
      expect(followed.look()).toBe('restarted');
      const seen = drain();
      const [{ rule, lost } = { rule: null, lost: 0n }] = followed.losses();
      expect(rule).toBe('names');
      expect(seen).toEqual(upTo(seen.length));
      expect(BigInt(seen.length) + lost).toBe(BigInt(FLOOD + 5));
      expect(followed.losses()).toEqual([]);
      await stopPinned(root, 'edge');
      // Whoever watches holds nothing.
      expect(xdpProgramId(near)).toBeNull();
      expect([followed.look(), followed.look()]).toEqual(['none', 'gone']);
      packets.close();
    });
  });

  test('with a thread a ring: those of one rule, each once', async () => {
    await withNetwork(async (network) => {
      near = network.near;
      detach('edge');
      const packets = sender(network.far);
      const one = reader('--workers', 'always', '--rule', 'web');
      await one.ready();
      const task = `/proc/${one.child.pid}/task`;
      const before = readdirSync(task).length;
      packets.send(1, 80);
      await eventually('threads', () => readdirSync(task).length >= before + ringsFor(artifact.manifest.events!).count);
      packets.send(50);
      packets.send(500, 80);
      one.child.kill('SIGINT');
      expect(await one.ended).toBe(0);
      expect([...one.numbers()].sort((a, b) => a - b)).toEqual([0, ...upTo(551, 51)]);
      expect(one.summary()).toMatchObject({ stopped_by: 'SIGINT', events: 501, lost: 0, overtaken: 0 });
      packets.close();
    });
  });

  test('of a name or a rule that is not there', async () => {
    await withNetwork(async (network) => {
      near = network.near;
      const none = reader();
      expect(await none.ended).toBe(1);
      expect(none.stderr()).toContain('PKT6062');
      detach('edge');
      const wrong = reader('--rule', 'nobody');
      expect(await wrong.ended).toBe(2);
      expect(wrong.stderr()).toContain('no rule `nobody`');
    });
  });
});
