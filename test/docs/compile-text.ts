/** The compiler up to its checks, as the tests of the documentation use it: no clang and no kernel. */
import { parse } from '../../compiler/1-parse/parse.ts';
import type { Program } from '../../compiler/2-resolve/program.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import { check } from '../../compiler/3-check/check.ts';
import type { Diagnostic, Outcome } from '../../compiler/diagnostics/diagnostic.ts';
import type { HookName } from '../../grammar/fields/field.ts';

function read(text: string, hook: HookName | null, name: string): Outcome<Program> {
  const source = { name, text };
  const syntax = parse(source);
  const program = resolve(syntax.value, source, { hook });
  return { value: program.value, diagnostics: [...syntax.diagnostics, ...program.diagnostics] };
}

const errors = (diagnostics: readonly Diagnostic[]): readonly string[] =>
  diagnostics
    .filter((diagnostic) => diagnostic.severity === 'error')
    .map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`);

/** Everything the compiler says about a rule file. */
export function diagnose(text: string, hook: HookName | null = null, name = 'example.rules'): readonly Diagnostic[] {
  const { value, diagnostics } = read(text, hook, name);
  return errors(diagnostics).length > 0 ? diagnostics : [...diagnostics, ...check(value)];
}

/** The errors, as `CODE message`. */
export function errorsIn(text: string, hook: HookName | null = null): readonly string[] {
  return errors(diagnose(text, hook));
}

/** Errors of syntax, names and types alone: whether something can be said at all, not whether it is wise. */
export function resolveErrors(text: string, hook: HookName | null = null): readonly string[] {
  return errors(read(text, hook, 'example.rules').diagnostics);
}
