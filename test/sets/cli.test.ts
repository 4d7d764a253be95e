import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { pktc, temporaryFolder } from '../cli/pktc.ts';

const folder = temporaryFolder();
const rules = path.join(folder, 'etc', 'edge.rules');

beforeAll(() => {
  mkdirSync(path.join(folder, 'etc'));
  mkdirSync(path.join(folder, 'shared'));
  writeFileSync(rules, 'include "../shared/names.rules"\nset bad from "bad.txt"\nmatch src in bad dst lan -> drop\n');
  writeFileSync(path.join(folder, 'shared', 'names.rules'), 'let lan = 10.0.0.0/8\n');
  writeFileSync(path.join(folder, 'etc', 'bad.txt'), '192.0.2.0/25\n192.0.2.128/25\n198.51.100.1\n198.51.100.1\n');
});

describe('a rule file that names others', () => {
  it('is refused with the place when a file lies elsewhere, and taken when that is allowed', async () => {
    const refused = await pktc(['check', rules]);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('error[PKT2051]');
    expect(refused.stderr).toContain(`--> ${rules}:1:9`);
    const { code, stderr } = await pktc(['check', rules, '--include-root', path.join(folder, 'shared')]);
    expect(code).toBe(0);
    expect(stderr).toBe(
      `note: ${path.join(folder, 'etc', 'bad.txt')}: 4 entries, 2 ranges after merging\n${rules}: 1 rule, no errors\n`,
    );
  });

  it('has notes for people only', async () => {
    const { stdout, stderr } = await pktc(['check', '--json', rules, '--include-root', folder]);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });

  it('is compiled, and its manifest has the text of each rule', async () => {
    const { code, stdout } = await pktc(['compile', rules, '--emit', 'manifest', '--include-root', folder]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rules: [{ name: 'edge.rules:3', text: 'match src in bad dst lan -> drop' }] });
  });

  it('is found from the current directory when it comes on standard input', async () => {
    const input = 'set bad from "bad.txt"\nmatch src in bad -> drop\n';
    const { code, stderr } = await pktc(['check', '-'], { input, cwd: path.join(folder, 'etc') });
    expect(stderr).toContain('note: bad.txt: 4 entries, 2 ranges');
    expect(code).toBe(0);
  });

  it.each(['check', 'compile', 'run', 'replay', 'test', 'explain'])('%s has the option', async (command) => {
    expect((await pktc([command, '--help'])).stdout).toContain('--include-root');
  });
});
