/** What the compiler holds between two phases, in a form that stays the same from run to run. */

import type { Program } from '../compiler/2-resolve/program.ts';
import { plainRule } from '../compiler/2-resolve/row-rule.ts';
import type { Plan } from '../compiler/4-plan/plan.ts';
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
import type { SourceFile } from '../grammar/source.ts';
import { jsonText } from './json.ts';

export const STAGES = ['tokens', 'ast', 'program', 'plan', 'c', 'asm', 'manifest'] as const;

export type Stage = (typeof STAGES)[number];

/** One token a line: line and column from 1, its kind, its text as JSON. */
export async function tokensText(source: SourceFile): Promise<string> {
  const { lex } = await import('../grammar/tokens.ts');
  const { lineStarts, positionOf } = await import('../compiler/diagnostics/position.ts');
  const starts = lineStarts(source.text);
  const lines: string[] = [];
  for (const { tokens } of lex(source.text)) {
    for (const { startOffset, tokenType, image } of tokens) {
      const { line, column } = positionOf(source.text, starts, startOffset);
      lines.push(`${line}:${column}\t${tokenType.name}\t${jsonText(image)}\n`);
    }
  }
  return lines.join('');
}

/** Statements with errors are `error` nodes in it. */
export async function astText(
  source: SourceFile,
): Promise<{ readonly text: string; readonly diagnostics: readonly Diagnostic[] }> {
  const { parse } = await import('../compiler/1-parse/parse.ts');
  const { value, diagnostics } = parse(source);
  return { text: stageText(value), diagnostics };
}

/** Files are only named. */
export function programText(program: Program): string {
  const named = <T extends { readonly source: SourceFile }>(one: T) => ({ ...one, source: one.source.name });
  const { files = [], sets = [], rules } = program;
  return stageText({
    ...named(program),
    // Rules of large files are views of rows, with nothing of their own to copy.
    rules: rules.map((rule) => named(plainRule(rule))),
    files: files.map((file) => file.name),
    sets: sets.map(named),
  });
}

/** The program is a stage of its own; here its rules are only named, and of their data there is the size. */
export function planText(plan: Plan): string {
  const { classifier, program } = plan;
  const shown = classifier.name === 'tree' ? { ...classifier, data: { bytes: classifier.data.length } } : classifier;
  return stageText({ ...plan, actions: undefined, classifier: shown, program: program.rules.map((rule) => rule.name) });
}

/** IPv6 addresses are too large for a JSON number: they are text, in hexadecimal. */
function stageText(stage: unknown): string {
  const plain = JSON.parse(
    JSON.stringify(stage, (_, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value)),
  ) as unknown;
  return `${jsonText(plain, 2)}\n`;
}
