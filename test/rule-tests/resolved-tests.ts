/** Tests of a text, as the compiler resolves them. */
import { parse } from '../../compiler/1-parse/parse.ts';
import type { Program } from '../../compiler/2-resolve/program.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { resolveTests } from '../../compiler/rule-tests/resolve-tests.ts';
import type { RuleTest } from '../../compiler/rule-tests/rule-test.ts';

export interface Resolved {
  readonly program: Program;
  readonly tests: readonly RuleTest[];
  readonly diagnostics: readonly Diagnostic[];
}

export function resolvedTests(text: string, name = 'edge.rules'): Resolved {
  const source = { name, text };
  const syntax = parse(source);
  const program = resolve(syntax.value, source, { hook: null });
  const tests = resolveTests(syntax.value.statements, source, program.value);
  const diagnostics = [...syntax.diagnostics, ...program.diagnostics, ...tests.diagnostics];
  return { program: program.value, tests: tests.value, diagnostics };
}

/** The frame of `packet …`, which must be sound. */
export function frameOf(packet: string): Uint8Array {
  const { tests, diagnostics } = resolvedTests(`test "one" {\n  packet ${packet} expect pass\n}\n`);
  const [only] = tests.flatMap(({ cases }) => cases);
  if (only?.kind !== 'packet') throw new Error(`${packet}: ${diagnostics.map(({ message }) => message).join('; ')}`);
  return only.frame;
}
