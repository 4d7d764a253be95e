import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { clangEnvironment } from '../compiler/6-build/confine-clang.ts';
import { EXIT } from './exit-code.ts';
import { Failure } from './failure.ts';

const LARGEST_BYTES = 256 * 2 ** 20;

/** The program as BPF assembler with the lines of C between. @throws Failure without llvm-objdump */
export async function disassemble(object: Uint8Array): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pktc-asm-'));
  try {
    const file = path.join(folder, 'rules.bpf.o');
    await writeFile(file, object);
    const parameters = ['--disassemble', '--no-show-raw-insn', '--line-numbers', file];
    const limits = { maxBuffer: LARGEST_BYTES, env: { ...clangEnvironment(folder) } };
    const { stdout } = await promisify(execFile)(await llvmObjdump(), parameters, limits);
    // The first lines name the temporary file.
    return stdout.replaceAll(file, 'rules.bpf.o').replace(/^\n+/, '');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Debian also installs it as `llvm-objdump-14` alone; the newest is taken. */
async function llvmObjdump(): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter).filter((one) => path.isAbsolute(one))) {
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^llvm-objdump(-\d+)?$/.test(name));
    const version = (name: string) => (name === 'llvm-objdump' ? Number.POSITIVE_INFINITY : Number(name.split('-').at(-1)));
    const [newest] = names.sort((a, b) => version(b) - version(a));
    if (newest !== undefined) return path.join(folder, newest);
  }
  throw new Failure('`--emit asm` needs `llvm-objdump`, which is not installed', {
    exit: EXIT.machine,
    help: 'install llvm (Debian: `apt-get install llvm`)',
  });
}
