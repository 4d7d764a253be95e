/** The packet that somebody wants explained: from hex digits, or out of a capture. */
import { visible } from '../../compiler/diagnostics/visible.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { EXIT } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { readBytes, readStream, shownPath } from '../read-file.ts';
import { STDIN } from '../rule-source.ts';

export interface ExplainedPacket {
  readonly frame: Uint8Array;
  /** Its number in the capture, from 1; null: it was given as digits. */
  readonly number: number | null;
  /** Bytes on the wire; more than the frame has when the capture cut it short. */
  readonly original_len: number;
}

/** A frame has at most 64 KiB and its link layer, and people write several characters a byte. */
const LARGEST_TEXT_BYTES = 2 ** 20;
const LARGEST_CAPTURE_BYTES = 2 ** 31;

/** @param text hex digits, with white space and colons between them, or `STDIN`, which has them. @throws Failure */
export async function packetFromHex(text: string): Promise<ExplainedPacket> {
  const stdin = text === STDIN || text === '-';
  const digits = stdin ? Buffer.from(await readStream(process.stdin, '<stdin>', LARGEST_TEXT_BYTES)).toString('latin1') : text;
  const frame = bytesOf(digits);
  return { frame, number: null, original_len: frame.length };
}

function bytesOf(text: string): Uint8Array {
  const digits = text.replace(/[\s:]/g, '');
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong !== null) throw usage(`the packet has \`${visible(wrong[0])}\` among its hex digits`);
  if (digits === '') throw usage('the packet is empty');
  if (digits.length % 2 === 1) throw usage(`the packet has ${digits.length} hex digits, and half a byte is none`);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

function usage(message: string): Failure {
  return new Failure(message, {
    exit: EXIT.usage,
    help: 'write all bytes from the Ethernet header on, two digits each: `--packet "02 00 00 00 00 02 …"`, or `--packet -` to read them',
  });
}

/** @param place `FILE:N`, packets counting from 1. @throws Failure, CaptureError */
export async function packetFromCapture(place: string): Promise<ExplainedPacket> {
  const parts = /^(.+):(\d{1,10})$/s.exec(place);
  if (parts === null) {
    throw new Failure(`\`${visible(place)}\` names no packet of a capture`, {
      exit: EXIT.usage,
      help: 'write `--pcap FILE:N`; packets count from 1, as in tshark',
    });
  }
  const [, file = '', digits = ''] = parts;
  const { frames, damage } = readCapture(await readBytes(file, LARGEST_CAPTURE_BYTES, { growing: true }));
  const found = frames[Number(digits) - 1];
  if (found === undefined) {
    const count = `${frames.length} ${frames.length === 1 ? 'packet' : 'packets'}`;
    const readable = damage === null ? count : `${count} that can be read, then ${visible(damage.message)}`;
    throw new Failure(`${shownPath(file)} has ${readable}, and no packet ${Number(digits)}`, { exit: EXIT.usage });
  }
  return { frame: found.data, number: found.number, original_len: found.original_len };
}
