/** Another process with a program on an interface: to be met, and to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import type { Namespace } from './environment.ts';

export interface Holder {
  readonly pid: number;
  readonly answer: { readonly programId: number } | { readonly code: string; readonly message: string; readonly help: string };
  /** What it wrote to stderr: nothing, if all is well. */
  readonly stderr: string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface HolderOptions {
  readonly namespace: Namespace;
  readonly ifname: string;
  readonly mode?: 'native' | 'generic' | 'auto';
  /** A command that the process is run by, such as `setpriv` with its arguments. */
  readonly by?: readonly string[];
}

export async function startHolder(
  artifact: Artifact,
  { namespace, ifname, mode = 'auto', by = [] }: HolderOptions,
): Promise<Holder> {
  const directory = mkdtempSync(join(tmpdir(), 'pktc-holder-'));
  try {
    const object = join(directory, 'x.bpf.o');
    const manifest = join(directory, 'x.manifest.json');
    writeFileSync(object, artifact.object);
    writeFileSync(manifest, JSON.stringify(artifact.manifest));
    const here = (file: string) => new URL(file, import.meta.url).pathname;
    const node = [
      process.execPath,
      '--import',
      here('typescript-loader.mjs'),
      here('holder-process.ts'),
      object,
      manifest,
      ifname,
      mode,
    ];
    const [command = '', ...args] = [...by, ...node];
    const child = namespace.run(() => spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    let stderr = '';
    child.stderr?.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    const line = await firstLine(child);
    if (line === null) throw new Error(`the holder said nothing: ${stderr}`);
    return {
      pid: child.pid ?? 0,
      answer: JSON.parse(line),
      get stderr() {
        return stderr;
      },
      async kill(signal) {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill(signal);
        await once(child, 'exit');
      },
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function firstLine(child: ChildProcess): Promise<string | null> {
  let text = '';
  for await (const data of child.stdout ?? []) {
    text += String(data);
    if (text.includes('\n')) return text;
  }
  return null;
}
