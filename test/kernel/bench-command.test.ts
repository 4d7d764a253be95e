import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { pktc, temporaryFolder } from '../cli/pktc.ts';
import { describeKernel } from './environment.ts';

const KEYS = ['rules', 'ns_per_packet', 'floor_run_ns', 'floor_parse_ns', 'worst_ns', 'strategy', 'memory_bytes'];
const RULES = `ssh: match tcp dport 22 src 10.0.0.0/8 -> pass
scan: match flags SYN,!ACK -> drop
last: match udp dport 53 -> drop
`;

describeKernel('pktc bench', () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'edge.rules');
  writeFileSync(file, RULES);

  test('--json has the keys that are written down', async () => {
    const { code, stdout } = await pktc(['bench', file, '--json']);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(result)).toEqual(KEYS);
    for (const key of KEYS.filter((name) => name !== 'strategy')) expect(result[key]).toBeGreaterThan(0);
    expect(result.rules).toBe(3);
    expect(['chain', 'tree']).toContain(result.strategy);
  });

  test('says what each rule costs, and takes the packets of a capture of any lengths', async () => {
    const trace = path.join(folder, 'trace.pcap');
    writeFileSync(trace, capture([60, 1000, 74]));
    const { code, stdout } = await pktc(['bench', file, '--trace', trace]);
    expect(code).toBe(0);
    expect(stdout).toContain('3 packets');
    expect(stdout).toMatch(/^floor B.*\d/m);
    expect(stdout).toContain('the default');
  });

  test('refuses another hook with 2, and says what to do', async () => {
    const other = path.join(folder, 'out.rules');
    writeFileSync(other, `hook tc egress\n${RULES}`);
    const { code, stderr } = await pktc(['bench', other]);
    expect(code).toBe(2);
    expect(stderr).toContain('--hook xdp');
  });
});

/** A pcap file of frames of zeros (https://www.tcpdump.org/manpages/pcap-savefile.5.html). */
function capture(lengths: readonly number[]): Uint8Array {
  const numbers = (...values: readonly number[]) => Buffer.from(Uint32Array.from(values).buffer);
  const head = numbers(0xa1b2c3d4, 0x0004_0002, 0, 0, 65535, 1);
  return Buffer.concat([head, ...lengths.flatMap((length) => [numbers(1, 0, length, length), Buffer.alloc(length)])]);
}
