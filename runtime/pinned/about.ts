/** Where a detached program is attached: written once, when it is. */
import path from 'node:path';
import type { AttachPoint } from '../abi/manifest.ts';
import type { AboutAttachment, Attached } from '../attachment.ts';
import { RuntimeError } from '../runtime-error.ts';
import { LINK_PREFIX } from './directory.ts';
import type { Bpf } from './edition.ts';
import { ABOUT } from './entries.ts';
import { pinBytes, readPinnedBytes } from './pinned-bytes.ts';

const ABOUT_VERSION = 2;

export interface About {
  readonly version: typeof ABOUT_VERSION;
  readonly attachments: readonly { readonly about: AboutAttachment; readonly at: readonly AttachPoint[] }[];
  /** Milliseconds since 1970. */
  readonly since_ms: number;
}

export interface PinnedLink {
  readonly link: string;
  /** Which of the programs it holds. */
  readonly at: AttachPoint;
  /** Index of the attachment. */
  readonly attachment: number;
  readonly place: string;
}

export function aboutAttached(attached: readonly Attached[]): About {
  const attachments = attached.map(({ about, holds }) => ({
    about,
    at: holds.flatMap(({ program }) => (program === null ? [] : [program.at])),
  }));
  return { version: ABOUT_VERSION, attachments, since_ms: Date.now() };
}

export function linksOf({ attachments }: About): readonly PinnedLink[] {
  return attachments.flatMap(({ about, at }, attachment) =>
    at.map((one, hold) => ({ link: `${LINK_PREFIX}${attachment}_${hold}`, at: one, attachment, place: about.place })),
  );
}

/** @throws RuntimeError PKT6008, PKT6014 */
export function writeAbout({ libbpf, libc }: Bpf, folder: string, about: About): void {
  pinBytes(libbpf, libc, path.join(folder, ABOUT), Buffer.from(JSON.stringify(about)));
}

/** @throws RuntimeError PKT6008, PKT6062 */
export function aboutOf({ libbpf, libc }: Bpf, folder: string): About {
  const bytes = readPinnedBytes(libbpf, libc, path.join(folder, ABOUT));
  const about = bytes === null ? null : parsed(bytes);
  if (about?.version === ABOUT_VERSION) return about;
  const name = path.basename(folder);
  throw new RuntimeError('PKT6062', `what is detached as \`${name}\` was left by another version of pktc, or by half`, {
    help: `end it with \`pktc stop ${name}\` and run it anew`,
  });
}

function parsed(bytes: Uint8Array): About | null {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as About;
  } catch {
    return null;
  }
}
