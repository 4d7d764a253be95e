import { describe, expect, test } from 'vitest';
import { DATA_LAYOUT } from '../../runtime/abi/manifest.ts';
import { capacityFor, fitsIn, roomFor, unwriteData, writeData } from '../../runtime/data-store.ts';
import { kernelOlderThan } from '../../runtime/kernel-version.ts';
import { firstSlots } from '../../runtime/slots.ts';
import { dataArtifact } from './data-fixture.ts';

const MIB = 1 << 20;
const onKernel = (major: number, minor: number) => (a: number, b: number) => kernelOlderThan(a, b, [major, minor]);

describe('room for rules that are data', () => {
  test.each([
    [100, 65_536],
    [62_000, 131_072],
    [5 * MIB, 5.3125 * MIB],
    [200 * MIB, 212.5 * MIB],
  ])('%d bytes', (bytes, capacity) => {
    expect(capacityFor(bytes, onKernel(6, 0))).toBe(capacity);
  });

  test('before Linux 6.0 there are 4 MiB, and what is larger is refused before the kernel does', () => {
    expect(capacityFor(3 * MIB, onKernel(5, 15))).toBe(3.1875 * MIB);
    expect(capacityFor(3.9 * MIB, onKernel(5, 15))).toBeLessThan(4 * MIB);
    expect(() => capacityFor(4 * MIB, onKernel(5, 15))).toThrow(
      expect.objectContaining({ code: 'PKT6040', message: expect.stringContaining('4194304 bytes') }),
    );
  });
});

test('slots and generation are written, and nothing else', () => {
  const rules = ['a', 'b', 'c'].map((name, index) => ({ name, low: index, high: index, verdict: 'drop' as const }));
  const { data, manifest } = dataArtifact(new Uint8Array(), rules);
  const written = new Uint8Array(4096);
  const { rule_off, rules: rows } = manifest.data!;
  const shift_off = new DataView(data!.buffer).getUint32(DATA_LAYOUT.shift_off, true);
  const slots = { ...firstSlots(manifest.rules, 10), of: new Uint32Array([7, 3, 9]) };
  writeData(written, { bytes: data!, rule_off, rows, slots: slots.of, generation: 42 });
  const words = new Uint32Array(written.buffer);
  expect(words[DATA_LAYOUT.generation / 4]).toBe(42);
  expect([0, 1, 2].map((row) => words[(rule_off + row * DATA_LAYOUT.row_bytes) / 4])).toEqual([7, 3, 9]);
  expect(words[shift_off / 4], 'slots in another order').toBe(DATA_LAYOUT.shift_none);
  const expected = new Uint8Array(4096);
  expected.set(data!);
  const changed = [...written.keys()].filter((at) => written[at] !== expected[at]);
  const allowed = [DATA_LAYOUT.generation, shift_off, ...[0, 1, 2].map((row) => rule_off + row * DATA_LAYOUT.row_bytes)];
  expect(changed.every((at) => allowed.some((start) => at >= start && at < start + 4))).toBe(true);
});

test('stretches of 64 rows whose slots are in order say how far they are shifted', () => {
  const rules = Array.from({ length: 200 }, (_, index) => ({
    name: `${index}`,
    low: index,
    high: index,
    verdict: 'drop' as const,
  }));
  const { data, manifest } = dataArtifact(new Uint8Array(), rules);
  const { rule_off, rules: rows } = manifest.data!;
  const of = Uint32Array.from({ length: 200 }, (_, rule) => (rule < 100 ? rule + 1 : rule === 150 ? 300 : rule + 2));
  const written = new Uint8Array(data!.length);
  writeData(written, { bytes: data!, rule_off, rows, slots: of, generation: 7 });
  const words = new Uint32Array(written.buffer);
  const at = (words[DATA_LAYOUT.shift_off / 4] ?? 0) / 4;
  const none = DATA_LAYOUT.shift_none;
  expect([...words.subarray(at, at + 4)]).toEqual([1, none, none, 2]);
  unwriteData(written, { rule_off, rows, generation: 1 }, (slot) => of.indexOf(slot));
  expect(written).toEqual(data);
});

describe('how far a program looks', () => {
  const dataWith = (depth: number, partitions: number, leaf: number) => {
    const { data } = dataArtifact(new Uint8Array(), [{ name: 'a', low: 0, high: 9, verdict: 'drop' }]);
    const words = new Uint32Array(data!.buffer);
    words[DATA_LAYOUT.depth / 4] = depth;
    words[DATA_LAYOUT.partitions / 4] = partitions;
    words[DATA_LAYOUT.leaf / 4] = leaf;
    return data!;
  };

  test.each([
    [1, 1, 1, 4, 2, 8],
    [2, 2, 8, 4, 2, 8],
    [3, 3, 9, 6, 3, 12],
    [6, 4, 12, 8, 4, 12],
    [7, 5, 13, 12, 5, 16],
    [23, 7, 19, 32, 7, 20],
    [32, 8, 20, 32, 8, 20],
  ])('%d nodes, %d trees and %d records', (depth, partitions, leaf, depths, trees, records) => {
    const room = roomFor(dataWith(depth, partitions, leaf));
    expect(room).toMatchObject({ depth: depths, partitions: trees, leaf: records });
    expect(fitsIn(dataWith(depths, trees, records), room)).toBe(true);
    expect(fitsIn(dataWith(depths + 1, trees, records), room)).toBe(false);
    expect(fitsIn(dataWith(depths, trees + 1, records), room)).toBe(false);
    expect(fitsIn(dataWith(depths, trees, records + 1), room)).toBe(false);
  });

  test('no program looks further than 32 nodes, into more than 8 trees or through more than 20 records', () => {
    for (const [depth, partitions, leaf] of [
      [33, 1, 1],
      [1, 9, 1],
      [1, 1, 21],
    ] as const) {
      expect(() => roomFor(dataWith(depth, partitions, leaf))).toThrow(expect.objectContaining({ code: 'PKT6003' }));
    }
  });
});
