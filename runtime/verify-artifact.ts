/** Whether the parts of an artifact belong together, before anything is done with them. */
import { createHash } from 'node:crypto';
import { type Artifact, DATA_LAYOUT, MANIFEST_VERSION, type ManifestData } from './abi/manifest.ts';
import { LITTLE_ENDIAN } from './byte-order.ts';
import { RuntimeError } from './runtime-error.ts';

const KEEP_TOGETHER = 'keep the files of one compilation together, or compile the rule file again';

/** @throws RuntimeError PKT6003 for data that are damaged, PKT6004 when object, manifest and data are not of one compilation. */
export function verifyArtifact({ object, manifest, data }: Artifact): void {
  if (manifest.version !== MANIFEST_VERSION) {
    throw new RuntimeError('PKT6004', `the manifest has version ${manifest.version}, this pktc reads ${MANIFEST_VERSION}`, {
      help: 'compile the rule file with this version of pktc',
    });
  }
  if (sha256(object) !== manifest.object_sha256) {
    throw new RuntimeError('PKT6004', 'the object and the manifest do not belong together: the SHA-256 differs', {
      help: 'keep `X.bpf.o` and `X.manifest.json` of one compilation together, or compile the rule file again',
    });
  }
  verifyData(data, manifest.data, manifest.rules.length);
}

function verifyData(data: Uint8Array | null, about: ManifestData | null, rules: number): void {
  if (about === null && data === null) return;
  if (about === null || data === null) {
    const what =
      about === null ? 'there are data, and the manifest knows of none' : 'the data that the manifest names are missing';
    throw new RuntimeError('PKT6004', what, { help: KEEP_TOGETHER });
  }
  if (data.length !== about.bytes) {
    throw new RuntimeError('PKT6004', `the data have ${data.length} bytes, and the manifest says ${about.bytes}`, {
      help: KEEP_TOGETHER,
    });
  }
  if (sha256(data) !== about.sha256) {
    throw new RuntimeError('PKT6004', 'the data and the manifest do not belong together: the SHA-256 differs', {
      help: KEEP_TOGETHER,
    });
  }
  verifyTable(data, about, rules);
}

/** What the loader relies on when it writes slots; the program checks its own reads. */
function verifyTable(data: Uint8Array, about: ManifestData, rules: number): void {
  const { rule_off, rules: rows } = about;
  const whole = [rule_off, rows].every((number) => Number.isSafeInteger(number) && number >= 0);
  const end = rule_off + rows * DATA_LAYOUT.row_bytes;
  if (!whole || rule_off % 4 !== 0 || rule_off < DATA_LAYOUT.head_bytes || end > data.length) {
    throw damagedData('the rule table does not lie in them');
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const word = (at: number) => view.getUint32(at, LITTLE_ENDIAN);
  if (word(DATA_LAYOUT.bytes) !== data.length || word(DATA_LAYOUT.rules) !== rows || word(DATA_LAYOUT.rule_off) !== rule_off) {
    throw damagedData('their head says otherwise than the manifest');
  }
  const shift_off = word(DATA_LAYOUT.shift_off);
  if (shift_off % 4 !== 0 || shift_off < end || shift_off + 4 * Math.ceil(rows / DATA_LAYOUT.shift_rows) > data.length) {
    throw damagedData('the table of shifts does not lie behind the rule table');
  }
  for (let at = rule_off + DATA_LAYOUT.row_slot; at < end; at += DATA_LAYOUT.row_bytes) {
    const number = word(at);
    if (number === 0 || number > rules) throw damagedData(`a row is for rule ${number}, and there are ${rules}`);
  }
}

function damagedData(what: string): RuntimeError {
  return new RuntimeError('PKT6003', `the data of the rules are damaged: ${what}`, { help: 'compile the rule file again' });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
