import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tcpFrame } from '../../cli/demo/frames.ts';
import { sourceOf } from '../../cli/runnable-program.ts';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { pktc, RAW_CONTROL, temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();
const TRACE = path.join(folder, 'one.pcap');
writeFileSync(TRACE, writePcap([{ time_ns: 0n, data: tcpFrame({ src: '10.0.0.1', dst: '10.0.0.2' }, [1, 2], 2) }]));

/** Names that do harm where somebody pastes them into a shell, a terminal or a path. `canary` would appear in the working folder. */
const HOSTILE = [
  'a b.rules',
  "it's.rules",
  '"quoted".rules',
  '$(touch canary).rules',
  '`touch canary`.rules',
  ';touch canary;.rules',
  '|touch canary|.rules',
  'new\nline.rules',
  '\x1b[2J\x1b]0;owned\x07.rules',
  '*.rules',
  '%s%n.rules',
  '-rf.rules',
  '\u202egnirts.rules',
];

describe('hostile file names', () => {
  test.each(HOSTILE)('%j goes nowhere but to the file', async (name) => {
    const cwd = path.join(folder, Buffer.from(name).toString('hex').slice(0, 40));
    mkdirSync(cwd);
    writeFileSync(path.join(cwd, name), 'match tcp dport 2 -> log, drop\nmatch bogus 1 -> log\n');
    const file = `./${name}`;
    const check = await pktc(['check', file], { cwd });
    expect(check.code).toBe(3);
    expect(check.stderr).not.toMatch(RAW_CONTROL);
    writeFileSync(path.join(cwd, name), 'match   tcp dport 2 -> log, drop\n');
    expect((await pktc(['fmt', file], { cwd })).code).toBe(0);
    expect(readFileSync(path.join(cwd, name), 'utf8')).toBe('match tcp dport 2 -> log, drop\n');
    const replay = await pktc(['replay', file, TRACE, '--engine', 'interpreter'], { cwd });
    expect(replay.code).toBe(0);
    expect(replay.stdout).not.toMatch(RAW_CONTROL);
    const json = await pktc(['replay', file, TRACE, '--engine', 'interpreter', '--json'], { cwd });
    expect(json.stdout).not.toMatch(RAW_CONTROL);
    expect(JSON.parse(json.stdout.split('\n')[0] ?? '')).toMatchObject({ packet: 1, verdict: 'drop' });
    expect(readdirSync(cwd)).toEqual([name]);
    expect(existsSync(path.join(cwd, 'canary'))).toBe(false);
  });
});

describe('hostile rule text', () => {
  test.each([
    'match tcp -> log # \x1b[31mred\x1b[0m\x07\n',
    'a\x1b[2J: match tcp -> log\n',
    'match src "\x1b]0;title\x07" -> log\n',
    'match \u202edrop\u202c -> log\n',
    'match tcp\x00 -> log\n',
  ])('%j never reaches the terminal raw', async (input) => {
    for (const command of ['check', 'fmt'] as const) {
      const { stderr } = await pktc([command, '-', ...(command === 'fmt' ? ['--check'] : [])], { input });
      expect(stderr).not.toMatch(RAW_CONTROL);
    }
    const { stdout } = await pktc(['check', '--json', '-'], { input });
    expect(stdout).not.toMatch(RAW_CONTROL);
    const tokens = await pktc(['compile', '-', '--emit', 'tokens'], { input });
    expect(tokens.stdout.replaceAll('\t', '')).not.toMatch(RAW_CONTROL);
  });

  // The first two are rule files that are not there.
  test.each([
    ['../../x', 1],
    ['PKT2001/../../../etc/passwd', 1],
    ['\x1b[2J', 2],
  ])('explain %j', async (code, exit) => {
    const cwd = path.join(folder, 'deep', 'in');
    mkdirSync(cwd, { recursive: true });
    const result = await pktc(['explain', code], { cwd });
    expect(result.code).toBe(exit);
    expect(result.stdout).toBe('');
    expect(result.stderr).not.toMatch(RAW_CONTROL);
  });

  test('unknown options and commands are shown harmlessly', async () => {
    for (const parameters of [['\x1b[2Jchek'], ['check', '--\x1b[2J', 'x']]) {
      expect((await pktc(parameters)).stderr).not.toMatch(RAW_CONTROL);
    }
  });
});

describe('a rule from the command line', () => {
  test('without an action it logs', () => {
    expect(sourceOf(['match tcp dport 22'])).toEqual({ name: '<expr>', text: 'match tcp dport 22 -> log\n' });
    expect(sourceOf(['ssh: match tcp dport 22'])).toEqual({ name: '<expr>', text: 'ssh: match tcp dport 22 -> log\n' });
  });

  test('with one it is left as it is', () => {
    const texts = ['match tcp -> drop', 'default drop'];
    expect(sourceOf(texts).text).toBe('match tcp -> drop\ndefault drop\n');
  });
});
