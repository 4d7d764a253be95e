/** A program at work on interfaces: events to stdout until something ends it, then the rest of them and the summary. */

import { visible } from '../compiler/diagnostics/visible.ts';
import type { AttachMode, Attachment } from '../runtime/attach.ts';
import type { EventStream, PacketEvent } from '../runtime/events.ts';
import type { AnswerCounts, LoadedProgram } from '../runtime/load.ts';
import { createCommandWorkers } from './events/command-workers.ts';
import { createEventLines, lineOfType, rulesOf } from './events/event-json.ts';
import { createEventTable } from './events/event-table.ts';
import type { Lines } from './events/line-messages.ts';
import type { LineWorkers, WorkersWhen } from './events/line-workers.ts';
import { countLoss, type LossesByRule, sayUnprinted, watchLosses, wholeLines } from './events/losses.ts';
import { createOutput } from './events/output.ts';
import { answersText, grouped, renderSummary, type SummaryRow, summaryJson } from './events/rule-summary.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { jsonLine } from './json.ts';
import type { PacketFile, PacketFileState } from './packet-file.ts';
import { shownPath } from './read-file.ts';
import type { Reloading } from './reload-on-save.ts';
import { reportError } from './report-error.ts';
import type { Stop, StopReason } from './stop.ts';
import type { Terminal } from './terminal.ts';
import { watchPlaces } from './watch-places.ts';

export interface LiveOptions {
  /** Names and patterns; empty for a program of a control group. */
  readonly interfaces: readonly string[];
  /** null for every other program. */
  readonly cgroup: string | null;
  readonly mode: AttachMode;
  /** null: until something else ends it. */
  readonly duration_ms: number | null;
  readonly count: number | null;
  readonly json: boolean;
  /** Whether other threads may write the lines of `json`. */
  readonly workers: WorkersWhen;
  readonly strict: boolean;
  /** Whether an interface that comes back is attached to again. */
  readonly reattach: boolean;
  /** null: the rules stay as they are. */
  readonly reloading: Reloading | null;
  /** Where events are written as packets too; null: nowhere. */
  readonly packets: PacketFile | null;
}

/** How soon the program knows an interface that has come, or has got another name. */
const REFRESH_INTERVAL_MS = 1_000;
/** How long a reader that has stopped reading may hold the end, once somebody has asked for it. */
const SLOW_READER_MS = 2_000;

interface Printer {
  readonly events: number;
  /** Events that were not printed, or not for certain, by the name of their rule. */
  readonly unprinted: LossesByRule;
  /** Takes no more events than `--count` allows. */
  print(batch: readonly PacketEvent[]): Promise<void>;
  /** What another thread has written. False: its memory may still be on its way out. */
  printLines(lines: Lines): Promise<boolean>;
  /** Time spent until now waiting for the output. */
  readonly waited_ms: number;
}

export async function runLive(loaded: LoadedProgram, options: LiveOptions, stop: Stop, terminal: Terminal): Promise<ExitCode> {
  const { openEvents } = await import('../runtime/events.ts');
  const { openServiceManager } = await import('../runtime/sd-notify.ts');
  const attachments = await attachWhereAsked(loaded, options);
  const started_ms = performance.now();
  const stream = openEvents(loaded);
  // Now: later this process may not.
  const service = openServiceManager(process.env);
  const names = await interfacesOf(attachments);
  options.packets?.begin(loaded.manifest, names);
  const needsNone = options.reloading === null && !options.reattach && !attachments.some(({ mode }) => mode === 'dispatcher');
  if (needsNone) await giveUpPrivileges(attachments, options.packets, terminal);
  sayStart(loaded, attachments, options, terminal);
  const printer = createPrinter(loaded, names, options, stop, terminal);
  const timers = [
    ...refresher(loaded, options.reloading !== null, terminal),
    ...timer(options.duration_ms, () => stop.because({ kind: 'time' })),
    ...watchLosses(loaded, terminal),
  ];
  const asked = { when: options.workers, only: null, interfaces: () => names };
  const workers = createCommandWorkers(loaded, asked, printer, stop, terminal);
  const places = await watchPlaces(loaded, attachments, toldNames(names, workers), options, stop, terminal);
  const status = () => workText(loaded, attachments);
  options.reloading?.begin(loaded, { begins: () => service?.reloading(), ended: () => service?.ready(status()) });
  service?.ready(status());
  void terminal.gone.then(() => {
    if (terminal.failure === null) stop.because({ kind: 'reader' });
    else terminal.say('note: rules stay at work, and events are not printed any more; they are counted');
  });
  const consuming = consume(stream, printer, workers, stop);
  const reason = await stop.promise;
  service?.stopping();
  await options.reloading?.close();
  for (const one of timers) clearTimeout(one);
  service?.close();
  const lostInterface = places.close();
  const duration_ms = performance.now() - started_ms;
  const rows = summaryRows(loaded);
  const answers = loaded.answers();
  const finishing = async () => {
    await finish(stream, consuming, printer, workers);
    options.packets?.close();
    await printSummary(rows, { reason, events: printer.events, duration_ms, answers }, options, terminal);
    await terminal.flush();
  };
  const patience = stop.interrupted.then(() => new Promise((resolve) => setTimeout(resolve, SLOW_READER_MS)));
  const finished = finishing();
  await Promise.race([finished, patience.then(terminal.abandon)]);
  await finished;
  if (terminal.closed() && (terminal.failure !== null || options.strict || reason.kind !== 'reader')) {
    sayUnprinted(rows, printer.unprinted, { events: printer.events, duration_ms }, terminal);
  }
  if (reason.kind === 'error') return reportError(reason.error, terminal);
  if (lostInterface) return EXIT.failure;
  const unwritten = options.packets?.state.problem != null || terminal.failure !== null;
  const lost = rows.some((row) => (row.lost ?? 0n) > 0n) || printer.unprinted.size > 0;
  if (options.strict && (unwritten || lost)) return EXIT.lost;
  return unwritten ? EXIT.failure : EXIT.ok;
}

/** Whoever loads other rules later needs what the first took, and whoever leaves a dispatcher loads another one. */
async function giveUpPrivileges(
  attachments: readonly Attachment[],
  packets: PacketFile | null,
  terminal: Terminal,
): Promise<void> {
  const { takeLeastPrivilege } = await import('../runtime/least-privilege.ts');
  const modes = attachments.map(({ mode }) => mode);
  const { refused } = takeLeastPrivilege(modes, { makesFiles: packets?.rotates ?? false });
  if (refused.length > 0) terminal.say(`note: this process could not give up all privileges: ${refused.join(', ')}`);
}

/** @throws RuntimeError as `attachAll` and `attachCgroup` do; nothing is attached then */
export async function attachWhereAsked(
  loaded: LoadedProgram,
  options: Pick<LiveOptions, 'interfaces' | 'cgroup' | 'mode'>,
): Promise<readonly Attachment[]> {
  const { attachAll, attachCgroup } = await import('../runtime/attach.ts');
  if (options.cgroup !== null) return [attachCgroup(loaded, options.cgroup)];
  const { expandPatterns } = await import('../runtime/interfaces.ts');
  return attachAll(loaded, expandPatterns(options.interfaces), options.mode);
}

/** Names by ifindex: of the interfaces attached to, or of all, where packets of any may come by. */
export async function interfacesOf(attachments: readonly Attachment[]): Promise<Map<number, string>> {
  const named = attachments.flatMap(({ ifindex, ifname }) =>
    ifindex === null || ifname === null ? [] : [[ifindex, ifname] as const],
  );
  if (named.length === attachments.length) return new Map(named);
  const { interfaceIndexes } = await import('../runtime/interfaces.ts');
  return new Map(interfaceIndexes());
}

/** @param changing whether other rules may come, which ask for interfaces */
function refresher(loaded: LoadedProgram, changing: boolean, terminal: Terminal): readonly NodeJS.Timeout[] {
  let said = 0;
  const refresh = () => {
    const unknown = loaded.refreshInterfaces();
    if (unknown > said) terminal.say(unknownInterfaces(unknown));
    said = Math.max(said, unknown);
  };
  const asked = changing || loaded.manifest.interfaces.length > 0;
  return asked ? [setInterval(refresh, REFRESH_INTERVAL_MS)] : [];
}

function unknownInterfaces(count: number): string {
  return `note: rules ask for interfaces by name, and there is no room for ${grouped(count)} more: such rules do not match there`;
}

function timer(duration_ms: number | null, end: () => void): readonly NodeJS.Timeout[] {
  return duration_ms === null ? [] : [setTimeout(end, duration_ms)];
}

/** Names by ifindex that threads are told of when they change. */
function toldNames(names: Map<number, string>, workers: LineWorkers) {
  return {
    set(ifindex: number, name: string) {
      if (names.get(ifindex) === name) return;
      names.set(ifindex, name);
      workers.interfacesChanged();
    },
  };
}

async function consume(stream: EventStream, printer: Printer, workers: LineWorkers, stop: Stop): Promise<void> {
  try {
    for await (const batch of stream.lent()) {
      await printer.print(batch);
      if (stop.reason !== null || workers.relieve(stream)) return;
    }
  } catch (error) {
    stop.because({ kind: 'error', error });
  }
}

/** What the kernel wrote before the program was detached is still delivered, in its order. */
async function finish(stream: EventStream, consuming: Promise<void>, printer: Printer, workers: LineWorkers): Promise<void> {
  const rest: PacketEvent[] = [];
  for (let batch = stream.read(); batch.length > 0; batch = stream.read()) rest.push(...batch);
  stream.close();
  await consuming;
  await printer.print(rest);
  await workers.finish(true);
}

function createPrinter(
  loaded: LoadedProgram,
  interfaces: ReadonlyMap<number, string>,
  { count, json, packets }: LiveOptions,
  stop: Stop,
  terminal: Terminal,
): Printer {
  const lines = createEventLines(interfaces);
  let manifest = loaded.manifest;
  const tableOf = () => createEventTable(manifest, interfaces, terminal.out.paint);
  const headerOf = () => (json || manifest.events === null ? '' : table.header);
  let table = tableOf();
  /** Still to be printed; and what was printed last: other rules may have the same columns. */
  let header = headerOf();
  let shown = '';
  let seen = 0;
  let events = 0;
  const output = createOutput(terminal, loaded.internals.libc);
  const unprinted = new Map<string, number>();
  const printLines = async ({ bytes, events: count }: Lines) => {
    const written = terminal.closed() ? 0 : await output.offer(bytes);
    const printed = written === null ? count : wholeLines(bytes.subarray(0, written));
    if (printed < count) for (const rule of rulesOf(bytes).slice(printed)) countLoss(unprinted, rule);
    events += printed;
    return !terminal.closed();
  };
  const print = async (batch: readonly PacketEvent[]) => {
    const wanted = count === null ? batch : batch.slice(0, count - seen);
    if (manifest !== loaded.manifest) {
      manifest = loaded.manifest;
      table = tableOf();
      header = headerOf() === shown ? '' : headerOf();
    }
    // Of stdout that is closed a part may still be on its way out, from where the next lines would go.
    const closed = terminal.closed();
    const text = closed ? new Uint8Array() : json ? lines(wanted) : Buffer.from(header + wanted.map(table.row).join(''));
    const headingLines = header === '' || json ? 0 : wholeLines(Buffer.from(header));
    if (header !== '') shown = header;
    header = '';
    if (wanted.length > 0) packets?.write(wanted);
    const written = closed ? 0 : text.length === 0 ? null : await output.offer(text);
    const printed = written === null ? wanted.length : Math.max(0, wholeLines(text.subarray(0, written)) - headingLines);
    for (const { rule_name } of wanted.slice(printed)) countLoss(unprinted, rule_name);
    events += printed;
    seen += wanted.length;
    if (count !== null && seen >= count) stop.because({ kind: 'count' });
  };
  void print([]);
  return {
    print,
    printLines,
    get waited_ms() {
      return output.waited_ms;
    },
    unprinted,
    get events() {
      return events;
    },
  };
}

function sayStart(loaded: LoadedProgram, attachments: readonly Attachment[], options: LiveOptions, terminal: Terminal): void {
  for (const note of [...loaded.internals.notes, ...attachments.map((one) => one.note)])
    if (note !== null) terminal.say(`note: ${note}`);
  const until = options.duration_ms === null ? 'Ctrl-C ends' : `for ${options.duration_ms / 1000} s, Ctrl-C ends earlier`;
  terminal.say(`${workText(loaded, attachments)}; ${until}`);
  if (loaded.manifest.events === null) terminal.say('no rule logs: there is nothing to show but the counters at the end');
}

/** `attached to eth0 (native): 3 rules` */
function workText(loaded: LoadedProgram, attachments: readonly Attachment[]): string {
  const { length } = loaded.manifest.rules;
  return `attached to ${placesText(loaded, attachments)}: ${length} rule${length === 1 ? '' : 's'}`;
}

/** `eth0 (native), eth1 (generic)` */
export function placesText({ manifest: { hook } }: LoadedProgram, attachments: readonly Attachment[]): string {
  const how = (mode: Attachment['mode']) => (hook === 'xdp' ? mode : `${hook}, ${mode}`);
  return attachments.map(({ place, mode }) => `${visible(place)} (${how(mode)})`).join(', ');
}

function summaryRows(loaded: LoadedProgram): readonly SummaryRow[] {
  const { rules, default_verdict } = loaded.manifest;
  return loaded.counters().map((counter, index) => {
    const rule = rules[index];
    return { ...counter, rule: rule?.name ?? null, verdict: rule ? rule.verdict : default_verdict };
  });
}

interface Ending {
  readonly reason: StopReason;
  readonly events: number;
  readonly duration_ms: number;
  readonly answers: AnswerCounts | null;
}

async function printSummary(
  rows: readonly SummaryRow[],
  ending: Ending,
  { json, packets }: LiveOptions,
  terminal: Terminal,
): Promise<void> {
  const lost = rows.reduce((sum, row) => sum + (row.lost ?? 0n), 0n);
  const seconds = Math.round(ending.duration_ms) / 1000;
  if (json) {
    const { reason, events, answers } = ending;
    const stopped_by = reason.kind === 'signal' ? reason.signal : reason.kind;
    await terminal.print(
      jsonLine(
        lineOfType('summary', {
          summary: { duration_s: seconds, stopped_by, events, lost, ...summaryJson(rows), answers, ...writtenJson(packets) },
        }),
      ),
    );
    return;
  }
  const { paint } = terminal.out;
  const counted = `${grouped(ending.events)} event${ending.events === 1 ? '' : 's'} in ${seconds.toFixed(1)} s`;
  const loss = lost > 0n ? paint('warning', `, ${grouped(lost)} more lost: this reader was slower than the packets`) : '';
  await terminal.print(
    `\n${renderSummary(rows, paint)}\n${counted}${loss}\n${ending.answers === null ? '' : `${answersText(ending.answers)}\n`}${packets === null ? '' : `${writtenText(packets.state)}\n`}`,
  );
}

function writtenJson(packets: PacketFile | null) {
  if (packets === null) return {};
  const { file, files, packets: count, lost } = packets.state;
  return { written: { file, files, packets: count, lost } };
}

/** ``5 packets written to `trace.00002.pcapng`, the last of 3 files, 2 not`` */
function writtenText({ file, files, packets, lost }: PacketFileState): string {
  const several = files > 1 ? `, the last of ${grouped(files)} files` : '';
  const rest = lost > 0 ? `; ${grouped(lost)} could not be written` : '';
  return `${grouped(packets)} packet${packets === 1 ? '' : 's'} written to ${shownPath(file)}${several}${rest}`;
}
