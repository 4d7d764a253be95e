/** Each class of packets that the tools contradict each other about: pktc's answer is the one that the docs give. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createInterpreter } from '../../compiler/interpret.ts';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { programOf } from '../differential/program-of.ts';
import { CONTESTED } from './contested.ts';
import { openLibpcap } from './libpcap.ts';

const docs = readFileSync(path.join(import.meta.dirname, '../../docs/differences.md'), 'utf8');
const headings = [...docs.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
const libpcap = openLibpcap();
if (libpcap === null) console.warn('skipped: what libpcap says of contested packets, because libpcap is not installed');

/** Whether tshark's display filter takes the frame. */
function tsharkMatches(frame: Uint8Array, filter: string): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-contested-'));
  try {
    const file = path.join(folder, 'one.pcap');
    writeFileSync(file, writePcap([{ time_ns: 0n, data: frame }]));
    const argv = ['-r', file, '-Y', filter, '-T', 'fields', '-e', 'frame.number', '-o', 'ip.defragment:FALSE'];
    return execFileSync('tshark', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() !== '';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(CONTESTED)('$name: `$condition`', ({ name, frame, condition, ours, pcap, tshark }) => {
  test(`is ${ours} here, and the docs say why`, () => {
    const interpret = createInterpreter(programOf(`match ${condition} -> count\n`));
    expect(interpret(frame).rules.length > 0).toBe(ours);
    expect(headings).toContain(name);
  });

  test.skipIf(libpcap === null || pcap === null)(`libpcap says ${pcap?.answer} to \`${pcap?.expression}\``, () => {
    expect(libpcap?.compile(pcap?.expression ?? '').matches(frame)).toBe(pcap?.answer);
  });

  test.skipIf(tshark === null)(`tshark says ${tshark?.answer} to \`${tshark?.filter}\``, () => {
    expect(tsharkMatches(frame, tshark?.filter ?? '')).toBe(tshark?.answer);
  });
});
