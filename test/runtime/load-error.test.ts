import { describe, expect, test } from 'vitest';
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { errnoName, errnoNumber, openLibc } from '../../runtime/ffi/libc.ts';
import { loadError } from '../../runtime/load-error.ts';
import { mapMemory } from '../../runtime/mapped-memory.ts';
import { manifestFor } from './fixture.ts';

const MANIFEST = manifestFor(new Uint8Array(), 4096);
const NEW_KERNEL = [6, 1] as const;

function error(errno: string, messages: readonly string[] = [], log = '', kernel: readonly [number, number] = NEW_KERNEL) {
  return loadError(errnoNumber(errno), log, messages, MANIFEST, kernel);
}

describe('why a program was not loaded', () => {
  test('no memory', () => {
    expect(error('ENOMEM', ["libbpf: map 'pktc_events': failed to create: Cannot allocate memory(-12)"])).toMatchObject({
      code: 'PKT6008',
    });
  });

  test('an old kernel', () => {
    expect(error('EINVAL', ["libbpf: map 'pktc_events': failed to create: Invalid argument(-22)"], '', [5, 4])).toMatchObject({
      code: 'PKT6007',
      message: expect.stringContaining('5.9'),
    });
  });

  test('the verifier, by way of the messages of an old libbpf', () => {
    const dump = 'libbpf: load bpf program failed: Permission denied\nlibbpf: -- BEGIN DUMP LOG ---\nlibbpf: R1 is bad';
    expect(error('EACCES', [dump])).toMatchObject({
      code: 'PKT6006',
      verifierLog: expect.stringContaining('R1 is bad'),
      rule: null,
    });
  });

  test('a verifier that is broken off is no rejection', () => {
    const dump =
      "libbpf: prog 'pktc_xdp': BPF program load failed: Resource temporarily unavailable\nlibbpf: -- BEGIN PROG LOAD LOG --";
    expect(error('EAGAIN', [dump], '0: R1=ctx()')).toMatchObject({ code: 'PKT6100', verifierLog: null });
  });

  test('no BTF', () => {
    expect(error('ESRCH', ['libbpf: failed to find valid kernel BTF'])).toMatchObject({ code: 'PKT6103' });
  });

  test('a log that is not about the program does not make it the verifier', () => {
    expect(error('EINVAL', ['libbpf: Error loading .BTF into kernel: -22'], 'magic: 0xeb9f')).toMatchObject({
      code: 'PKT6014',
      message: 'the kernel did not take the program (EINVAL): Error loading .BTF into kernel: -22',
    });
  });

  test('something else, in the words of the system', () => {
    expect(error('ENOSYS')).toMatchObject({ code: 'PKT6014', message: 'the kernel did not take the program (ENOSYS)' });
  });
});

describe('the system underneath', () => {
  test('without libbpf: says what to install', () => {
    expect(() => openLibbpf(['libbpf-of-nowhere.so.1'])).toThrowError(
      expect.objectContaining({ code: 'PKT6002', help: expect.stringContaining('apt install libbpf1') }),
    );
  });

  test('refuses to map what is not a map', () => {
    expect(() => mapMemory(openLibc(), { fd: -1, length_bytes: 4096, offset_bytes: 0, writable: false })).toThrowError(
      expect.objectContaining({ code: 'PKT6008', message: expect.stringContaining('EBADF') }),
    );
  });

  test('has a name for every errno', () => {
    expect([1, 2, 11, 16, 95, 4242].map(errnoName)).toEqual(['EPERM', 'ENOENT', 'EAGAIN', 'EBUSY', 'EOPNOTSUPP', 'errno 4242']);
  });
});
