import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LAUNCHER, pktc, plainEnvironment, temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();

describe('completion', () => {
  test('bash completes with the script', async () => {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(LAUNCHER, path.join(bin, 'pktc'));
    const script = path.join(folder, 'pktc.bash');
    const { code, stdout } = await pktc(['completion', 'bash']);
    expect(code).toBe(0);
    writeFileSync(script, stdout);
    const program = 'source "$1"; COMP_WORDS=(pktc rep); COMP_CWORD=1; _pktc_yargs_completions; printf "%s\\n" $COMPREPLY';
    const completed = execFileSync('bash', ['--norc', '-c', program, 'bash', script], {
      env: { ...plainEnvironment(), PATH: `${bin}:${process.env.PATH}` },
      encoding: 'utf8',
    });
    expect(completed.trim()).toBe('replay');
  });

  test.each([
    ['zsh', '#compdef pktc', '_pktc_yargs_completions'],
    ['fish', '# fish completion for pktc', 'complete -c pktc'],
  ])('%s', async (shell, first, later) => {
    const { code, stdout, stderr } = await pktc(['completion', shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.startsWith(first)).toBe(true);
    expect(stdout).toContain(later);
    expect(stdout).not.toContain(LAUNCHER);
  });

  test('bash is what comes without a name', async () => {
    expect((await pktc(['completion'])).stdout).toBe((await pktc(['completion', 'bash'])).stdout);
  });
});
