import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { pktc, temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();
const UNTIDY = '# why\na:   match    tcp   ->   drop,log  # and why not\n';

function file(name: string, content: string): string {
  const full = path.join(folder, name);
  writeFileSync(full, content);
  return full;
}

async function formatted(text: string): Promise<string> {
  const { code, stdout, stderr } = await pktc(['fmt', '-'], { input: text });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('fmt', () => {
  test('standard input to standard output, comments kept, and once is enough', async () => {
    const once = await formatted(UNTIDY);
    expect(once).not.toBe(UNTIDY);
    expect(once).toContain('# why\n');
    expect(once).toContain('# and why not');
    expect(await formatted(once)).toBe(once);
  });

  test('in place: content changes, mode and owner stay, nothing else is left in the folder', async () => {
    const target = file('mode.rules', UNTIDY);
    chmodSync(target, 0o640);
    if (process.getuid?.() === 0) chownSync(target, 12_345, 23_456);
    const before = { ...statSync(target), names: readdirSync(folder) };
    const { code, stdout } = await pktc(['fmt', target]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(readFileSync(target, 'utf8')).toBe(await formatted(UNTIDY));
    const { mode, uid, gid } = statSync(target);
    expect({ mode, uid, gid, names: readdirSync(folder) }).toEqual({
      mode: before.mode,
      uid: before.uid,
      gid: before.gid,
      names: before.names,
    });
  });

  test('a symbolic link goes on being one', async () => {
    const target = file('target.rules', UNTIDY);
    const link = path.join(folder, 'link.rules');
    symlinkSync('target.rules', link);
    expect((await pktc(['fmt', link])).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe(await formatted(UNTIDY));
  });

  test('a file that is formatted is not written at all', async () => {
    const target = file('tidy.rules', await formatted(UNTIDY));
    linkSync(target, path.join(folder, 'tidy-twin.rules'));
    const { mtimeMs } = statSync(target);
    expect((await pktc(['fmt', target])).stderr).toBe('');
    expect(statSync(target)).toMatchObject({ mtimeMs, nlink: 2 });
  });

  test('--check names what would change, writes nothing, and exits with 1', async () => {
    const untidy = file('untidy.rules', UNTIDY);
    const tidy = file('tidy2.rules', await formatted(UNTIDY));
    expect(await pktc(['fmt', '--check', untidy, tidy])).toEqual({ code: 1, stdout: `${untidy}\n`, stderr: '' });
    expect(readFileSync(untidy, 'utf8')).toBe(UNTIDY);
    expect(await pktc(['fmt', '--check', tidy])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('a file with a syntax error is left alone, the others are formatted, exit code 3', async () => {
    const text = 'a:   match   !dport 22 -> drop\nb:   match tcp   -> log\n';
    const broken = file('broken.rules', text);
    const untidy = file('beside.rules', UNTIDY);
    const { code, stderr } = await pktc(['fmt', broken, untidy]);
    expect(code).toBe(3);
    expect(stderr).toContain('error[PKT1');
    expect(readFileSync(broken, 'utf8')).toBe(text);
    expect(readFileSync(untidy, 'utf8')).toBe(await formatted(UNTIDY));
  });

  test('unknown names are no reason not to format', async () => {
    expect(await formatted('match   bogus.field   7 ->  frobnicate')).toContain('bogus.field 7');
  });

  test('a missing file: 1', async () => {
    const { code, stderr } = await pktc(['fmt', path.join(folder, 'nowhere.rules')]);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no such file');
  });
});
