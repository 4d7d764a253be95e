/** Searching what really goes over a wire: segments as large as the kernel makes them, whose bytes lie in many pieces. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { HookName } from '../../grammar/fields/field.ts';
import { attach } from '../../runtime/attach.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, type NetworkEnd, withNetwork } from './environment.ts';
import { startPeer } from './peer.ts';

/** PAYLOAD_SEARCH_BYTES_MAX */
const BOUND = 16_384;

const RULES = `
match tcp payload contains "a needle" -> count
match tcp payload contains nocase "a second one" -> count
match tcp payload within 1000 contains "a needle" -> count
match tcp payload contains "not in it" -> count
match tcp not payload contains "a needle" payload.len > 0 -> count
`;

/** Text in which the first pattern is often and the second rarely. */
function someText(length: number): string {
  const parts: string[] = [];
  for (let at = 0, written = 0; written < length; at++) {
    const part = `${'here is some hay, '.repeat(100 + ((at * 37) % 200))}a needle`;
    parts.push(part, at % 8 === 5 ? 'A Second One' : '');
    written += part.length;
  }
  return parts.join('');
}

/** Payloads of the TCP packets that one end sees, as tshark cuts them out of what tcpdump recorded. */
async function recordPayloads(end: NetworkEnd, direction: 'in' | 'out', work: () => Promise<void>): Promise<readonly Buffer[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-payload-'));
  try {
    const file = path.join(folder, 'wire.pcap');
    const args = ['-i', end.ifname, '-Q', direction, '-n', '-U', '-s', '0', '-B', '65536', '-Z', 'root', '-w', file];
    const child = end.spawn('tcpdump', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit');
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', (data: Buffer) => {
        said += data.toString();
        if (said.includes('listening on')) resolve();
      });
      child.once('exit', () => reject(new Error(`tcpdump: ${said}`)));
    });
    await work();
    // It hands over what it has every so often.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    child.kill('SIGINT');
    await ended;
    if (!/\b0 packets dropped by kernel/.test(said)) throw new Error(`tcpdump lost packets: ${said}`);
    const text = execFileSync('tshark', ['-n', '-r', file, '-Y', 'tcp', '-T', 'fields', '-e', 'tcp.payload'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => Buffer.from(line, 'hex'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function expectedCounts(payloads: readonly Buffer[]): readonly number[] {
  const within = (payload: Buffer, bound: number) => payload.subarray(0, bound).toString('latin1');
  const tests: readonly ((payload: Buffer) => boolean)[] = [
    (payload) => within(payload, BOUND).includes('a needle'),
    (payload) => within(payload, BOUND).toLowerCase().includes('a second one'),
    (payload) => within(payload, 1000).includes('a needle'),
    () => false,
    (payload) => payload.length > 0 && !within(payload, BOUND).includes('a needle'),
  ];
  return tests.map((holds) => payloads.filter(holds).length);
}

const CASES: readonly { hook: HookName; direction: 'in' | 'out' }[] = [
  { hook: 'tc ingress', direction: 'in' },
  { hook: 'tc egress', direction: 'out' },
];

describeKernel('payload contains, over a wire', () => {
  test.each(CASES)('$hook: segments of up to 64 KiB', async ({ hook, direction }) => {
    const artifact = await compileRules(RULES, hook);
    const text = someText(4_000_000);
    await withNetwork(async ({ near, far }) => {
      using loaded = loadArtifact(artifact);
      const server = startPeer(near);
      const client = startPeer(far);
      try {
        const port = await server.listen({ host: '10.0.0.1' });
        near.run(() => attach(loaded, near.ifname, 'auto'));
        const payloads = await recordPayloads(near, direction, async () => {
          const said = await client.connect({ host: '10.0.0.1', port, say: text, timeout_ms: 60_000 });
          expect(said.outcome.slice(0, 6)).toBe('echoed');
        });
        const counted = loaded.counters().map(({ packets }) => Number(packets));
        expect(payloads.reduce((sum, payload) => sum + payload.length, 0)).toBeGreaterThanOrEqual(text.length);
        expect(Math.max(...payloads.map((payload) => payload.length))).toBeGreaterThan(BOUND);
        expect(counted.slice(0, -1)).toEqual(expectedCounts(payloads));
        expect(counted[0]).toBeGreaterThan(20);
        expect(counted[1]).toBeGreaterThan(5);
      } finally {
        await Promise.all([server.end(), client.end()]);
      }
    });
  });
});
