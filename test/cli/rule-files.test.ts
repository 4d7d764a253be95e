/** Rule files as nobody would write them, and while somebody writes them. */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { collectSources } from '../../cli/collect-sources.ts';
import { readBytes } from '../../cli/read-file.ts';
import { pktc, temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();
const HUNDRED_MB = 100_000_000;

/** Where the first descriptor of a file in this process has been read to; null: nobody has it open. */
function position(file: string): number | null {
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) !== file) continue;
      return Number(/^pos:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]);
    } catch {
      // It was closed meanwhile.
    }
  }
  return null;
}

/** Does something to a file when a part of it has been read. */
async function amid(file: string, reading: Promise<unknown>, change: (fd: number) => void): Promise<void> {
  let ended = false;
  const over = () => {
    ended = true;
  };
  void reading.then(over, over);
  while ((position(file) ?? 0) === 0) {
    if (ended) throw new Error('it was read before it could be changed');
    await new Promise((resolve) => setImmediate(resolve));
  }
  const fd = openSync(file, 'r+');
  change(fd);
  closeSync(fd);
}

describe('a rule file of 100 MB', () => {
  const file = path.join(folder, 'large.rules');
  const rule = 'last: match udp dport 53 -> count\n';

  test('is read', async () => {
    const line = `${'# nothing but words '.repeat(50)}\n`;
    const lines = Math.ceil(HUNDRED_MB / line.length);
    const fd = openSync(file, 'w');
    const block = line.repeat(1_000);
    for (let written = 0; written < lines; written += 1_000) writeSync(fd, block);
    writeSync(fd, rule);
    fsyncSync(fd);
    closeSync(fd);
    expect(await pktc(['check', file])).toMatchObject({ code: 0, stderr: expect.stringContaining('1 rule') });
  });

  test('that is cut, or grows, while it is read is refused: half of it may well be a rule file', async () => {
    for (const change of [
      (fd: number) => ftruncateSync(fd, HUNDRED_MB / 2),
      (fd: number) => void writeSync(fd, rule, 60_000_000),
    ]) {
      const reading = readBytes(file, 2 ** 28);
      reading.catch(() => {});
      await amid(file, reading, change);
      await expect(reading).rejects.toMatchObject({
        code: 'PKT6021',
        message: expect.stringContaining('was written while it was being read'),
        help: expect.stringContaining('rename'),
      });
    }
    expect((await readBytes(file, 2 ** 28)).length).toBeGreaterThan(60_000_000);
  });

  test('that is a list is refused in the same way, where it is named', async () => {
    const main = { name: path.join(folder, 'main.rules'), text: 'set x from "large.rules"\n' };
    const collecting = collectSources(main, { folder, roots: [] });
    await amid(file, collecting, (fd) => ftruncateSync(fd, 1_000));
    const references = (await collecting).files.get(main);
    expect(references?.get('large.rules')).toMatchObject({ found: false, reason: 'it was written while it was being read' });
  });

  test('that is binary says where', async () => {
    writeFileSync(file, Buffer.alloc(HUNDRED_MB, 0xff));
    expect(await pktc(['check', file])).toMatchObject({ code: 1, stderr: expect.stringMatching(/PKT6022.*byte 0 \(0xff\)/) });
  });
});
