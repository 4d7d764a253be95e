import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { pingFrame, tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { pktc, temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();
const V4 = { src: '10.1.2.3', dst: '192.0.2.1' };
const V6 = { src: 'fd00::1', dst: '2001:db8::1' };
const SYN = 2;

const RULES = path.join(folder, 'edge.rules');
writeFileSync(
  RULES,
  `seen: match tcp -> count
syn_scan: match src 10.0.0.0/8 proto tcp flags SYN,!ACK -> count/drop/log
match udp dport 53 -> pass
`,
);

function capture(name: string, frames: readonly Uint8Array[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, writePcap(frames.map((data, index) => ({ time_ns: 1_700_000_000_000_000_000n + BigInt(index), data }))));
  return file;
}

const FRAMES = [
  tcpFrame(V4, [4000, 22], SYN),
  tcpFrame(V6, [4000, 22], SYN),
  udpFrame(V4, [5353, 53], 'hi'),
  pingFrame(V4, 8),
  new Uint8Array(5),
];
const TRACE = capture('five.pcap', FRAMES);
const replay = (...more: readonly string[]) => pktc(['replay', RULES, TRACE, '--engine', 'interpreter', ...more]);

describe('replay in the interpreter', () => {
  test('--json: one line a packet, in order, the summary last', async () => {
    const { code, stdout } = await replay('--json');
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, 5)).toEqual([
      '{"packet":1,"verdict":"drop","rules":["seen","syn_scan"]}',
      '{"packet":2,"verdict":"pass","rules":["seen"]}',
      `{"packet":3,"verdict":"pass","rules":["${RULES}:3"]}`.replace(`${RULES}:3`, JSON.parse(lines[2] ?? '{}').rules[0]),
      '{"packet":4,"verdict":"pass","rules":[]}',
      '{"packet":5,"verdict":"pass","rules":[]}',
    ]);
    const [first, second, , , fifth] = FRAMES.map((frame) => frame.length);
    expect(JSON.parse(lines[5] ?? '')).toEqual({
      summary: {
        packets: 5,
        engines: { kernel: 0, interpreter: 5 },
        verdicts: { pass: 4, drop: 1, reject: 0, redirect: 0, audit: 0 },
        rules: [
          { rule: 'seen', verdict: null, packets: 2, bytes: Number(first) + Number(second) },
          { rule: 'syn_scan', verdict: 'drop', packets: 1, bytes: first },
          { rule: expect.stringMatching(/edge\.rules:3$/), verdict: 'pass', packets: 1, bytes: FRAMES[2]?.length },
        ],
        default: { verdict: 'pass', packets: 3, bytes: Number(second) + Number(FRAMES[3]?.length) + Number(fifth) },
        damage: null,
      },
    });
    expect(lines).toHaveLength(6);
  });

  test('for people: packets that match, then the rules', async () => {
    const { code, stdout } = await replay();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +1 .* drop +54 +tcp SYN +seen, syn_scan +10\.1\.2\.3:4000 +→ 192\.0\.2\.1:22$/m);
    expect(stdout).toMatch(/^ +2 .* \[fd00::1\]:4000 +→ \[2001:db8::1\]:22$/m);
    expect(stdout).not.toMatch(/^ +4 /m);
    expect(stdout).toContain('5 packets: 4 passed, 1 dropped; all decided by the interpreter');
  });

  test('a reader that stops early ends it quietly', async () => {
    const many = capture(
      'many.pcap',
      Array.from({ length: 30_000 }, () => FRAMES[0] ?? new Uint8Array()),
    );
    const { execFile } = await import('node:child_process');
    const { LAUNCHER } = await import('./pktc.ts');
    const result = await new Promise<{ code: number; stderr: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        [LAUNCHER, 'replay', RULES, many, '--engine', 'interpreter', '--json'],
        { maxBuffer: 2 ** 30 },
        (error, _, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr }),
      );
      child.stdout?.once('data', () => child.stdout?.destroy());
    });
    expect(result).toEqual({ code: 0, stderr: '' });
  });

  test('a capture that is cut short: what is there is replayed, exit code 1', async () => {
    const cut = path.join(folder, 'cut.pcap');
    writeFileSync(cut, writePcap(FRAMES.slice(0, 2).map((data) => ({ time_ns: 0n, data }))).subarray(0, 100));
    const { code, stdout, stderr } = await pktc(['replay', RULES, cut, '--engine', 'interpreter', '--json']);
    expect(code).toBe(1);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toEqual({ packet: 1, verdict: 'drop', rules: ['seen', 'syn_scan'] });
    expect(lines.at(-1).summary.damage).toEqual({ message: expect.any(String), byte: expect.any(Number) });
    expect(stderr).toContain('the packets before it were replayed');
  });

  test.each([
    ['no capture', 'not a pcap at all, this is text'],
    ['nothing', ''],
  ])('%s: exit code 1 and one line', async (_, content) => {
    const file = path.join(folder, 'strange.pcap');
    writeFileSync(file, content);
    const { code, stdout, stderr } = await pktc(['replay', RULES, file, '--engine', 'interpreter']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toContain('bug');
  });

  test('rules with errors: exit code 3 before the capture is looked at', async () => {
    const { code, stdout, stderr } = await pktc(['replay', '-', '/nowhere.pcap', '--engine', 'interpreter'], {
      input: 'match prto 1 -> drop',
    });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('PKT2');
  });

  test('whoever is not root gets the interpreter, and is told', async () => {
    if (process.getuid?.() === 0) {
      const { stderr } = await pktc(['replay', RULES, TRACE, '--engine', 'interpreter']);
      expect(stderr).toBe('');
      return;
    }
    const { code, stderr } = await pktc(['replay', RULES, TRACE]);
    expect(code).toBe(0);
    expect(stderr).toContain('deciding in the interpreter');
  });
});
