import type { Program } from '../../compiler/2-resolve/program.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { analyse as analyseSource } from '../../compiler/index.ts';

/** The program that a rule file means, on XDP unless it names another hook, and everything that the compiler says about it. */
export function analyse(text: string): { program: Program; diagnostics: readonly Diagnostic[] } {
  return analyseSource({ name: 'random.rules', text }, { hook: null });
}

/** @throws Error that shows the text and what is wrong with it. */
export function programOf(text: string): Program {
  const { program, diagnostics } = analyse(text);
  const errors = diagnostics.filter((one) => one.severity === 'error');
  if (errors.length > 0) {
    throw new Error(refusal(text, errors));
  }
  return program;
}

export const refusal = (text: string, errors: readonly Diagnostic[]): string =>
  `${errors.map((one) => `${one.code}: ${one.message}`).join('\n')}\n${text}`;
