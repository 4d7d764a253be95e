/** The very first steps of the command: a shell finds Node and says how it is to start. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { NODE_OPTIONS } from '../../cli/node-options.ts';
import { pktc, ROOT, temporaryFolder } from './pktc.ts';

const SCRIPT = path.join(ROOT, 'cli', 'pktc.sh');
const VERSION = (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;

function folderWith(...names: readonly string[]): string {
  const folder = path.join(temporaryFolder(), ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}

test('it is found through links, in folders of any name', () => {
  const bin = folderWith('a b', '$(c)', "d'e");
  symlinkSync(path.join(ROOT, 'pktc'), path.join(bin, 'pktc'));
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  for (const command of ['pktc', path.join(bin, 'pktc'), path.join(ROOT, 'pktc'), SCRIPT]) {
    expect(execFileSync(command, ['--version'], { encoding: 'utf8', env }).trim()).toBe(VERSION);
  }
});

test('parameters arrive as they are, and so does the exit code', () => {
  const file = path.join(folderWith('x  y'), '$HOME `*`;.rules');
  writeFileSync(file, 'match dport 99999 -> drop\n');
  const { status, stderr } = spawnSync(SCRIPT, ['check', file], { encoding: 'utf8' });
  expect(stderr).toContain(`${file}:1:`);
  expect(status).toBe(3);
});

test('Node is started with the options that are said elsewhere, too', () => {
  const bin = folderWith('bin');
  writeFileSync(path.join(bin, 'node'), '#!/bin/sh\nfor one; do echo "$one"; done\n', { mode: 0o755 });
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const parameters = execFileSync(SCRIPT, ['run', 'a b'], { encoding: 'utf8', env }).trim().split('\n');
  expect(parameters).toEqual([...NODE_OPTIONS, path.join(ROOT, 'cli', 'launcher.cjs'), 'run', 'a b']);
});

test('certificates are read by nobody but the programs that pktc starts', () => {
  const bin = folderWith('certificates');
  const asked = path.join(bin, 'asked.cjs');
  writeFileSync(
    asked,
    `process.once('exit', () => process.stderr.write(JSON.stringify(certificates(process.env))));
    const certificates = (env) => Object.entries(env).filter(([name]) => name.endsWith('EXTRA_CA_CERTS'));
    process.stderr.write(JSON.stringify(certificates(process.env)));`,
  );
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: `--require ${asked}` };
  const { stderr } = spawnSync(SCRIPT, ['--version'], { encoding: 'utf8', env: { ...env, NODE_EXTRA_CA_CERTS: '/a b.crt' } });
  expect(stderr).toBe('[["PKTC_EXTRA_CA_CERTS","/a b.crt"]][["NODE_EXTRA_CA_CERTS","/a b.crt"]]');
  delete env.NODE_EXTRA_CA_CERTS;
  expect(spawnSync(SCRIPT, ['--version'], { encoding: 'utf8', env }).stderr).toBe('[][]');
});

test('without Node it says what is missing and what to do', () => {
  const { status, stderr } = spawnSync('/bin/sh', [SCRIPT, '--version'], { encoding: 'utf8', env: { PATH: '/nowhere' } });
  expect(stderr).toMatch(/^error: pktc needs Node .*\n {2}= help: install it /);
  expect(status).toBe(1);
});

describe('what V8 made of the program when it was built', () => {
  const LOADER = path.join(ROOT, 'cli', 'load-program.cjs');
  const PROGRAM = path.join(ROOT, 'dist', 'pktc.cjs');
  const CODE = '.pktc.cjs.code';

  beforeAll(async () => {
    // The first start may have to build.
    await pktc(['--version']);
  });

  /** Whether it was taken, and what the program says. */
  function loaded(file: string): { readonly kept: string; readonly said: string } {
    const script = `const { program, kept } = require(${JSON.stringify(LOADER)}).loadProgram(${JSON.stringify(file)});
      process.once('exit', () => process.stderr.write(String(kept)));
      program.main(['--help']);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    return { kept: stderr, said: stdout };
  }

  /** The program and what was made of it, changed; null: nothing was made. */
  function copied(changeText: (text: string) => string, changeCode: (code: Buffer, text: string) => Buffer | null): string {
    const folder = folderWith('copy', 'dist');
    copyFileSync(path.join(ROOT, 'package.json'), path.join(path.dirname(folder), 'package.json'));
    const file = path.join(folder, 'pktc.cjs');
    const text = changeText(readFileSync(PROGRAM, 'utf8'));
    writeFileSync(file, text);
    const code = changeCode(readFileSync(path.join(ROOT, 'dist', CODE)), text);
    if (code !== null) writeFileSync(path.join(folder, CODE), code);
    return file;
  }

  const same = <Kept>(one: Kept) => one;

  test('is taken the next time, and where it is copied to', () => {
    for (const file of [PROGRAM, copied(same, same)]) {
      expect(loaded(file)).toEqual({ kept: 'true', said: expect.stringContaining('A compiler for packet rules') });
    }
  });

  const withByte = (code: Buffer, at: number) => {
    const changed = Buffer.from(code);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    return changed;
  };
  /** In the words that V8 begins with: its version (src/snapshot/code-serializer.h). */
  const ofAnother = (code: Buffer, text: string) => {
    const changed = withByte(code, 32 + 4);
    createHash('sha256').update(text).update(changed.subarray(32)).digest().copy(changed);
    return changed;
  };
  test.each<readonly [string, (code: Buffer, text: string) => Buffer | null]>([
    ['there is none', () => null],
    ['it is empty', () => Buffer.alloc(0)],
    ['it is cut short', (code) => code.subarray(0, -1)],
    ['a bit is wrong', (code) => withByte(code, code.length - 1000)],
    ['another V8 made it', ofAnother],
  ])('is not taken when %s', (_, change) => {
    expect(loaded(copied(same, change))).toEqual({
      kept: 'false',
      said: expect.stringContaining('A compiler for packet rules'),
    });
  });

  test('is not taken for another text, though V8 would: that has the same length', () => {
    const changed = copied((text) => text.replace('A compiler for packet rules', 'A Compiler for packet rules'), same);
    expect(loaded(changed)).toEqual({ kept: 'false', said: expect.stringContaining('A Compiler for packet rules') });
  });
});
