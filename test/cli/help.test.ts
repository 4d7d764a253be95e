import { describe, expect, test } from 'vitest';
import { pktc } from './pktc.ts';

const COMMANDS = [
  'run',
  'ls',
  'status',
  'counters',
  'reload',
  'confirm',
  'events',
  'top',
  'set',
  'stop',
  'install-service',
  'compile',
  'check',
  'fmt',
  'test',
  'replay',
  'explain',
  'bench',
  'doctor',
  'demo',
  'completion',
];

describe('help', () => {
  test('names every command', async () => {
    const { code, stdout, stderr } = await pktc(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  pktc ${command}\\b`, 'm'));
  });

  test.each(COMMANDS)('%s has an example and its exit codes', async (command) => {
    const { code, stdout, stderr } = await pktc([command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Examples:\\n[^]*pktc ${command}\\b`, 'm'));
    expect(stdout).toMatch(/^Exit codes:\n {2}0 {2}done$/m);
  });

  test('is in English whatever the locale', async () => {
    const { stdout } = await pktc(['--help'], { env: { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' } });
    expect(stdout).toContain('Commands:');
  });

  test('--version prints the version of the package', async () => {
    const { code, stdout } = await pktc(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a wrong command line exits with 2 and says what to do', () => {
  test.each([
    [[], /no command given/],
    [['chek', 'x'], /did you mean|Did you mean|Unknown/],
    [['check'], /Not enough|at least/i],
    [['check', 'x', '--bogus'], /bogus/],
    [['compile', 'x', '--emit', 'everything'], /everything/],
    [['replay', 'x.rules'], /Not enough/i],
    [['run', '-i', 'lo'], /needs a rule file/],
    [['run', 'x.rules'], /needs an interface/],
    [['run', 'x.rules', '--interface='], /interface/],
    [['run', 'x.rules', '-i', 'lo', '--for', 'soon'], /--for/],
    [['run', 'x.rules', '-i', 'lo', '--for', '0s'], /--for/],
    [['run', 'x.rules', '-i', 'lo', '--count', '-1'], /--count/],
    [['run', 'x.rules', '-i', 'lo', '--count', '1.5'], /--count/],
    [['run', 'x.rules', '-i', 'lo', '--mode', 'fast'], /fast/],
    [['run', 'x.rules', '-i', 'lo', '--confirm', '30s'], /--detach/],
    [['reload', 'x', '--plan', '--confirm', '30s'], /--plan/],
    [['explain', 'PKT0000'], /no code/],
    [['completion', 'tcsh'], /tcsh/],
    [['demo', '--seconds', '0'], /seconds/],
    [['top', 'edge'], /counters edge --watch/],
    [['events', 'edge', '--count', '0'], /--count/],
  ])('%j', async (parameters, message) => {
    const { code, stdout, stderr } = await pktc(parameters);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error/m);
    expect(stderr).not.toContain('this is a bug');
  });

  test.each([
    [['counters', 'edge', '--interval', '5s'], '--watch'],
    [['run', 'edge.rules', '-i', 'eth0', '--name', 'edge'], '--detach'],
    [['run', 'edge.rules', '-i', 'eth0', '--confirm', '30s'], '--detach'],
  ])('%j: an option without the one that it is about is a usage error', async (parameters, missing) => {
    const { code, stdout, stderr } = await pktc(parameters);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`add \`${missing}\``);
  });
});
