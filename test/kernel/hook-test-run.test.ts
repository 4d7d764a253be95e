/** Test runs at every hook: the kernel decides what the interpreter decides, and says which frames it does not take. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tcpFrame } from '../../cli/demo/frames.ts';
import { madeUpCapture } from '../../cli/demo/recorded-demo.ts';
import { kernelEngine } from '../../cli/replay/engine.ts';
import { createInterpreter, type PacketAbout } from '../../compiler/interpret.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { HOOK_WORDS } from '../../grammar/fields/hooks.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import { pktc, temporaryFolder } from '../cli/pktc.ts';
import { compileBoth } from './compile-rules.ts';
import { describeKernel } from './environment.ts';

const folder = temporaryFolder();

const RULES = `
match malformed -> count
match not ip -> count
match ethertype 0x0806 -> count
match tcp dport 443 -> count
match network[0:1] = 0x45 -> count
match payload ends "z" -> count
match direction ingress -> count
match iface "eth*" -> count
match iface != { eth0, "veth*" } -> count
match not iface eth0 -> count
match tcp sport 7 -> drop
`;
const ON_BUFFERS = `
match mark 7 -> count
match mark 0x8-0xffffffff -> count
match direction egress -> count
`;

const PLAIN = tcpFrame({ src: '10.9.9.2', dst: '10.9.9.1' }, [40000, 443], 0x18, 'abcdez');
const DROPPED = tcpFrame({ src: '10.9.9.2', dst: '10.9.9.1' }, [7, 443], 0x18);
const BASES: readonly Uint8Array[] = [
  PLAIN,
  DROPPED,
  tcpFrame({ src: 'fd00::2', dst: 'fd00::1' }, [40000, 443], 0x18, 'abcdez'),
  Uint8Array.from([...PLAIN.subarray(0, 12), 0x08, 0x06, ...new Array<number>(28).fill(1)]),
  Uint8Array.from([...PLAIN.subarray(0, 12), 0x81, 0, 0, 5, ...PLAIN.subarray(12)]),
  Uint8Array.from([...PLAIN.subarray(0, 12), 0x88, 0xa8, 0, 5, 0x81, 0, 0, 5, ...PLAIN.subarray(12)]),
];
/** Cut everywhere. */
const FRAMES = BASES.flatMap((frame) => Array.from({ length: frame.length + 1 }, (_, length) => frame.subarray(0, length)));

const ABOUTS: readonly PacketAbout[] = [
  {},
  { mark: 7 },
  { mark: 0xffff_ffff, iface: 'eth0' },
  { iface: 'veth12' },
  { iface: 'wlan0' },
  { direction: 'ingress' },
  { direction: 'egress', mark: 8 },
];

/** Frames that the kernel takes for a test run, as net/bpf/test_run.c has it. */
function isTaken(hook: HookName, frame: Uint8Array): boolean {
  if (hook === 'socket') return true;
  if (frame.length < 14) return false;
  if (hook === 'xdp') return true;
  const typeAt = (at: number) => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  let at = 12;
  // A control group's packets have no tags any more: they are taken off beforehand.
  if (hook.startsWith('cgroup')) while (at < 20 && [0x8100, 0x88a8].includes(typeAt(at)) && frame.length >= at + 6) at += 4;
  const header = typeAt(at) === 0x0800 ? 20 : typeAt(at) === 0x86dd ? 40 : null;
  return header === null ? !hook.startsWith('cgroup') : frame.length >= at + 2 + header;
}

const cases = HOOK_WORDS.map((hook) => ({ hook, rules: hook === 'xdp' ? RULES : withoutOtherWay(hook) }));

/** A direction that never comes by is an error. */
function withoutOtherWay(hook: HookName): string {
  const rules = RULES + ON_BUFFERS;
  if (hook.endsWith('ingress')) return rules.replace('match direction egress -> count\n', '');
  return hook.endsWith('egress') ? rules.replace('match direction ingress -> count\n', '') : rules;
}

describeKernel('test runs', () => {
  test.each(cases)('$hook', async ({ hook, rules }) => {
    const { artifact, program } = await compileBoth(rules, hook);
    using loaded = loadArtifact(artifact);
    const decide = kernelEngine(loaded, program);
    const interpret = createInterpreter(program);
    const matched = new Set<number>();
    let taken = 0;
    for (const about of ABOUTS) {
      // A direction that the hook does not have is nobody's question.
      if (about.direction !== undefined && !['tc', 'cgroup', 'socket'].includes(hook)) continue;
      for (const frame of FRAMES) {
        const { engine, ...decision } = decide(frame, about);
        expect(decision).toEqual(interpret(frame, about));
        const canLeave = hook !== 'socket' || about.direction !== 'egress';
        expect(engine).toBe(isTaken(hook, frame) && canLeave ? 'kernel' : 'interpreter');
        if (engine !== 'kernel') continue;
        taken++;
        for (const rule of decision.rules) matched.add(rule);
      }
    }
    expect(taken).toBeGreaterThan(500);
    // ARP does not come to a control group, and nothing that is only tried leaves by a socket.
    const never = hook.startsWith('cgroup') ? [2] : hook === 'socket' ? [program.rules.length - 1] : [];
    expect(program.rules.map(({ index }) => index).filter((index) => !matched.has(index))).toEqual(never);
  });

  test('a mark comes back, and the bytes where they are wanted', async () => {
    const { artifact } = await compileBoth('match any -> mark 77\n', 'tc ingress');
    using loaded = loadArtifact(artifact);
    expect(loaded.testRun(PLAIN, { mark: 3 })).toMatchObject({ mark: 77, outcome: 'pass', frame: new Uint8Array(0) });
    expect(Buffer.from(loaded.testRun(PLAIN, { output: true }).frame)).toEqual(Buffer.from(PLAIN));
  });

  test('an IPv4 packet that is cut is refused at tc, with the way out', async () => {
    const { artifact } = await compileBoth('match any -> count\n', 'tc ingress');
    using loaded = loadArtifact(artifact);
    let error: unknown;
    try {
      loaded.testRun(PLAIN.subarray(0, 33));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(RuntimeError);
    expect(error).toMatchObject({ code: 'PKT6009', help: expect.stringContaining('--engine interpreter') });
  });

  test.each(HOOK_WORDS)('pktc replay --hook %s: both engines print the same', async (hook) => {
    const trace = path.join(folder, 'made-up.pcap');
    const file = path.join(folder, 'plain.rules');
    writeFileSync(trace, madeUpCapture(0n));
    writeFileSync(file, 'web: match tcp dport 80 -> count\nssh: match tcp dport 22 -> drop\nodd: match not tcp -> drop\n');
    const engines = ['kernel', 'interpreter'];
    const [kernel, interpreter] = await Promise.all(
      engines.map((engine) => pktc(['replay', file, trace, '--engine', engine, '--hook', hook, '--json'])),
    );
    const lines = (stdout = '') => stdout.trimEnd().split('\n').slice(0, -1);
    expect(kernel?.code).toBe(0);
    expect(lines(kernel?.stdout)).toEqual(lines(interpreter?.stdout));
    expect(lines(kernel?.stdout).length).toBeGreaterThan(10);
    const { summary } = JSON.parse(kernel?.stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(summary.engines.kernel).toBeGreaterThan(10);
    expect(summary.verdicts.drop).toBeGreaterThan(0);
  });
});
