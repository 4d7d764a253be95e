import { parse } from '../../compiler/1-parse/parse.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import { check } from '../../compiler/3-check/check.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { resolveTests } from '../../compiler/rule-tests/resolve-tests.ts';

/** All that the compiler says about a text before it plans: one run, every phase. */
export function diagnose(name: string, text: string): readonly Diagnostic[] {
  const source = { name, text };
  const syntax = parse(source);
  const program = resolve(syntax.value, source, { hook: null });
  const tests = resolveTests(syntax.value.statements, source, program.value);
  return [...syntax.diagnostics, ...program.diagnostics, ...check(program.value), ...tests.diagnostics];
}
