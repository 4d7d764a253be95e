import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBtf } from '../../runtime/abi/btf.ts';
import { readElf } from '../../runtime/abi/elf.ts';
import { enumValues, structLayout } from '../../runtime/abi/struct-layout.ts';
import { eventDecoder } from '../../runtime/event-decoder.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import { compileC, fixtureArtifact } from './fixture.ts';

const SHAPES = `
#include <pktc/bpf.h>
enum colour { RED = 1, BLUE = 0x80000000U };
typedef __u8 mac[6];
struct inner { __u32 x; __u64 y; };
struct shapes {
	__u8 a;
	__be16 b;
	const volatile __u32 c;
	__be32 d;
	__u64 e;
	mac f;
	struct inner g;
	enum colour h;
	__u16 i[2][3];
	void *j;
	__u32 bits : 3;
	__u8 tail[];
};
const struct shapes *const volatile anchor = NULL;
`;

function shapesObject(): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'pktc-abi-'));
  try {
    writeFileSync(join(directory, 'shapes.c'), SHAPES);
    return compileC(join(directory, 'shapes.c'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const NOBODY = { ruleAt: () => -1, nameAt: () => null };

describe('struct layout from BTF', () => {
  const types = readBtf(readElf(shapesObject()));
  const layout = structLayout(types, 'shapes');

  test('agrees with offsetof and sizeof of the compiler', () => {
    const members = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'tail'].map((name) => ({
      name,
      ...layout.member(name),
    }));
    const asserts = members.flatMap(({ name, offset, size, length }) => [
      `_Static_assert(offsetof(struct shapes, ${name}) == ${offset}, "${name}");`,
      ...(name === 'tail'
        ? []
        : [`_Static_assert(sizeof(((struct shapes *)0)->${name}) == ${size * (length ?? 1)}, "${name}");`]),
    ]);
    const source = `${SHAPES}\n${asserts.join('\n')}\n_Static_assert(sizeof(struct shapes) == ${layout.size}, "size");\n`;
    const include = new URL('../../templates/include', import.meta.url).pathname;
    const check = (text: string) =>
      execFileSync('clang', ['-target', 'bpf', '-fsyntax-only', '-I', include, '-x', 'c', '-'], { input: text, stdio: 'pipe' });
    check(source);
    expect(() => check(source.replace(/== (\d+)/, (_, n) => `== ${Number(n) + 1}`))).toThrow();
  });

  test('reads byte order and lengths', () => {
    expect(layout.member('b').byteOrder).toBe('big');
    expect(layout.member('d').byteOrder).toBe('big');
    expect(layout.member('c')).toMatchObject({ size: 4, byteOrder: 'host', length: null });
    expect(layout.member('f')).toMatchObject({ size: 1, length: 6 });
    expect(layout.member('i')).toMatchObject({ size: 2, length: 6 });
    expect(layout.member('tail')).toMatchObject({ size: 1, length: 0 });
  });

  test('says what is missing', () => {
    expect(() => structLayout(types, 'nothing')).toThrow(/does not describe `struct nothing`/);
    expect(() => layout.member('nothing')).toThrow(/has no member `nothing`/);
    expect(() => layout.member('bits')).toThrow(/bit field/);
    expect(() => enumValues(types, 'nothing')).toThrow(/does not describe `enum nothing`/);
    expect(() => eventDecoder(types, NOBODY)).toThrow(/pktc_event/);
  });

  test('an enumeration keeps its values', () => {
    expect(() => enumValues(types, 'size')).toThrow(/enum size/);
    expect([...enumValues(types, 'colour')]).toEqual([
      ['RED', 1],
      ['BLUE', 0x80000000],
    ]);
  });
});

describe('a damaged object', () => {
  const { object } = fixtureArtifact();
  const read = (bytes: Uint8Array) => {
    const types = readBtf(readElf(bytes));
    structLayout(types, 'pktc_counter').member('packets');
    return eventDecoder(types, NOBODY);
  };

  test('is fine while it is whole', () => {
    expect(read(object)).toBeTypeOf('function');
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('#!/bin/sh\n'.repeat(20))],
    ['32 bits', object.map((byte, at) => (at === 4 ? 1 : byte))],
    ['another machine', object.map((byte, at) => (at === 18 ? 62 : byte))],
    ['half of it', object.slice(0, object.length / 2)],
  ])('%s is refused', (_, bytes) => {
    expect(() => read(bytes)).toThrowError(expect.objectContaining({ code: 'PKT6003' }));
  });

  test.each([
    ['has no end', 2 ** 32 - 1, 'has 4294967295 bytes'],
    ['ends ahead of its members', 16, 'ends behind its structure'],
  ])('a record that %s is refused', (_, size, message) => {
    const types = readBtf(readElf(object)).map((type) =>
      type.kind === 'struct' && type.name === 'pktc_event' ? { ...type, size } : type,
    );
    expect(() => eventDecoder(types, NOBODY)).toThrowError(
      expect.objectContaining({ code: 'PKT6003', message: expect.stringContaining(message) }),
    );
  });

  test('never fails in another way, wherever it is damaged', () => {
    const damage = fc.array(fc.tuple(fc.nat(object.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(damage, fc.nat(object.length), fc.boolean(), (changes, length, cut) => {
        const bytes = object.slice(0, cut ? length : object.length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          read(bytes);
        } catch (error) {
          if (!(error instanceof RuntimeError) || error.code !== 'PKT6003') throw error;
        }
      }),
      { numRuns: 3000, seed: 1 },
    );
  });
});
