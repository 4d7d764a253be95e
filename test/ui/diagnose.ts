import { parse } from '../../compiler/1-parse/parse.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import { check } from '../../compiler/3-check/check.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';

/** All that the compiler says about a text before it plans: one run, every phase. */
export function diagnose(name: string, text: string): readonly Diagnostic[] {
  const source = { name, text };
  const syntax = parse(source);
  const program = resolve(syntax.value, source, { hook: null });
  return [...syntax.diagnostics, ...program.diagnostics, ...check(program.value)];
}
