/** The very first steps of the command: a shell finds Node and says how it is to start. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { NODE_OPTIONS } from '../../cli/node-options.ts';
import { ROOT, temporaryFolder } from './pktc.ts';

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

test('without Node it says what is missing and what to do', () => {
  const { status, stderr } = spawnSync('/bin/sh', [SCRIPT, '--version'], { encoding: 'utf8', env: { PATH: '/nowhere' } });
  expect(stderr).toMatch(/^error: pktc needs Node .*\n {2}= help: install it /);
  expect(status).toBe(1);
});
