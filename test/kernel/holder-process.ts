/** The process behind holder.ts: loads an artifact, attaches it, says how it went, and holds it until it dies. */
import { readFileSync } from 'node:fs';
import { type AttachMode, attach } from '../../runtime/attach.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';

const [, , object = '', manifest = '', ifname = '', mode = 'auto'] = process.argv;

try {
  const loaded = loadArtifact({
    object: new Uint8Array(readFileSync(object)),
    manifest: JSON.parse(readFileSync(manifest, 'utf8')),
    data: null,
  });
  attach(loaded, ifname, mode as AttachMode);
  process.stdout.write(`${JSON.stringify({ programId: loaded.programs[0]?.id })}\n`);
  setInterval(() => {}, 1 << 30);
} catch (error) {
  if (!(error instanceof RuntimeError)) throw error;
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message, help: error.help })}\n`);
}
