import type { DiagnosticCode, Severity } from './diagnostic.ts';

/**
 * What a code means. `message` takes the code's typed parameters (one object, or nothing), stands alone, is lowercase and puts
 * backticks round code; text that a user wrote goes through {@link quoted}, so that a message is one short line.
 */
export interface Definition {
  /** Two to five words, the heading of `docs/diagnostics/PKTnnnn.md`. */
  readonly title: string;
  readonly severity: Severity;
  readonly message: (parameters: never) => string;
}

/** One literal per file under `catalog/`: `{ PKT1001: { title, severity, message }, … } satisfies Definitions`. */
export type Definitions = Readonly<Record<DiagnosticCode, Definition>>;

const LONGEST = 60;

/** User text in backticks, shortened in the middle; the renderer escapes control characters. */
export function quoted(text: string): string {
  const characters = text.length > 4 * LONGEST ? [...text.slice(0, 2 * LONGEST), ...text.slice(-2 * LONGEST)] : [...text];
  if (characters.length <= LONGEST) return `\`${text}\``;
  return `\`${characters.slice(0, LONGEST - 20).join('')}…${characters.slice(-19).join('')}\``;
}
