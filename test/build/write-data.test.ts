import { describe, expect, it } from 'vitest';
import type { ProgramData } from '../../compiler/5-emit/data.ts';
import { findClang } from '../../compiler/6-build/find-clang.ts';
import { runClang } from '../../compiler/6-build/run-clang.ts';
import { writeData } from '../../compiler/6-build/write-data.ts';
import { readElf } from '../../runtime/abi/elf.ts';

const C = `
const unsigned int other = 7;
static const volatile unsigned int table[4];
static const volatile unsigned char bytes[3];
int look(unsigned int at) { return at < 4 ? table[at] + bytes[at & 1] + other : 0; }
`;

async function object(): Promise<Uint8Array> {
  const clang = await findClang();
  if (!clang.found) throw new Error('there is no clang');
  const run = await runClang(clang.path, C, { skeletons: new Map(), headers: [] });
  if (!run.ok) throw new Error(JSON.stringify(run));
  return run.object;
}

/** What a reader of another author finds in the place of a variable. */
function bytesOf(elf: Uint8Array, variable: string): Uint8Array {
  const { sections, symbols } = readElf(elf);
  const symbol = symbols.find((one) => one.name === variable);
  const section = sections.find((one) => one.name === symbol?.section);
  return section!.data.slice(symbol!.offset, symbol!.offset + symbol!.size);
}

const TABLE: ProgramData = { variable: 'table', bytes: new Uint8Array(new Uint32Array([1, 0xdeadbeef, 3, 4]).buffer) };

describe('data in an object', () => {
  it('takes the place of the zeroes of its variable, and of nothing else', async () => {
    const compiled = await object();
    const before = new Uint8Array(compiled);
    const written = writeData(compiled, [TABLE, { variable: 'bytes', bytes: Uint8Array.of(9, 8, 7) }]);
    expect(compiled, 'the argument is left alone').toEqual(before);
    expect(bytesOf(written!, 'table')).toEqual(TABLE.bytes);
    expect(bytesOf(written!, 'bytes')).toEqual(Uint8Array.of(9, 8, 7));
    expect(bytesOf(written!, 'other')).toEqual(bytesOf(compiled, 'other'));
    const different = [...written!.keys()].filter((at) => written![at] !== compiled[at]);
    expect(different.length).toBe([...TABLE.bytes, 9, 8, 7].filter((byte) => byte !== 0).length);
  });

  it('does not write what does not fit exactly, is not there, or would cover a value', async () => {
    const compiled = await object();
    expect(writeData(compiled, [{ variable: 'table', bytes: TABLE.bytes.subarray(1) }])).toBeNull();
    expect(writeData(compiled, [{ variable: 'tables', bytes: TABLE.bytes }])).toBeNull();
    expect(writeData(compiled, [{ variable: 'other', bytes: new Uint8Array(4) }])).toBeNull();
    expect(writeData(compiled, [{ variable: 'look', bytes: bytesOf(compiled, 'look') }])).toBeNull();
    expect(writeData(compiled, [TABLE, TABLE])).toBeNull();
  });

  it('gives up on an object that is cut short or damaged, and never writes outside', async () => {
    const compiled = await object();
    for (let length = 0; length < compiled.length; length += 13) {
      const cut = compiled.subarray(0, length);
      expect(writeData(cut, [TABLE]), `cut to ${length}`).toBeNull();
    }
    for (let at = 0; at < compiled.length; at += 7) {
      const damaged = new Uint8Array(compiled);
      damaged[at]! ^= 0xff;
      const written = writeData(damaged, [TABLE]);
      if (written !== null) expect(written.length).toBe(compiled.length);
    }
  });
});
