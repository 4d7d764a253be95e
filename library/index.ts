/** What `import … from 'pktc'` gives: rules compiled and put to work by a program of your own. */
export type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
export type { HookName } from '../grammar/fields/field.ts';
export type { Artifact } from '../runtime/abi/manifest.ts';
export type { AttachedMode, AttachMode } from '../runtime/attach.ts';
export type { PacketEvent } from '../runtime/event-decoder.ts';
export { RuntimeError } from '../runtime/runtime-error.ts';
export {
  type CompiledRules,
  type CompileOptions,
  type Compiler,
  compile,
  createCompiler,
  RuleError,
  type Rules,
} from './compile.ts';
export { type LiveProgram, type Place, type RuleCounts, type RunOptions, run } from './run.ts';
