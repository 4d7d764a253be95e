/** Which engines `pktc test` asks: the interpreter always can, the kernel where the machine does. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import type { Sources } from '../../compiler/2-resolve/sources.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { compileSource } from '../compile-source.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { kernelEngine } from '../replay/engine.ts';
import type { Terminal } from '../terminal.ts';
import type { Ask, Engines } from './run-tests.ts';

export type EngineChoice = 'auto' | 'interpreter' | 'kernel' | 'both';

export type Opening =
  | { readonly engines: Engines; readonly close: () => void }
  /** What was wrong has been printed. */
  | { readonly exit: ExitCode };

/** Why the kernel cannot be asked on this machine; null: it can. */
export async function kernelLacks(): Promise<string | null> {
  const { missingCapabilities } = await import('../../runtime/capabilities.ts');
  const { findClang, OLDEST_CLANG } = await import('../../compiler/6-build/find-clang.ts');
  if (process.platform !== 'linux') return 'this is not Linux';
  const missing = missingCapabilities();
  if (missing.length > 0) return `${missing.join(', ')} missing: run it as root`;
  const clang = await findClang();
  if (!clang.found) return 'there is no clang to compile the rules';
  return clang.major < OLDEST_CLANG ? `clang ${clang.major} is too old` : null;
}

/**
 * @param lacks what `kernelLacks` said: with `auto` the interpreter is asked alone then
 * @throws Failure when the kernel is asked for and cannot be had. @throws RuntimeError when the program does not load
 */
export async function openEngines(
  source: SourceFile | Sources,
  program: Program,
  choice: EngineChoice,
  { hook, lacks }: { readonly hook: HookName | null; readonly lacks: string | null },
  terminal: Terminal,
): Promise<Opening> {
  const interpreter: Engines = choice === 'kernel' ? {} : { interpreter: createInterpreter(program) };
  if (choice === 'interpreter' || (choice === 'auto' && lacks !== null)) return { engines: interpreter, close: () => {} };
  if (lacks !== null) {
    const help = 'without the kernel: `pktc test --engine interpreter`; `pktc doctor` says what this machine can do';
    throw new Failure(`the kernel cannot be asked: ${lacks}`, { exit: EXIT.machine, help });
  }
  const compiled = await compileSource(source, hook, terminal, { warnings: false });
  if (compiled.artifact === null) return { exit: compiled.exit };
  const { loadArtifact } = await import('../../runtime/load.ts');
  const loaded = loadArtifact(compiled.artifact, { offline: true, eachPacket: true });
  const decide = kernelEngine(loaded, program);
  const kernel: Ask = (frame, about) => {
    const { engine, verdict, rules } = decide(frame, about);
    return engine === 'kernel' ? { verdict, rules } : null;
  };
  kernel.forget = () => loaded.forget();
  return { engines: { ...interpreter, kernel }, close: () => loaded.close() };
}
