/** A capture through the rules, packet by packet, to stdout. */
import type { Program, Verdict } from '../../compiler/2-resolve/program.ts';
import { displayWidth, visible } from '../../compiler/diagnostics/visible.ts';
import type { CapturedFrame, CaptureFile } from '../../runtime/capture/capture-file.ts';
import { createClockText, endpointText, protocolText, routeText } from '../events/packet-line.ts';
import { grouped, renderSummary, type SummaryRow, summaryJson } from '../events/rule-summary.ts';
import { verdictStyle, verdictWidth } from '../events/verdict-style.ts';
import { jsonLine } from '../json.ts';
import { renderRow } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { Decide, EngineName, ReplayDecision } from './engine.ts';
import { summarizeFrame } from './summarize-frame.ts';

/** Output is written in pieces of this size, and a terminal is told how far it is as often. */
const CHUNK_CHARACTERS = 64 * 1024;

interface Totals {
  readonly engines: Record<EngineName, number>;
  readonly verdicts: Record<Verdict, number>;
  /** One a rule, the last one for packets that no verdict caught. */
  readonly counters: { packets: bigint; bytes: bigint }[];
}

/** @returns false when the reader of stdout went away */
export async function replayCapture(
  capture: CaptureFile,
  program: Program,
  decide: Decide,
  json: boolean,
  terminal: Terminal,
): Promise<boolean> {
  const totals: Totals = {
    engines: { kernel: 0, interpreter: 0 },
    verdicts: { pass: 0, drop: 0, reject: 0, redirect: 0, audit: 0 },
    counters: Array.from({ length: program.rules.length + 1 }, () => ({ packets: 0n, bytes: 0n })),
  };
  const toText = json ? jsonLines(program) : tableLines(program, terminal);
  let text = json ? '' : toText.header;
  for (const frame of capture.frames) {
    const decision = decide(frame.data, frame.time_ns === null ? {} : { time_ns: frame.time_ns });
    count(totals, program, decision, frame.data.length);
    text += toText.line(frame, decision);
    if (text.length < CHUNK_CHARACTERS && frame.number % 8192 !== 0) continue;
    if (!(await terminal.print(text))) return false;
    text = '';
    terminal.progress.show(`${grouped(frame.number)} of ${grouped(capture.frames.length)} packets`);
  }
  const summary = json ? jsonSummary(capture, program, totals) : textSummary(capture, program, totals, terminal);
  return terminal.print(text + summary);
}

function count(totals: Totals, program: Program, decision: ReplayDecision, bytes: number): void {
  totals.engines[decision.engine]++;
  totals.verdicts[decision.verdict]++;
  const last = decision.rules.at(-1);
  const caught = last !== undefined && program.rules[last]?.actions.verdict != null;
  for (const index of caught ? decision.rules : [...decision.rules, program.rules.length]) {
    const counter = totals.counters[index];
    if (counter === undefined) continue;
    counter.packets++;
    counter.bytes += BigInt(bytes);
  }
}

interface Lines {
  readonly header: string;
  line(frame: CapturedFrame, decision: ReplayDecision): string;
}

/** Most packets of a capture match the same few lists of rules: their JSON is made once. */
function jsonLines(program: Program): Lines {
  const endings = new Map<string, string>();
  return {
    header: '',
    line(frame, { verdict, rules }) {
      const key = `${verdict} ${rules.join(' ')}`;
      let ending = endings.get(key);
      if (ending === undefined) {
        ending = jsonLine({ verdict, rules: rules.map((index) => program.rules[index]?.name ?? null) }).slice(1);
        if (endings.size < 10_000) endings.set(key, ending);
      }
      return `{"packet":${frame.number},${ending}`;
    },
  };
}

const COLUMNS = [
  { title: 'PACKET', align: 'right' },
  { title: 'TIME', align: 'left' },
  { title: 'VERDICT', align: 'left' },
  { title: 'LEN', align: 'right' },
  { title: 'PROTOCOL', align: 'left' },
  { title: 'RULES', align: 'left' },
  { title: 'SOURCE → DESTINATION', align: 'left' },
] as const;
const ENDPOINT = 21;

/** Packets that no rule matched are left out. */
function tableLines(program: Program, terminal: Terminal): Lines {
  const { paint } = terminal.out;
  const clock = createClockText();
  const titles = COLUMNS.map(({ title }) => ({ text: title }));
  const names = program.rules.map((rule) => visible(rule.name));
  const verdicts = [...program.rules.map(({ actions }) => actions.verdict), program.defaultVerdict];
  const widths = [7, 15, verdictWidth(verdicts), 5, 18, Math.max(5, ...names.map(displayWidth)), 0];
  let endpoint = ENDPOINT;
  return {
    header: `${paint('bold', renderRow(COLUMNS, widths, titles))}\n`,
    line(frame, { verdict, rules }) {
      if (rules.length === 0) return '';
      const packet = summarizeFrame(frame.data);
      endpoint = Math.max(endpoint, endpointText(packet.src, packet.sport).length);
      const cells = [
        { text: String(frame.number) },
        { text: frame.time_ns === null ? '-' : clock(frame.time_ns) },
        { text: verdict, style: verdictStyle(paint, verdict) },
        { text: String(frame.data.length) },
        { text: protocolText(packet) },
        { text: rules.map((index) => names[index] ?? '?').join(', ') },
        { text: routeText(packet, endpoint) },
      ];
      return `${renderRow(COLUMNS, widths, cells)}\n`;
    },
  };
}

function rowsOf(program: Program, totals: Totals): readonly SummaryRow[] {
  return totals.counters.map((counter, index) => {
    const rule = program.rules[index];
    const about = rule ? { rule: rule.name, verdict: rule.actions.verdict } : { rule: null, verdict: program.defaultVerdict };
    return { ...about, ...counter, logged: null, lost: null };
  });
}

function jsonSummary(capture: CaptureFile, program: Program, totals: Totals): string {
  return jsonLine({
    summary: {
      packets: capture.frames.length,
      engines: totals.engines,
      verdicts: totals.verdicts,
      ...summaryJson(rowsOf(program, totals)),
      damage: capture.damage && { message: capture.damage.message, byte: capture.damage.offset },
    },
  });
}

function textSummary(capture: CaptureFile, program: Program, totals: Totals, terminal: Terminal): string {
  const { kernel, interpreter } = totals.engines;
  const who =
    kernel > 0 && interpreter > 0
      ? `${grouped(kernel)} decided by the kernel, ${grouped(interpreter)} that it does not take by the interpreter`
      : `all decided by the ${kernel > 0 ? 'kernel' : 'interpreter'}`;
  return `\n${renderSummary(rowsOf(program, totals), terminal.out.paint)}
${grouped(capture.frames.length)} packets: ${outcomes(totals.verdicts)}; ${who}\n`;
}

/** `12 passed, 3 dropped`; the others where there were some. */
function outcomes(verdicts: Totals['verdicts']): string {
  const { pass, drop, reject, redirect, audit } = verdicts;
  const parts = [`${grouped(pass)} passed`, `${grouped(drop)} dropped`];
  if (reject > 0) parts.push(`${grouped(reject)} rejected`);
  if (redirect > 0) parts.push(`${grouped(redirect)} redirected`);
  if (audit > 0) parts.push(`${grouped(audit)} passed on audit`);
  return parts.join(', ');
}
