import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { failureOf } from './read-file.ts';

/**
 * Replaces a file's content at once or not at all: whoever looks sees the old text or the new one, and a full disk loses nothing.
 * Mode and owner stay; a symbolic link goes on pointing at the same file. @throws Failure
 */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  try {
    const target = await realpath(file);
    const { mode, uid, gid } = await stat(target);
    await writeBeside(target, content, { mode, uid, gid });
  } catch (error) {
    throw failureOf(file, error, 'write');
  }
}

/** Like `replaceFile`, for a file that need not exist. @throws Failure */
export async function writeFileAtOnce(file: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeBeside(file, content, null);
  } catch (error) {
    throw failureOf(file, error, 'write');
  }
}

interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

async function writeBeside(target: string, content: string | Uint8Array, attributes: Attributes | null): Promise<void> {
  const temporary = path.join(
    path.dirname(target),
    `.${path.basename(target).slice(0, 100)}.${randomBytes(6).toString('hex')}`,
  );
  const handle = await open(temporary, 'wx', attributes ? 0o600 : 0o666);
  try {
    try {
      await handle.writeFile(content);
      if (attributes) {
        const own = await handle.stat();
        if (own.uid !== attributes.uid || own.gid !== attributes.gid) await handle.chown(attributes.uid, attributes.gid);
        await handle.chmod(attributes.mode & 0o7777);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
