import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { lineAt, lineStarts } from '../../compiler/diagnostics/position.ts';

/** `12 PKT2001`: the line and the code, in file order. */
export type Expected = readonly string[];

const ANNOTATION = /#\s*~\s*((?:PKT\d{4}\b[\s,]*)+)/;

/**
 * What a case says it is about: `# ~ PKT2001` on the line, or alone on a line under it (then it speaks of the nearest line above that is no
 * annotation itself). Nobody can bless a snapshot without having said this.
 */
export function annotationsOf(text: string): Expected {
  const found: string[] = [];
  let about = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const codes = ANNOTATION.exec(line)?.[1]?.match(/PKT\d{4}/g) ?? [];
    const alone = /^\s*#/.test(line) && codes.length > 0;
    if (!alone) about = index + 1;
    for (const code of codes) found.push(`${about} ${code}`);
  }
  return found.sort();
}

/** The same for what was said, where each label starts. */
export function placesOf(diagnostics: readonly Diagnostic[]): Expected {
  return diagnostics
    .map(({ code, primary }) => {
      const line = primary ? lineAt(lineStarts(primary.source.text), primary.span.start) + 1 : 0;
      return `${line} ${code}`;
    })
    .sort();
}
