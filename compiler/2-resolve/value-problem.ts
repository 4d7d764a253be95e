import type { LiteralScalar, StringScalar } from '../../grammar/ast.ts';
import type { Span } from '../../grammar/source.ts';
import type { Judged, ProblemKind, ValueProblem } from '../../grammar/values/judged.ts';
import type { RESOLVE } from '../diagnostics/catalog/2-resolve.ts';
import { type Context, replacing, textOf } from './context.ts';

type ValueCode = Extract<keyof typeof RESOLVE, `PKT21${string}`>;

const CODES: Readonly<Record<ProblemKind, ValueCode>> = {
  'host-bits': 'PKT2101',
  'leading-zero': 'PKT2102',
  'not-an-address': 'PKT2103',
  'short-address': 'PKT2104',
  netmask: 'PKT2105',
  'prefix-length': 'PKT2106',
  endpoint: 'PKT2107',
  zone: 'PKT2108',
  'mixed-families': 'PKT2109',
  backwards: 'PKT2110',
  'not-a-mac': 'PKT2111',
  'not-a-number': 'PKT2112',
  unit: 'PKT2113',
  'out-of-range': 'PKT2114',
  escape: 'PKT2115',
  'not-a-ratio': 'PKT2116',
  'not-a-quantity': 'PKT2117',
};

/** Turns a place in the literal's text (`first-last` for a range, however it is spaced) into a place in the file. */
function placeIn(literal: LiteralScalar, problem: ValueProblem): Span {
  const { length } = literal.text;
  const at = (offset: number, end: boolean): number =>
    literal.to === null || offset < length || (end && offset === length)
      ? literal.span.start + offset
      : literal.to.span.start + Math.max(0, offset - length - 1);
  return { start: at(problem.start, false), end: at(problem.end, true) };
}

/** The value of a judged literal; null when it was refused, which is reported here. */
export function accept<T>(context: Context, literal: LiteralScalar, judged: Judged<T>): T | null {
  if (judged.ok) return judged.value;
  const { problem } = judged;
  return context.report(
    CODES[problem.kind],
    { text: textOf(context, literal.span) },
    placeIn(literal, problem),
    problem.label,
    {
      help: problem.help,
      fixes: problem.fixes.map((fix) => replacing(literal.span, fix.text, fix.title)),
    },
  );
}

/** The bytes of a string; null when an escape in it was refused, which is reported here. */
export function acceptText(context: Context, scalar: StringScalar, judged: Judged<Uint8Array>): Uint8Array | null {
  if (judged.ok) return judged.value;
  const { problem } = judged;
  const start = scalar.span.start + 1;
  const place = { start: start + problem.start, end: start + problem.end };
  return context.report('PKT2115', { text: `"${scalar.text}"` }, place, problem.label, { help: problem.help });
}
