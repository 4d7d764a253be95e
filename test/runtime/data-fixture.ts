/** Rules as data made by hand for test/runtime/data-fixture.bpf.c: the compiler has no part in them. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Artifact, DATA_LAYOUT } from '../../runtime/abi/manifest.ts';
import { compileC, manifestFor } from './fixture.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

export interface RangeRule {
  readonly name: string;
  /** Default: the name. */
  readonly identity?: string;
  readonly low: number;
  readonly high: number;
  readonly verdict: 'pass' | 'drop';
  readonly logs?: boolean;
}

export const HEAD_BYTES = DATA_LAYOUT.head_bytes + 320;
const RANGE_BYTES = 16;
const XDP = { drop: 1, pass: 2 } as const;
/** The fixture logs what has this bit. */
const LOGGED = 4;

export function dataObject(mark = 0, ring_bytes = 1 << 16): Uint8Array {
  const file = join(ROOT, 'test/runtime/data-fixture.bpf.c');
  return compileC(file, [`FIXTURE_MARK=${mark}`, `PKTC_RING_BYTES=${ring_bytes}`]);
}

/** @param set the number by which the program tells one set from another; @param bytes of the data, which may be more than needed */
export function dataArtifact(object: Uint8Array, rules: readonly RangeRule[], set = 1, bytes = 0): Artifact {
  const shiftStart = HEAD_BYTES + rules.length * DATA_LAYOUT.row_bytes;
  const rangeStart = Math.ceil((shiftStart + 4 * Math.ceil(rules.length / DATA_LAYOUT.shift_rows)) / 16) * 16;
  const size = Math.max(bytes, rangeStart + rules.length * RANGE_BYTES + 16);
  const data = new Uint8Array(size);
  const words = new Uint32Array(data.buffer);
  words.set([0x63746b70, 2, size, 1, rules.length, HEAD_BYTES, set, rangeStart, shiftStart]);
  for (const [index, { low, high, verdict, logs }] of rules.entries()) {
    words[(HEAD_BYTES + index * DATA_LAYOUT.row_bytes) / 4] = index + 1;
    words.set([low, high, XDP[verdict] + (logs ? LOGGED : 0), 0], (rangeStart + index * RANGE_BYTES) / 4);
  }
  words[size / 4 - 1] = set;
  const manifest = manifestFor(object, 1 << 16);
  return {
    object,
    data,
    manifest: {
      ...manifest,
      events: { payload_bytes: 0, ring_bytes: 1 << 16, rings_bytes: 1 << 17 },
      data: {
        bytes: size,
        sha256: createHash('sha256').update(data).digest('hex'),
        rule_off: HEAD_BYTES,
        rules: rules.length,
        tallies: true,
        recalls: true,
      },
      rules: rules.map(({ name, identity = name, verdict, logs = false }, index) => ({
        name,
        identity,
        line: index + 1,
        text: '',
        verdict,
        logs,
      })),
    },
  };
}

/** A frame with a number behind its Ethernet header. */
export function numberFrame(number: number): Uint8Array {
  const frame = new Uint8Array(60);
  new DataView(frame.buffer).setUint32(14, number);
  return frame;
}
