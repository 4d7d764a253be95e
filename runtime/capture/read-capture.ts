import { constants, gunzipSync } from 'node:zlib';
import { CaptureError, type CaptureFile } from './capture-file.ts';
import { MODIFIED_PCAP_MAGICS, PCAP_MAGICS, readPcap } from './read-pcap.ts';
import { readPcapng, SECTION_HEADER } from './read-pcapng.ts';

/** A compressed capture may be a small file that unpacks to more than memory holds. */
const LARGEST_UNPACKED = 2 ** 30;

/**
 * Reads a whole capture file: pcap or pcapng, either byte order, gzip-compressed or not. What lies behind a damaged place is
 * not read; `damage` says where that is.
 *
 * @throws CaptureError when it is no capture, or not one of Ethernet frames.
 */
export function readCapture(bytes: Uint8Array): CaptureFile {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const unpacked = unpack(bytes);
    const capture = readPlainCapture(unpacked.bytes);
    return { ...capture, damage: capture.damage ?? unpacked.damage };
  }
  return readPlainCapture(bytes);
}

function readPlainCapture(bytes: Uint8Array): CaptureFile {
  if (bytes.length < 4) {
    throw new CaptureError(bytes.length === 0 ? 'the file is empty' : 'the file is too short for a capture', {
      offset: bytes.length,
    });
  }
  const magic = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  const flavour = PCAP_MAGICS.get(magic);
  if (flavour !== undefined) {
    return readPcap(bytes, flavour);
  }
  if (magic === SECTION_HEADER) {
    return readPcapng(bytes);
  }
  if (MODIFIED_PCAP_MAGICS.has(magic)) {
    throw new CaptureError('this is a pcap file of the modified format of the 1990s (magic number a1b2cd34)', {
      offset: 0,
      help: 'convert it with `editcap -F pcap FILE NEW`',
    });
  }
  throw new CaptureError(`this is not a capture: it begins with ${magic.toString(16).padStart(8, '0')}`, {
    offset: 0,
    help: 'pcap and pcapng can be read; `editcap -F pcapng FILE NEW` converts many other formats',
  });
}

/** A cut archive still gives what could be unpacked. */
function unpack(bytes: Uint8Array): { bytes: Uint8Array; damage: CaptureError | null } {
  try {
    return { bytes: gunzipSync(bytes, { maxOutputLength: LARGEST_UNPACKED }), damage: null };
  } catch (error) {
    if (error instanceof RangeError) {
      throw new CaptureError('the compressed capture unpacks to more than 1 GiB', {
        offset: 0,
        help: 'unpack it with `gunzip` and split it with `editcap -c`',
      });
    }
  }
  const damage = new CaptureError('the compressed file is damaged or cut short', { offset: bytes.length });
  const unpacked = unpackStart(bytes);
  if (unpacked.length === 0) {
    throw damage;
  }
  return { bytes: unpacked, damage };
}

/** What can be unpacked before the damage, which may be nothing. */
function unpackStart(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: LARGEST_UNPACKED, finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array();
  }
}
