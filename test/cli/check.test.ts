import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { pktc, ROOT, temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();

function file(name: string, content: string | Uint8Array): string {
  const full = path.join(folder, name);
  writeFileSync(full, content);
  return full;
}

const GOOD = file('good.rules', 'a: match tcp -> log\n');
const BAD = file('bad.rules', 'a: match prto tcp -> drop\nb: match dport 99999 -> drop\n');

describe('check', () => {
  test('a good file: 0, and nothing on stdout', async () => {
    const { code, stdout, stderr } = await pktc(['check', GOOD]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe(`${GOOD}: 1 rule, no errors\n`);
  });

  test('all errors of a file, with exit code 3', async () => {
    const { code, stdout, stderr } = await pktc(['check', BAD]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr.match(/^error\[PKT2\d{3}\]/gm)).toHaveLength(2);
    expect(stderr).toContain(`${BAD}:1:10`);
    expect(stderr).toContain('proto');
  });

  test('--json: one diagnostic a line on stdout, with places', async () => {
    const { code, stdout, stderr } = await pktc(['check', '--json', BAD]);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      version: 1,
      code: expect.stringMatching(/^PKT2\d{3}$/),
      severity: 'error',
      message: expect.any(String),
      primary: { file: BAD, start: { byte: 9, line: 1, column: 10 }, end: { byte: 13, line: 1, column: 14 } },
    });
  });

  test('--json of a good file prints nothing', async () => {
    expect(await pktc(['check', '--json', GOOD])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('several files: all are treated, the worst exit code counts', async () => {
    const { code, stderr } = await pktc(['check', path.join(folder, 'nowhere.rules'), BAD, GOOD]);
    expect(code).toBe(3);
    expect(stderr).toContain('there is no such file');
    expect(stderr).toContain(`${BAD}: 2 errors`);
    expect(stderr).toContain(`${GOOD}: 1 rule, no errors`);
  });

  test('standard input', async () => {
    const { code, stderr } = await pktc(['check', '-'], { input: 'match prto tcp -> drop' });
    expect(code).toBe(3);
    expect(stderr).toContain('--> <stdin>:1:7');
  });

  test('every example is without errors and without warnings', async () => {
    const { code, stderr } = await pktc(
      [
        'check',
        ...['quickstart', 'ssh-guard', 'syn-watch', 'odd-packets', 'protect-resolver'].map((name) => `examples/${name}.rules`),
      ],
      { cwd: ROOT },
    );
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/warning|error\[/);
  });
});

describe('files that cannot be read', () => {
  test.each([
    ['missing', 'nowhere.rules', 'there is no such file'],
    ['a folder', '.', 'it is a directory'],
    ['behind a file', 'good.rules/x', 'a part of the path is not a directory'],
    ['a name that is too long', 'x'.repeat(300), 'the path is too long'],
  ])('%s', async (_, name, reason) => {
    const { code, stdout, stderr } = await pktc(['check', path.join(folder, name)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('error[PKT6021]');
    expect(stderr).toContain(reason);
  });

  test('links that go round in a circle', async () => {
    symlinkSync('loop', path.join(folder, 'loop'));
    expect((await pktc(['check', path.join(folder, 'loop')])).stderr).toContain('round in a circle');
  });

  test('without permission', async () => {
    const secret = file('secret.rules', 'match tcp -> log\n');
    chmodSync(secret, 0o000);
    const { code, stderr } = await pktc(['check', secret], { unprivileged: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(/you may not read it|EACCES/);
  });

  test('a set that the user may not read', async () => {
    const main = file('with-set.rules', 'set x from "secret.txt"\nmatch src in x -> drop\n');
    chmodSync(file('secret.txt', '192.0.2.1\n'), 0);
    const { code, stderr } = await pktc(['check', main], { unprivileged: true });
    expect(code).toBe(3);
    expect(stderr).toContain('you may not read it');
  });

  test('larger than anybody writes', async () => {
    const huge = file('huge.rules', '');
    truncateSync(huge, 257 * 2 ** 20);
    const { code, stderr } = await pktc(['check', huge]);
    expect(code).toBe(1);
    expect(stderr).toContain('it is larger than 256 MiB');
  });

  test.each([
    ['a lone byte', Buffer.from('match tcp -> log # \xe9t\xe9', 'latin1'), 'byte 19 (0xe9)'],
    ['a surrogate', Buffer.from([0x23, 0x20, 0xed, 0xa0, 0x80]), 'byte 2 (0xed)'],
    ['an overlong slash', Buffer.from([0x23, 0xc0, 0xaf]), 'byte 1 (0xc0)'],
    ['a character cut short', Buffer.from([0x23, 0xe2, 0x82]), 'byte 1 (0xe2)'],
  ])('not UTF-8: %s', async (_, bytes, place) => {
    const { code, stdout, stderr } = await pktc(['check', file('latin.rules', bytes)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('error[PKT6022]');
    expect(stderr).toContain(place);
  });

  test('UTF-16 is recognised', async () => {
    const { stderr } = await pktc(['check', file('wide.rules', Buffer.from('\ufeffmatch tcp -> log', 'utf16le'))]);
    expect(stderr).toContain('it is UTF-16');
  });

  test('a byte order mark does no harm', async () => {
    const { code } = await pktc(['check', file('bom.rules', '\ufeffa: match tcp -> log\n')]);
    expect(code).toBe(0);
  });

  test('--json says it in JSON', async () => {
    mkdirSync(path.join(folder, 'dir.rules'));
    const { code, stdout, stderr } = await pktc(['check', '--json', path.join(folder, 'dir.rules')]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ code: 'PKT6021', title: 'file cannot be read', primary: null });
  });
});
