/** Rules, from a file or a text, as a program for the kernel. */
import { readSources } from '../cli/rule-source.ts';
import type { Sources } from '../compiler/2-resolve/sources.ts';
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../compiler/diagnostics/render.ts';
import { type AnalysisMemo, compile as compileSource, createAnalysisMemo } from '../compiler/index.ts';
import type { HookName } from '../grammar/fields/field.ts';
import type { Artifact } from '../runtime/abi/manifest.ts';

/** A file, or a text that includes no file; `name` stands in diagnostics and in the names of rules without a label. */
export type Rules = { readonly file: string } | { readonly text: string; readonly name?: string };

export interface CompileOptions {
  /** Takes the place of the file's own `hook`; else as the file says, else `xdp`. */
  readonly hook?: HookName;
  /** More directories that `include` and `set … from` may lead to, besides that of the file. */
  readonly includeRoots?: readonly string[];
  /** As `--flow-cache` of the command; else where it pays. */
  readonly flowCache?: boolean;
  /** false: the object cache is neither read nor written. */
  readonly cache?: boolean;
}

export interface CompiledRules {
  /** What `run` takes: the object and its manifest. */
  readonly artifact: Artifact;
  /** The generated C, for people to read. */
  readonly c: string;
  /** Warnings; rules with errors have no artifact. */
  readonly warnings: readonly Diagnostic[];
}

/** Rules that are no program. Its message is what the command would print, without colour. */
export class RuleError extends Error {
  /** Errors and warnings, in the order of their places; offsets are UTF-16 units. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(renderDiagnostics(diagnostics, { color: false }).trimEnd());
    this.name = 'RuleError';
    this.diagnostics = diagnostics;
  }
}

/**
 * Compiles rules; the same ones are found in the object cache without starting clang.
 * @throws RuleError for mistakes in the rules (PKT1xxx to PKT4xxx) and when clang is missing, too old or fails (PKT5xxx);
 *   Error with `help` when the file cannot be read
 */
export async function compile(rules: Rules, options: CompileOptions = {}): Promise<CompiledRules> {
  return compileWith(undefined, rules, options);
}

/** Compiles rules that change: what it found out of them the time before it does not find out again. */
export interface Compiler {
  /** As the function {@link compile}, with the same result for packets and people; the bytes of `artifact.data` may be others. */
  compile(rules: Rules, options?: CompileOptions): Promise<CompiledRules>;
}

/** It keeps the rules that it compiled last in memory. */
export function createCompiler(): Compiler {
  const memo = createAnalysisMemo();
  return { compile: (rules, options = {}) => compileWith(memo, rules, options) };
}

async function compileWith(memo: AnalysisMemo | undefined, rules: Rules, options: CompileOptions): Promise<CompiledRules> {
  const { hook = null, includeRoots = [], flowCache, cache = true } = options;
  const { main, files } = await sourcesOf(rules, includeRoots);
  const planning = flowCache === undefined ? {} : { flowCache };
  const { artifact, emission, diagnostics } = await compileSource(main, { hook, files, planning, cache, memo });
  if (artifact === null || emission === null) throw new RuleError(diagnostics);
  return { artifact, c: emission.c, warnings: diagnostics };
}

async function sourcesOf(rules: Rules, roots: readonly string[]): Promise<Sources> {
  if ('file' in rules) return readSources(rules.file, roots);
  return { main: { name: rules.name ?? '<text>', text: rules.text }, files: new Map() };
}
