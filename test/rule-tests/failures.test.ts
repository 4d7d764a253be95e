/** What people read when a test fails: the text as a whole, in `failures.txt`; `vitest -u` writes it anew. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Terminal } from '../../cli/terminal.ts';
import { renderTest } from '../../cli/test/render-tests.ts';
import { type Engines, runTest } from '../../cli/test/run-tests.ts';
import { testJson } from '../../cli/test/test-json.ts';
import type { TestResult } from '../../cli/test/test-result.ts';
import { painter } from '../../compiler/diagnostics/paint.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import type { CaptureFile } from '../../runtime/capture/capture-file.ts';
import { frameOf, type Resolved, resolvedTests } from './resolved-tests.ts';

const RULES = `let office = { 192.0.2.0/24, 2001:db8:10::/48 }
pieces:   match proto tcp frag later -> drop
admin:    match tcp dport 22 src office -> pass
attempt:  match tcp dport 22 flags SYN,!ACK -> log
inside:   match inner(tcp dport { 23, 445 } flags SYN) -> drop
match udp dport 53
  payload.len > 100 -> drop
stranger: match tcp dport 22 not ttl > 200 -> drop
`;

const FAILING = `
test "a rule that another one took" {
  packet tcp 203.0.113.9:40000 > 198.51.100.1:22 flags SYN expect pass by admin
  packet tcp 192.0.2.7:40000 > 198.51.100.1:22 flags SYN expect drop by stranger
}

test "no rule took it" {
  packet tcp 203.0.113.9:40000 > 198.51.100.1:23 flags SYN expect drop
  packet udp 203.0.113.9:40000 > 198.51.100.1:22 expect pass by attempt
  packet tcp 203.0.113.9:40000 > 198.51.100.1:22 ttl 255 flags ACK expect drop by stranger
  packet tcp 203.0.113.9 > 198.51.100.1 frag later expect pass
}

test "in a tunnel" {
  packet udp 10.0.0.1 > 10.0.0.2 vxlan(tcp 10.1.0.1:40000 > 10.1.0.2:80 flags SYN)
      expect drop by inside
  packet tcp 10.1.0.1:40000 > 10.1.0.2:445 flags SYN expect drop by inside
}

test "a rule without a label" {
  packet udp 10.0.0.1:40000 > 10.0.0.2:53 payload.len 500 expect pass
}

test "captures" {
  capture "office.pcap" expect pass
  capture "office.pcap" expect drop 2
  capture "nowhere.pcap" expect pass
  capture "damaged.pcap" expect pass
}
`;

const FRAMES = [
  frameOf('tcp 192.0.2.7:40000 > 198.51.100.1:22 flags SYN'),
  frameOf('tcp 203.0.113.9:40000 > 198.51.100.1:22 flags SYN'),
];

/** A folder of captures, made up. */
async function open({ path: name }: { readonly path: string }): Promise<CaptureFile | string> {
  if (name === 'nowhere.pcap') return '`nowhere.pcap` cannot be read: there is no such file';
  const frames = FRAMES.map((data, index) => ({ number: index + 1, time_ns: null, data, original_len: data.length }));
  const damage = name === 'damaged.pcap' ? { message: 'the file ends within a packet', offset: 90, help: null } : null;
  return { frames: frames.slice(0, damage === null ? 2 : 1), damage } as unknown as CaptureFile;
}

const terminal = { out: { paint: painter(false) } } as unknown as Terminal;

async function results({ program, tests }: Resolved, engines: Engines): Promise<readonly TestResult[]> {
  const all: TestResult[] = [];
  for (const test of tests) all.push(await runTest(program, test, engines, open));
  return all;
}

describe('failures', () => {
  const resolved = resolvedTests(RULES + FAILING);
  const interpreter = createInterpreter(resolved.program);

  it('say what took the packet, and what the expected rule missed on which bytes', async () => {
    expect(resolved.diagnostics).toEqual([]);
    const all = await results(resolved, { interpreter });
    expect(all.every(({ outcome }) => outcome === 'failed')).toBe(true);
    const text = all.map((one) => renderTest(resolved.program, one, terminal)).join('\n');
    await expect(text).toMatchFileSnapshot(path.join(import.meta.dirname, 'failures.txt'));
  });

  it('say loudly that the engines differ', async () => {
    const kernel = () => ({ verdict: 'drop', rules: [4] }) as const;
    const [first] = await results(resolved, { interpreter, kernel });
    expect(first?.outcome).toBe('disagreed');
    const text = first === undefined ? '' : renderTest(resolved.program, first, terminal);
    await expect(text).toMatchFileSnapshot(path.join(import.meta.dirname, 'disagreement.txt'));
  });

  it('have the same in JSON', async () => {
    const [first, second] = (await results(resolved, { interpreter })).map((one) =>
      testJson(resolved.program, one)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    );
    expect(first?.[0]).toEqual({
      file: 'edge.rules',
      test: 'a rule that another one took',
      line: 11,
      kind: 'packet',
      written: 'packet tcp 203.0.113.9:40000 > 198.51.100.1:22 flags SYN',
      result: 'failed',
      expected: { verdict: 'pass', rule: 'admin' },
      interpreter: { verdict: 'drop', rule: 'stranger', rules: ['attempt', 'stranger'] },
      kernel: null,
      frame_hex: Buffer.from(FRAMES[1] ?? []).toString('hex'),
      missed: [
        {
          rule: 'admin',
          predicate: 'src office',
          inner: false,
          negated: false,
          field: 'src',
          value: '203.0.113.9',
          absent: null,
          bytes: { start: 26, end: 30 },
        },
      ],
    });
    expect(second).toHaveLength(4);
  });
});

describe('what is expected', () => {
  const outcomeOf = async (item: string): Promise<string | undefined> => {
    const resolved = resolvedTests(`${RULES}test "t" {\n  ${item}\n}\n`);
    expect(resolved.diagnostics, item).toEqual([]);
    const [result] = await results(resolved, { interpreter: createInterpreter(resolved.program) });
    return result?.outcome;
  };

  it.each([
    ['packet tcp 192.0.2.7:1 > 10.0.0.1:22 expect pass', 'passed'],
    ['packet tcp 192.0.2.7:1 > 10.0.0.1:22 expect pass by admin', 'passed'],
    ['packet tcp 192.0.2.7:1 > 10.0.0.1:22 expect drop', 'failed'],
    // A rule without a verdict decides nothing: it matches.
    ['packet tcp 203.0.113.9:1 > 10.0.0.1:22 flags SYN expect drop by attempt', 'passed'],
    ['packet tcp 203.0.113.9:1 > 10.0.0.1:22 flags ACK expect drop by attempt', 'failed'],
    // `flags` is all that the packet carries.
    ['packet tcp 203.0.113.9:1 > 10.0.0.1:22 flags SYN,ACK expect drop by attempt', 'failed'],
    ['packet tcp 203.0.113.9:1 > 10.0.0.1:22 flags none expect drop by attempt', 'failed'],
    ['capture "office.pcap" expect drop 1', 'passed'],
    ['capture "office.pcap" expect drop 1 by stranger', 'passed'],
    ['capture "office.pcap" expect pass 1 by admin', 'passed'],
    ['capture "office.pcap" expect drop 0 by pieces', 'passed'],
    ['capture "office.pcap" expect drop 0', 'failed'],
  ])('%s: %s', async (item, outcome) => {
    expect(await outcomeOf(item)).toBe(outcome);
  });
});
