/**
 * What a program keeps on its stack: the kernel allows 512 bytes along every chain of calls (`MAX_BPF_STACK`), and counts each
 * function in steps of 32. Estimated from above; a test holds it against what clang says.
 */
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Plan } from './plan.ts';

const STACK_BYTES = 512;

/** What the program's own function needs besides the fields: the walk is part of it, or in one of its own for `inner( )`. */
const MAIN_BYTES = 96;
const MAIN_INNER_BYTES = 32;

/** The deepest calls from there: the search in payloads, the answer of `reject`, the walk over both packets. */
const SEARCH_BYTES = 128;
const ANSWER_BYTES = 224;
const WALK_INNER_BYTES = 224;

/** Bits of `present`, and of a word of what was found in the payload. */
const WORD_BITS = 64;
const WORD_BYTES = 8;

/** Bytes of struct pktc_fields. */
export function fieldsBytes({ slots, patterns }: Pick<Plan, 'slots' | 'patterns'>): number {
  const found = patterns === null ? 0 : Math.ceil((patterns.searches.size + 1) / WORD_BITS);
  const bytes = slots.reduce((sum, slot) => sum + slot.bytes, WORD_BYTES + found * WORD_BYTES);
  return Math.ceil(bytes / WORD_BYTES) * WORD_BYTES;
}

/** PKT4026 when the fields that the rules ask for do not fit. */
export function stackProblem(plan: Plan): Diagnostic | null {
  const { inner, program } = plan;
  const rejects = program.defaultVerdict === 'reject' || program.rules.some((rule) => rule.actions.verdict === 'reject');
  const calls = Math.max(SEARCH_BYTES, rejects ? ANSWER_BYTES : 0, inner ? WALK_INNER_BYTES : 0);
  const limit = STACK_BYTES - calls - (inner ? MAIN_INNER_BYTES : MAIN_BYTES);
  const bytes = fieldsBytes(plan) * (inner ? 2 : 1);
  if (bytes <= limit) return null;
  const help = inner
    ? 'put the rules with `inner( )` into a file of their own'
    : 'split the file: rules that ask for fewer different fields need less';
  return diagnostic('PKT4026', { bytes, limit }, null, { help });
}
