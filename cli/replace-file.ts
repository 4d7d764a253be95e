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

export interface FileContent {
  readonly file: string;
  /** null: no such file is to be there. */
  readonly content: string | Uint8Array | null;
}

/** Like `writeFileAtOnce`, for several: each has been written in full before the first one takes its place. @throws Failure */
export async function writeFilesTogether(files: readonly FileContent[]): Promise<void> {
  const waiting: { readonly temporary: string; readonly file: string }[] = [];
  try {
    for (const { file, content } of files) {
      if (content === null) continue;
      waiting.push({ temporary: await blaming(file, () => writeTemporary(file, content, null)), file });
    }
    for (const { file, content } of files) {
      const written = waiting.find((one) => one.file === file);
      await blaming(file, () =>
        content === null || written === undefined ? rm(file, { force: true }) : rename(written.temporary, file),
      );
    }
  } catch (error) {
    for (const { temporary } of waiting) await rm(temporary, { force: true });
    throw error;
  }
}

async function blaming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
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
  const temporary = await writeTemporary(target, content, attributes);
  try {
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A new file beside the target, on the disk when this is done; its path. */
async function writeTemporary(target: string, content: string | Uint8Array, attributes: Attributes | null): Promise<string> {
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
    return temporary;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
