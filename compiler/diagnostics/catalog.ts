/** Every diagnostic there is. A code is one entry in its phase's file under `catalog/` and one page `docs/diagnostics/PKTnnnn.md`. */
import { SYNTAX } from './catalog/1-syntax.ts';
import { ACTION_ARGUMENTS } from './catalog/2-actions.ts';
import { DYNAMIC_SETS } from './catalog/2-dynamic-sets.ts';
import { FILES } from './catalog/2-files.ts';
import { MATCHING } from './catalog/2-matching.ts';
import { RESOLVE } from './catalog/2-resolve.ts';
import { RULE_TESTS } from './catalog/2-rule-tests.ts';
import { CHECK } from './catalog/3-check.ts';
import { PAYLOAD } from './catalog/4-payload.ts';
import { PLAN } from './catalog/4-plan.ts';
import { BUILD } from './catalog/5-build.ts';
import { RUNTIME } from './catalog/6-runtime.ts';
import type { Diagnostic, Fix, Label } from './diagnostic.ts';

export const CATALOG = {
  ...SYNTAX,
  ...RESOLVE,
  ...MATCHING,
  ...FILES,
  ...DYNAMIC_SETS,
  ...ACTION_ARGUMENTS,
  ...RULE_TESTS,
  ...CHECK,
  ...PLAN,
  ...PAYLOAD,
  ...BUILD,
  ...RUNTIME,
} as const;

/** The codes there are; `DiagnosticCode` is only their shape. */
export type Code = keyof typeof CATALOG;

/** What a code's message is made from: its own object, or `{}` when it needs nothing. */
export type ParametersOf<C extends Code> =
  Parameters<(typeof CATALOG)[C]['message']> extends readonly [infer P] ? P : Readonly<Record<string, never>>;

/** Where, and what is wrong *here* (may be left out). */
export type Place = Omit<Label, 'text'> & { readonly text?: string };

export interface Details {
  readonly related?: readonly Label[];
  /** An imperative, or a question: `did you mean …?` */
  readonly help?: string | null;
  readonly fixes?: readonly Fix[];
}

/**
 * Makes a diagnostic: `diagnostic('PKT2001', { name: 'prto' }, { source, span, text: 'not a packet field' }, { help })`.
 * Parameters of another code do not compile.
 */
export function diagnostic<C extends Code>(
  code: C,
  parameters: ParametersOf<C>,
  place: Place | null,
  details: Details = {},
): Diagnostic {
  const definition = CATALOG[code];
  const message = definition.message as (parameters: ParametersOf<C>) => string;
  return {
    code,
    severity: definition.severity,
    message: message(parameters),
    primary: place && { source: place.source, span: place.span, text: place.text ?? '' },
    related: details.related ?? [],
    help: details.help ?? null,
    fixes: details.fixes ?? [],
  };
}

export function isCode(text: string): text is Code {
  return Object.hasOwn(CATALOG, text);
}
