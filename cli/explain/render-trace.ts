/** A trace as lines for people: what was decided, why, and the bytes that mattered. */
import type { Program, Rule } from '../../compiler/2-resolve/program.ts';
import { displayWidth } from '../../compiler/diagnostics/visible.ts';
import type { Extent } from '../../compiler/interpret/dissection.ts';
import type { PredicateTrace, RuleTrace, Trace } from '../../compiler/interpret/trace.ts';
import { protocolText, routeText } from '../events/packet-line.ts';
import { grouped } from '../events/rule-summary.ts';
import { summarizeFrame } from '../replay/summarize-frame.ts';
import type { Terminal } from '../terminal.ts';
import { oneLine, ruleText } from '../test/explain-failure.ts';
import { hexDump } from '../test/hex-dump.ts';
import type { ChosenRules } from './choose-rules.ts';
import type { ExplainedPacket } from './read-packet.ts';

type Paint = Terminal['out']['paint'];

export function renderTrace(
  program: Program,
  packet: ExplainedPacket,
  trace: Trace,
  chosen: ChosenRules,
  { out }: Terminal,
): string {
  const lines = [
    packetText(packet),
    `${out.paint('bold', verdictText(program, trace))}`,
    '',
    ...chosen.rules.flatMap((one) => [...ruleLines(one, trace, packet.frame, out.paint), '']),
    ...countLines(chosen),
    ...hexDump(packet.frame, marksOf(trace, chosen), out.paint),
  ];
  return `${lines.join('\n')}\n`;
}

function packetText({ frame, number, original_len }: ExplainedPacket): string {
  const summary = summarizeFrame(frame);
  const what = [protocolText(summary), routeText(summary, 0)].filter((text) => text !== '-').join(' ');
  const cut = original_len > frame.length ? ` (cut by the capture; ${original_len} on the wire)` : '';
  return `packet${number === null ? '' : ` ${number}`}: ${frame.length} bytes${cut}${what === '' ? '' : `, ${what}`}`;
}

function verdictText({ hook }: Program, { verdict, decided }: Trace): string {
  const by = decided === null ? 'the default: no rule with a verdict matched' : `by ${ruleText(decided)}`;
  return `${verdict} at ${hook}, ${by}`;
}

const PREDICATES_SHOWN = 40;

/** The rule, and below it what each of its predicates found. */
function ruleLines(
  { rule, matched, predicates }: RuleTrace,
  { decided }: Trace,
  frame: Uint8Array,
  paint: Paint,
): readonly string[] {
  const written = oneLine(withoutLabel(rule));
  const reached = decided === null || rule.index <= decided.index;
  const outcome = `${matched ? 'matches' : 'does not match'}${reached ? '' : ', and was not reached'}`;
  const shown = predicates.slice(0, PREDICATES_SHOWN);
  const asked = shown.map((one) => askedText(rule.source.text, one));
  const width = Math.max(0, ...asked.map(displayWidth));
  const lines = shown.map((one, index) => {
    const text = asked[index] ?? '';
    const mark = one.satisfied ? paint('help', '✓') : paint('error', '✗');
    return `  ${mark} ${text}${' '.repeat(width - displayWidth(text))}  ${foundText(one, frame)}`;
  });
  if (predicates.length === 0) {
    lines.push(matched ? '  it compares no field' : '  it compares no field; `inner` wants a packet in a tunnel');
  }
  if (predicates.length > shown.length) lines.push(`  … ${grouped(predicates.length - shown.length)} more comparisons`);
  return [`${ruleText(rule)}, ${paint(matched ? 'help' : 'error', outcome)}: ${written}`, ...lines];
}

/** The comparison as it is written, and what stands round it. */
function askedText(source: string, { predicate, inner, negated }: PredicateTrace): string {
  const text = oneLine(source.slice(predicate.span.start, predicate.span.end));
  return `${inner ? 'inner: ' : ''}${negated ? 'not ' : ''}${text}`;
}

function withoutLabel({ source, span, label }: Rule): string {
  const text = source.text.slice(span.start, span.end);
  return label === null ? text : text.slice(text.indexOf(':') + 1).trimStart();
}

function foundText({ predicate, value, bytes, absent }: PredicateTrace, frame: Uint8Array): string {
  if (value === null) return `${predicate.field} is absent: ${absent}`;
  return `${predicate.field} is ${oneLine(value)}${bytes === null ? '' : `, ${bytesText(frame, bytes)}`}`;
}

const BYTES_SHOWN = 16;

/** `bytes 36-37: 00 16` */
function bytesText(frame: Uint8Array, { start, end }: Extent): string {
  if (end <= start) return `no bytes at ${start}`;
  const shown = Array.from(frame.subarray(start, Math.min(end, start + BYTES_SHOWN)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  const which = end - start === 1 ? `byte ${start}` : `bytes ${start}-${end - 1}`;
  return `${which}: ${shown.join(' ')}${end - start > BYTES_SHOWN ? ' …' : ''}`;
}

function countLines({ left_out, not_reached }: ChosenRules): readonly string[] {
  const rules = (count: number) => `${grouped(count)} ${count === 1 ? 'rule' : 'rules'}`;
  const lines = [
    ...(left_out > 0
      ? [`${rules(left_out)} further from matching ${left_out === 1 ? 'is' : 'are'} not shown (--limit, or --rule NAME)`]
      : []),
    ...(not_reached > 0 ? [`${rules(not_reached)} behind it ${not_reached === 1 ? 'was' : 'were'} not reached (--all)`] : []),
  ];
  return lines.length > 0 ? [...lines, ''] : [];
}

/** Of the rule that decided, when it is shown; else of all that are. */
function marksOf({ decided }: Trace, { rules }: ChosenRules): readonly Extent[] {
  const own = rules.filter(({ rule }) => rule === decided);
  return (own.length > 0 ? own : rules).flatMap(({ predicates }) => predicates.flatMap(({ bytes }) => bytes ?? []));
}
