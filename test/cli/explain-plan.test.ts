import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { pktc, RAW_CONTROL, temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const MANY = Array.from(
  { length: 3000 },
  (_, at) =>
    `match src 10.${at >> 8}.${at & 255}.0/24 tcp dport ${at % 7}${at % 100 === 0 ? ' payload contains "x"' : ''} -> drop\n`,
).join('');

test('a few rules: a chain, and why', async () => {
  const { code, stdout } = await pktc(['explain', written('few.rules', 'match tcp dport 22 -> drop\nmatch udp -> log\n')]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^classifier +chain: 2 rules, tested one after another$/m);
  expect(stdout).toMatch(/^reads .*\bdport\b/m);
  expect(stdout).toMatch(/^events +a ring a CPU, 32 MiB together, 0 bytes of payload$/m);
  expect(stdout).not.toMatch(RAW_CONTROL);
});

test('many rules: trees, their dimensions and size, what they leave to be asked', async () => {
  const { code, stdout } = await pktc(['explain', written('many.rules', MANY)]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^classifier +tree: 3000 rules as 3000 ranges in /m);
  expect(stdout).toMatch(/^dimensions +src .*dport/m);
  expect(stdout).toMatch(/^presence +dport$/m);
  expect(stdout).toMatch(/^size +\d+ bytes, \d+ a rule: \d+ nodes, \d+ records$/m);
  expect(stdout).toMatch(/^checks +1, asked of candidates \(line 1: match src 10\.0\.0\.0\/24 /m);
});

test('--json is the plan, with the size of the data in place of the data', async () => {
  const { stdout } = await pktc(['explain', written('many.rules', MANY), '--json']);
  const { classifier } = JSON.parse(stdout) as { classifier: { name: string; data: { bytes: number } } };
  expect(classifier.name).toBe('tree');
  expect(Object.keys(classifier.data)).toEqual(['bytes']);
  expect(classifier.data.bytes).toBeGreaterThan(3000 * 32);
});

test('rules with errors: 3; a file that is not there: 1', async () => {
  expect((await pktc(['explain', written('broken.rules', 'match dprt 22 -> drop\n')])).code).toBe(3);
  expect((await pktc(['explain', path.join(folder, 'none.rules')])).code).toBe(1);
});
