import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { frameOf } from '../rule-tests/resolved-tests.ts';
import { pktc, RAW_CONTROL, temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();

function ruleFile(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const RULES = 'ssh: match tcp dport 22 -> drop\npieces: match frag later -> drop\n';
const GOOD = ruleFile(
  'good.rules',
  `${RULES}test "ssh" {
  packet tcp 10.0.0.1:40000 > 192.0.2.1:22 expect drop by ssh
}
test "the web" {
  packet tcp 10.0.0.1:40000 > 192.0.2.1:80 expect pass
  packet udp 10.0.0.1:40000 > 192.0.2.1:53 expect pass
}
`,
);
const FAILING = ruleFile(
  'failing.rules',
  `${RULES}test "wrong" {\n  packet tcp 10.0.0.1:1 > 192.0.2.1:23 expect drop by ssh\n}\n`,
);
const BROKEN = ruleFile('broken.rules', `${RULES}test "wrong" {\n  packet tpc 10.0.0.1:1 > 192.0.2.1:23 expect drop\n}\n`);

const alone = ['--engine', 'interpreter'];
const run = (...parameters: readonly string[]) => pktc(['test', ...parameters]);

describe('pktc test', () => {
  test('prints one line a test, and the sum', async () => {
    const { code, stdout } = await run(GOOD, ...alone);
    expect(code).toBe(0);
    expect(stdout).toBe(`${GOOD}
  ok    ssh (1 packet)
  ok    the web (2 packets)

2 tests, 3 packets (the kernel was not asked): 2 passed
`);
  });

  test('exits with 1 when a test fails, and says why', async () => {
    const { code, stdout } = await run(FAILING, ...alone);
    expect(code).toBe(1);
    expect(stdout).toContain('FAIL  wrong (1 packet)');
    expect(stdout).toContain(`${FAILING}:4: packet tcp 10.0.0.1:1 > 192.0.2.1:23`);
    expect(stdout).toContain('dport is 23, bytes 36-37');
    expect(stdout).toContain('1 test, 1 packet (the kernel was not asked): 0 passed, 1 failed');
  });

  test('exits with 3 on a mistake in a test, and so does check; other files are tested all the same', async () => {
    const { code, stdout, stderr } = await run(BROKEN, GOOD, ...alone);
    expect(code).toBe(3);
    expect(stderr).toContain('error[PKT2090]');
    expect(stdout).toContain('2 passed');
    expect((await pktc(['check', BROKEN])).code).toBe(3);
  });

  test('--filter takes tests by their name, in either case', async () => {
    const { code, stdout } = await run(GOOD, ...alone, '--filter', 'WEB');
    expect(code).toBe(0);
    expect(stdout).not.toContain('ssh');
    expect(stdout).toContain('1 test, 2 packets');
  });

  test('no test at all is a failure, not a success', async () => {
    const none = ruleFile('none.rules', RULES);
    const nothing = await run(none, ...alone);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('there are no tests');
    const filtered = await run(GOOD, ...alone, '--filter', 'smtp');
    expect(filtered.code).toBe(1);
    expect(filtered.stderr).toContain('no test has that in its name');
  });

  test('reads standard input', async () => {
    const { code, stdout } = await pktc(['test', '-', ...alone], { input: readFileSync(GOOD, 'utf8') });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<stdin>\n/);
  });

  test('--json is one object a packet and a summary', async () => {
    const { code, stdout } = await run(GOOD, FAILING, ...alone, '--json');
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    expect(stdout).not.toMatch(RAW_CONTROL);
    const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects.slice(0, -1).map(({ test: name, result }) => [name, result])).toEqual([
      ['ssh', 'passed'],
      ['the web', 'passed'],
      ['the web', 'passed'],
      ['wrong', 'failed'],
    ]);
    expect(objects.at(-1)).toEqual({
      summary: { files: 2, tests: 3, packets: 4, decided_by_kernel: 0, passed: 2, failed: 1, disagreed: 0 },
    });
  });

  test('runs captures from below the folder of the rule file only', async () => {
    mkdirSync(path.join(folder, 'rules/traces'), { recursive: true });
    const frames = ['tcp 10.0.0.1:1 > 10.0.0.2:22', 'udp 10.0.0.1:1 > 10.0.0.2:53'].map((one) => ({
      time_ns: 0n,
      data: frameOf(one),
    }));
    writeFileSync(path.join(folder, 'rules/traces/office.pcap'), writePcap(frames));
    writeFileSync(path.join(folder, 'secret.pcap'), writePcap(frames));
    const text = `${RULES}test "inside" {
  capture "traces/office.pcap" expect drop 1 by ssh
}
test "outside" {
  capture "../secret.pcap" expect drop 1
}
`;
    const file = path.join(folder, 'rules/captures.rules');
    writeFileSync(file, text);
    const { code, stdout } = await run(file, ...alone);
    expect(code).toBe(1);
    expect(stdout).toContain('ok    inside (2 packets)');
    expect(stdout).toContain('`../secret.pcap` cannot be read: files come from');
    expect((await run(file, ...alone, '--include-root', folder)).code).toBe(0);
  });

  test('what a name or a packet holds does not reach the terminal', async () => {
    const file = ruleFile(
      'odd.rules',
      `${RULES}test "\\x1b[31mred" {\n  packet udp 10.0.0.1:1 > 10.0.0.2:2 payload "\\x1b]0;x\\x07" expect drop\n}\n`,
    );
    const { stdout } = await run(file, ...alone);
    expect(stdout).not.toMatch(RAW_CONTROL);
  });

  test.each([
    [[], /Not enough/],
    [[GOOD, '--engine', 'both-of-them'], /both-of-them/],
    [[GOOD, '--filter'], /filter/],
  ])('a wrong command line, %j, exits with 2', async (parameters, message) => {
    const { code, stderr } = await run(...parameters);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test.skipIf(process.getuid?.() !== 0)('exits with 4 when the kernel is asked for without the privilege', async () => {
    const { code, stderr } = await pktc(['test', GOOD, '--engine', 'both'], { unprivileged: true });
    expect(code).toBe(4);
    expect(stderr).toContain('the kernel cannot be asked');
    const auto = await pktc(['test', GOOD], { unprivileged: true });
    expect(auto.code).toBe(0);
    expect(auto.stderr).toContain('only the interpreter is asked');
  });
});
