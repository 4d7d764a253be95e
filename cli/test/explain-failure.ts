/** Why a packet did not go as its test says: what took it, and what the expected rule missed, down to the bytes. */
import type { Program, Rule } from '../../compiler/2-resolve/program.ts';
import type { Paint } from '../../compiler/diagnostics/paint.ts';
import { displayWidth, visible } from '../../compiler/diagnostics/visible.ts';
import type { PacketAbout } from '../../compiler/interpret/packet-about.ts';
import type { PredicateTrace, RuleTrace, Trace } from '../../compiler/interpret/trace.ts';
import { traceProgram } from '../../compiler/interpret/trace-program.ts';
import type { Expectation } from '../../compiler/rule-tests/rule-test.ts';
import { hexDump } from './hex-dump.ts';
import { type Answer, type Answers, decidedBy } from './test-result.ts';

/** A predicate of the rule that should have matched, and what it found. */
export interface Miss {
  readonly rule: Rule;
  readonly trace: PredicateTrace;
}

const TEXT_WIDTH = 100;

/** Source text on one line, safe to print. */
export function oneLine(text: string): string {
  const line = visible(text.replace(/\s*\n\s*/g, ' '));
  return line.length <= TEXT_WIDTH ? line : `${line.slice(0, TEXT_WIDTH - 1)}…`;
}

/** `` `syn_scan`, edge.rules:8 ``; an unlabelled rule is called by its place anyway. */
export function ruleText(rule: Rule): string {
  const place = `${visible(rule.source.name)}:${rule.line}`;
  return rule.label === null ? `the rule in ${place}` : `\`${visible(rule.label)}\`, ${place}`;
}

export function expectationText({ verdict, rule }: Expectation): string {
  return rule === null ? verdict : `${verdict} by \`${visible(rule)}\``;
}

function answerText(program: Program, answer: Answer): string {
  const index = decidedBy(program, answer);
  const rule = index === null ? undefined : program.rules[index];
  if (rule === undefined) return `${answer.verdict}, the default: no rule with a verdict matched`;
  const text = rule.source.text.slice(rule.span.start, rule.span.end);
  return `${answer.verdict} by ${ruleText(rule)}: ${oneLine(rule.label === null ? text : text.replace(/^[^:]*:\s*/, ''))}`;
}

/**
 * The rule that a test expected: the one it names, else of those with the verdict the one that came nearest. Null: there is none, or it
 * was not for a rule to decide.
 */
function expectedRule({ rules }: Trace, expect: Expectation): RuleTrace | null {
  if (expect.rule !== null) return rules.find(({ rule }) => rule.label === expect.rule) ?? null;
  const candidates = rules.filter(({ rule, matched }) => !matched && rule.actions.verdict === expect.verdict);
  return candidates.reduce<RuleTrace | null>(
    (best, one) => (best === null || distance(one) < distance(best) ? one : best),
    null,
  );
}

/** How far a rule was from matching: a field that is there with another value is nearer than one that is not there. */
function distance(rule: RuleTrace): number {
  return missesOf(rule).reduce((sum, { trace }) => sum + (trace.value === null ? 3 : 2), 0);
}

/** The predicates that kept a rule from matching. Of an `or` all branches failed, so all are there. */
export function missesOf({ rule, matched, predicates }: RuleTrace): readonly Miss[] {
  return matched ? [] : predicates.filter(({ satisfied }) => !satisfied).map((trace) => ({ rule, trace }));
}

/** What the interpreter finds the expected rule to have missed; for JSON. */
export function missesFor(program: Program, frame: Uint8Array, about: PacketAbout, expect: Expectation): readonly Miss[] {
  const expected = expectedRule(traceProgram(program, frame, about), expect);
  return expected === null ? [] : missesOf(expected);
}

/** Lines about a packet that failed, without indentation. */
export function explainFailure(
  program: Program,
  packet: { readonly frame: Uint8Array; readonly about: PacketAbout },
  expect: Expectation,
  answers: Answers,
  paint: Paint,
): readonly string[] {
  const { interpreter, kernel } = answers;
  const answer = interpreter ?? kernel;
  const lines = [`expected: ${expectationText(expect)}`];
  if (answer !== null) lines.push(`got:      ${answerText(program, answer)}`);
  const trace = traceProgram(program, packet.frame, packet.about);
  const expected = expectedRule(trace, expect);
  const misses = expected === null ? [] : missesOf(expected);
  if (expected?.matched) lines.push(matchedToo(expected.rule, trace));
  else if (expected !== null) lines.push(`${nearest(expect)}${ruleText(expected.rule)}, does not match:`, ...missLines(misses));
  const marks = misses.flatMap(({ trace: { bytes } }) => bytes ?? []);
  return [...lines, ...hexDump(packet.frame, marks, paint)];
}

function nearest({ rule, verdict }: Expectation): string {
  return rule === null ? `nearest of those that say \`${verdict}\`: ` : '';
}

function matchedToo(rule: Rule, { decided }: Trace): string {
  const first = rule.actions.verdict !== null && decided !== null && decided.index !== rule.index;
  return first ? `${ruleText(rule)}, matches too, but ${ruleText(decided)}, comes first` : `${ruleText(rule)}, matches`;
}

/** One line a predicate: what it asks, and what it found where. */
function missLines(misses: readonly Miss[]): readonly string[] {
  const asked = misses.map(({ rule, trace: { predicate, negated, inner } }) => {
    const { start, end } = predicate.span;
    const text = oneLine(rule.source.text.slice(start, end));
    return `${inner ? 'inner: ' : ''}${negated ? `not ${text}` : text}`;
  });
  const width = Math.max(0, ...asked.map(displayWidth));
  return misses.map(({ trace }, index) => {
    const text = asked[index] ?? '';
    return `  ${text}${' '.repeat(width - displayWidth(text))}  ${foundText(trace)}`;
  });
}

function foundText({ predicate, value, bytes, absent }: PredicateTrace): string {
  const field = predicate.field;
  if (absent !== null || value === null) return `${field} is absent${absent === null ? '' : `: ${absent}`}`;
  return `${field} is ${oneLine(value)}${bytes === null ? '' : `, ${bytesText(bytes)}`}`;
}

function bytesText({ start, end }: { readonly start: number; readonly end: number }): string {
  return end - start === 1 ? `byte ${start}` : `bytes ${start}-${end - 1}`;
}

/** Lines about a packet on which the engines differ. */
export function explainDisagreement(program: Program, frame: Uint8Array, answers: Answers, paint: Paint): readonly string[] {
  const say = (name: string, answer: Answer | null) =>
    answer === null
      ? []
      : [
          `${name} ${answerText(program, answer)}`,
          `  matched: ${answer.rules.map((index) => program.rules[index]?.name).join(', ') || 'none'}`,
        ];
  return [
    paint(
      'error',
      'the interpreter and the kernel decide differently, which is a bug in pktc: please report it with this packet',
    ),
    ...say('interpreter:', answers.interpreter).map(visible),
    ...say('kernel:     ', answers.kernel).map(visible),
    ...hexDump(frame, [], paint),
  ];
}
