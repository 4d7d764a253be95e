/** Headers that do not lie in the frame's first page, and the way that headers are read on kernels before 5.18. */
import { expect, test } from 'vitest';
import type { Templates } from '../../compiler/5-emit/skeleton.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { loadProgram } from '../differential/kernel-engine.ts';
import { programOf } from '../differential/program-of.ts';
import { describeKernel } from './environment.ts';

const RULES = `
match dport 443 -> count
match payload.len 10 -> count
match len > 3000 -> count
match tcp flags SYN -> log payload 10
match malformed -> drop
`;

const TCP = [0x30, 0x39, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x02, 0, 0, 0, 0, 0, 0];

/** IPv6 with destination options of these lengths, TCP and a payload; `cut` bytes are missing at the end. */
function frameOf(options: readonly number[], payload: number, cut: number): Uint8Array {
  const body = options.flatMap((length, at) => {
    const header = new Array<number>(length).fill(0);
    header[0] = at === options.length - 1 ? 6 : 60;
    header[1] = length / 8 - 1;
    return header;
  });
  body.push(...TCP, ...new Array<number>(payload).fill(7));
  const next = options.length === 0 ? 6 : 60;
  const ip = [0x60, 0, 0, 0, body.length >> 8, body.length & 0xff, next, 64, ...new Array<number>(32).fill(3)];
  const frame = [...new Array<number>(12).fill(2), 0x86, 0xdd, ...ip, ...body];
  return Uint8Array.from(frame.slice(0, frame.length - cut));
}

/** The TCP header before, across and behind the place where the first page ends (about 3,520 bytes on x86). */
const OPTIONS = [
  [],
  [2048],
  [2048, 1400],
  [2048, 1416],
  [2048, 1424],
  [2048, 1440],
  [2048, 1448],
  [2048, 2048],
  [2048, 2048, 2048],
];

const FRAMES = OPTIONS.flatMap((options) =>
  [0, 10, 3000].flatMap((payload) => [0, 1, 11, 15, 25].map((cut) => frameOf(options, payload, cut))),
);

/** Indices of the rules that each frame matched in the kernel. */
async function kernelMatches(templates: Templates, frames: readonly Uint8Array[]): Promise<readonly (readonly number[])[]> {
  const program = programOf(RULES);
  using loaded = await loadProgram(program, templates);
  return frames.map((frame) => {
    const before = loaded.counters();
    loaded.testRun(frame);
    const after = loaded.counters();
    return program.rules.map((rule) => rule.index).filter((index) => after[index]?.packets !== before[index]?.packets);
  });
}

/** What a kernel before 5.18 makes of it: there the helpers for frames in several pieces do not exist. */
function beforeFragments(templates: Templates): Templates {
  const headers = templates.headers.map(({ path, text }) => ({
    path,
    text: text
      .replace('LINUX_KERNEL_VERSION >= PKTC_KERNEL_VERSION(5, 18)', 'LINUX_KERNEL_VERSION >= PKTC_KERNEL_VERSION(250, 0)')
      .replace('(void *)188;', '(void *)100188;')
      .replace('(void *)189;', '(void *)100189;'),
  }));
  return { ...templates, headers };
}

describeKernel('headers far from the start of a frame', () => {
  const interpret = createInterpreter(programOf(RULES));

  test('are read where the frame goes on in fragments', async () => {
    const matches = await kernelMatches(readTemplates(), FRAMES);
    expect(matches).toEqual(FRAMES.map((frame) => interpret(frame).rules));
    // Some of these frames have their TCP header behind the first page.
    expect(matches.filter((rules, at) => rules.includes(0) && (FRAMES[at]?.length ?? 0) > 4000).length).toBeGreaterThan(5);
  });

  test('need no helper that came with 5.18 on a kernel before that', async () => {
    const templates = beforeFragments(readTemplates());
    const changed = templates.headers.filter((header, at) => header.text !== readTemplates().headers[at]?.text);
    expect(changed.map((header) => header.path)).toEqual(['pktc/context_xdp.h']);
    const frames = FRAMES.filter((frame) => frame.length < 3000);
    expect(frames.length).toBeGreaterThan(10);
    expect(await kernelMatches(templates, frames)).toEqual(frames.map((frame) => interpret(frame).rules));
  });
});
