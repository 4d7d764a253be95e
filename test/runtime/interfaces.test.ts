import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { findInterface, interfaceNames, nameProblem } from '../../runtime/interfaces.ts';

describe('interfaces', () => {
  const libc = openLibc();

  test('lists what the system lists', () => {
    expect(interfaceNames()).toEqual(expect.arrayContaining(Object.keys(networkInterfaces())));
    expect(findInterface(libc, 'lo')).toBe(1);
  });

  test('suggests a name that is close', () => {
    expect(() => findInterface(libc, 'loo')).toThrowError(
      expect.objectContaining({ code: 'PKT6001', help: expect.stringMatching(/^did you mean `lo`\?/) }),
    );
    expect(() => findInterface(libc, 'wholly-other')).toThrowError(
      expect.objectContaining({ code: 'PKT6001', help: expect.not.stringMatching(/did you mean/) }),
    );
  });

  test.each([
    '',
    '.',
    '..',
    '../../etc',
    'a/b',
    'eth0:1',
    'eth 0',
    'eth\n0',
    'eth0\0',
    '\u001b[31m',
    'sixteen-letters!',
    'ä'.repeat(8),
  ])('no interface can be called %j', (name) => {
    expect(nameProblem(name)).not.toBeNull();
    expect(() => findInterface(libc, name)).toThrowError(expect.objectContaining({ code: 'PKT6010' }));
  });

  test.each(['$(reboot)', '`id`', ';ls', '-n', '*', 'eth0.100', '3g-wan', 'fifteen-letters'])('%j is only a name', (name) => {
    expect(nameProblem(name)).toBeNull();
    expect(() => findInterface(libc, name)).toThrowError(expect.objectContaining({ code: 'PKT6001' }));
  });

  test('what a message quotes of a hostile name is printable', () => {
    expect(() => findInterface(libc, '\u001b]0;x\u0007\n')).toThrowError(
      expect.objectContaining({ message: expect.not.stringMatching(/\p{Cc}/u) }),
    );
  });
});
