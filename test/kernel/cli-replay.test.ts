/** `pktc replay`: the kernel and the interpreter print the same. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tcpFrame } from '../../cli/demo/frames.ts';
import { madeUpCapture } from '../../cli/demo/recorded-demo.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { pktc, ROOT, temporaryFolder } from '../cli/pktc.ts';
import { describeKernel } from './environment.ts';

const folder = temporaryFolder();
const QUICKSTART = path.join(ROOT, 'examples/quickstart.rules');

function packetLines(stdout: string): readonly string[] {
  return stdout.trimEnd().split('\n').slice(0, -1);
}

function summary(stdout: string) {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').summary;
}

describeKernel('pktc replay in the kernel', () => {
  test('decides what the interpreter decides; frames that it does not take are the interpreter’s, and counted', async () => {
    const route = { src: '10.77.0.2', dst: '10.77.0.1' };
    const ours = readCapture(madeUpCapture(0n)).frames.map(({ data }) => data);
    const odd = [0, 1, 13, 14, 15].map((length) => tcpFrame(route, [1, 23], 2).subarray(0, length));
    const huge = [tcpFrame(route, [1, 23], 2, 'x'.repeat(9000)), tcpFrame(route, [1, 80], 2, 'x'.repeat(60_000))];
    const trace = path.join(folder, 'odd.pcap');
    writeFileSync(trace, writePcap([...ours, ...odd, ...huge, ...ours].map((data) => ({ time_ns: 0n, data }))));
    const [kernel, interpreter] = await Promise.all(
      ['kernel', 'interpreter'].map((engine) => pktc(['replay', QUICKSTART, trace, '--engine', engine, '--json'])),
    );
    expect(kernel).toMatchObject({ code: 0, stderr: '' });
    expect(packetLines(kernel?.stdout ?? '')).toEqual(packetLines(interpreter?.stdout ?? ''));
    const { engines, ...counted } = summary(kernel?.stdout ?? '');
    const { engines: none, ...expected } = summary(interpreter?.stdout ?? '');
    expect(counted).toEqual(expected);
    expect(none).toEqual({ kernel: 0, interpreter: 39 });
    expect(engines.kernel + engines.interpreter).toBe(39);
    expect(engines.kernel).toBeGreaterThanOrEqual(34);
    expect(engines.interpreter).toBeGreaterThanOrEqual(3);
  });

  test('without --engine, root gets the kernel, and is told', async () => {
    const trace = path.join(folder, 'made-up.pcap');
    writeFileSync(trace, madeUpCapture(0n));
    const { code, stdout, stderr } = await pktc(['replay', QUICKSTART, trace]);
    expect(code).toBe(0);
    expect(stderr).toContain('deciding in the kernel');
    expect(stdout).toContain('all decided by the kernel');
  });
});
