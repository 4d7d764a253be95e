/** The events of a detached program to stdout until something ends it, and what of them was lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { PacketEvent } from '../../runtime/events.ts';
import type { Change, FollowedEvents } from '../../runtime/pinned/follow.ts';
import type { Loss } from '../../runtime/pinned/losses.ts';
import { createCommandWorkers } from '../events/command-workers.ts';
import { createEventLines, lineOfType } from '../events/event-json.ts';
import { createEventTable } from '../events/event-table.ts';
import type { Lines } from '../events/line-messages.ts';
import type { LineWorkers, WorkersWhen } from '../events/line-workers.ts';
import { createOutput, type Output } from '../events/output.ts';
import { isoTime } from '../events/packet-line.ts';
import { grouped } from '../events/rule-summary.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { jsonLine } from '../json.ts';
import { interfacesOf } from '../live-session.ts';
import { reportError } from '../report-error.ts';
import type { Stop, StopReason } from '../stop.ts';
import type { Terminal } from '../terminal.ts';
import { whereText } from './program-state.ts';

export interface FollowOptions {
  /** null: until something else ends it. */
  readonly duration_ms: number | null;
  readonly count: number | null;
  /** Names of rules; null: all of them. */
  readonly only: ReadonlySet<string> | null;
  readonly json: boolean;
  /** Whether other threads may write the lines of `json`. */
  readonly workers: WorkersWhen;
  readonly strict: boolean;
}

/** How soon it is seen that others have changed the program. */
const LOOK_INTERVAL_MS = 200;
const LOSS_INTERVAL_MS = 1000;
/** How long a packet may still be on its way when a program has been stopped. */
const GONE_MS = 50;
/** How long a reader that has stopped reading may hold the end, once somebody has asked for it. */
const SLOW_READER_MS = 2000;
/** Batches read at the end: more than a ring holds, for packets go on coming. */
const LAST_BATCHES = 256;

export async function followEvents(
  followed: FollowedEvents,
  options: FollowOptions,
  stop: Stop,
  terminal: Terminal,
): Promise<ExitCode> {
  const started_ms = performance.now();
  const printer = await createPrinter(followed, options, stop, terminal);
  const asked = { when: options.workers, only: options.only, interfaces: printer.interfaces };
  const workers = createCommandWorkers(followed.program.loaded, asked, printer, stop, terminal);
  sayStart(followed, terminal);
  const guarded = (work: () => unknown) => () =>
    void Promise.resolve()
      .then(work)
      .catch((error) => stop.because({ kind: 'error', error }));
  const timers = [
    setInterval(
      guarded(() => lookAfter(followed, printer, workers, stop, terminal)),
      LOOK_INTERVAL_MS,
    ),
    setInterval(guarded(printer.tellLosses), LOSS_INTERVAL_MS),
    ...(options.duration_ms === null ? [] : [setTimeout(() => stop.because({ kind: 'time' }), options.duration_ms)]),
  ];
  void terminal.gone.then(() => stop.because({ kind: 'reader' }));
  const consuming = consume(followed, printer, workers, stop);
  const reason = await stop.promise;
  for (const timer of timers) clearTimeout(timer);
  const finishing = async () => {
    await finish(followed, consuming, { printer, workers }, reason);
    await printer.end({ reason, duration_s: Math.round(performance.now() - started_ms) / 1000 });
    await terminal.flush();
  };
  const patience = stop.interrupted.then(() => sleep(SLOW_READER_MS));
  await Promise.race([finishing(), patience.then(terminal.abandon)]);
  if (reason.kind === 'error') return reportError(reason.error, terminal);
  if (options.strict && printer.lost > 0n) return EXIT.lost;
  return reason.kind === 'gone' ? EXIT.failure : EXIT.ok;
}

function sayStart({ program, lost_before }: FollowedEvents, terminal: Terminal): void {
  const { rules, events } = program.loaded.manifest;
  const counted = `${grouped(rules.length)} rule${rules.length === 1 ? '' : 's'}`;
  terminal.say(`reading the events of ${program.name}, at ${whereText(program)}: ${counted}; Ctrl-C ends`);
  if (events === null) terminal.say('no rule logs: there is nothing to show');
  if (lost_before > 0n) terminal.say(`${grouped(lost_before)} events were lost before: nobody read them in time`);
}

async function lookAfter(
  followed: FollowedEvents,
  printer: Printer,
  workers: LineWorkers,
  stop: Stop,
  terminal: Terminal,
): Promise<void> {
  const change: Change = followed.look();
  if (change === 'none') return;
  const { program } = followed;
  if (change === 'gone') {
    if (stop.reason === null) terminal.say(`${program.name} was stopped`);
    return stop.because({ kind: 'gone' });
  }
  const what = change === 'changed' ? 'has other rules now' : 'was stopped, and another program has its name now';
  terminal.say(`${program.name} ${what}: ${grouped(program.loaded.manifest.rules.length)} rules`);
  await printer.changed();
  workers.interfacesChanged();
}

async function consume({ events }: FollowedEvents, printer: Printer, workers: LineWorkers, stop: Stop): Promise<void> {
  try {
    for await (const batch of events.lent(printer.wanted)) {
      await printer.print(batch);
      if (stop.reason !== null || workers.relieve(events)) return;
    }
  } catch (error) {
    stop.because({ kind: 'error', error });
  }
}

/** What was there when the end came is printed; after `--count`, and without a reader, it is left for others. */
async function finish(
  { events }: FollowedEvents,
  consuming: Promise<void>,
  { printer, workers }: { readonly printer: Printer; readonly workers: LineWorkers },
  reason: StopReason,
): Promise<void> {
  if (reason.kind === 'gone') await sleep(GONE_MS);
  const rest: (readonly PacketEvent[])[] = [];
  const drain = reason.kind !== 'count' && reason.kind !== 'reader' && reason.kind !== 'error';
  if (drain) {
    for (let batch = events.read(); batch.length > 0 && rest.length < LAST_BATCHES; batch = events.read()) rest.push(batch);
  }
  events.close();
  await consuming;
  for (const batch of rest) await printer.print(batch);
  await workers.finish(drain);
}

interface Ending {
  readonly reason: StopReason;
  readonly duration_s: number;
}

type Printer = Awaited<ReturnType<typeof createPrinter>>;

async function createPrinter(followed: FollowedEvents, options: FollowOptions, stop: Stop, terminal: Terminal) {
  const { only, json, count } = options;
  const { paint } = terminal.out;
  const output = createOutput(terminal, followed.program.loaded.internals.libc);
  const tableNow = async () =>
    createEventTable(followed.program.loaded.manifest, await interfacesOf(followed.program.attachments), paint);
  let interfaces = await interfacesOf(followed.program.attachments);
  let table = await tableNow();
  let lines = createEventLines(interfaces);
  let header = json ? '' : table.header;
  let events = 0;
  const losses = createLossTeller(followed, json, output, terminal);
  const print = async (batch: readonly PacketEvent[]) => {
    await losses.tellMissed();
    const chosen = only === null ? batch : batch.filter(({ rule_name }) => rule_name !== null && only.has(rule_name));
    const wanted = count === null ? chosen : chosen.slice(0, count - events);
    // Of stdout that is closed a part may still be on its way out, from where the next lines would go.
    const text = terminal.closed() ? '' : json ? lines(wanted) : header + wanted.map(table.row).join('');
    header = '';
    if (text.length > 0) await output.offer(text);
    events += wanted.length;
    if (count !== null && events >= count) stop.because({ kind: 'count' });
  };
  await print([]);
  return {
    print,
    /** What another thread has written. False: its memory may still be on its way out. */
    async printLines({ bytes, events: count }: Lines) {
      await losses.tellMissed();
      if (bytes.length > 0 && !terminal.closed()) await output.offer(bytes);
      events += count;
      return !terminal.closed();
    },
    get waited_ms() {
      return output.waited_ms;
    },
    interfaces: () => interfaces,
    tellLosses: losses.tell,
    get lost() {
      return losses.inRing + BigInt(losses.overtaken);
    },
    /** How many events may still come. */
    wanted: () => (count === null ? Number.MAX_SAFE_INTEGER : Math.max(1, count - events)),
    async changed() {
      table = await tableNow();
      interfaces = await interfacesOf(followed.program.attachments);
      lines = createEventLines(interfaces);
      if (!json) header = table.header;
    },
    async end({ reason, duration_s }: Ending) {
      await print([]);
      await losses.tell();
      const { inRing, overtaken } = losses;
      const stopped_by = reason.kind === 'signal' ? reason.signal : reason.kind;
      const lost = { lost: inRing + BigInt(overtaken), lost_in_ring: inRing, overtaken, lost_before: followed.lost_before };
      if (json) await terminal.print(jsonLine(lineOfType('summary', { summary: { duration_s, stopped_by, events, ...lost } })));
      else await terminal.print(`\n${endText(events, duration_s)}${lossText(lost.lost, paint)}\n`);
    },
  };
}

/** Losses: in the ring, which was full, and of this reader alone, which others have overtaken. */
function createLossTeller(followed: FollowedEvents, json: boolean, output: Output, terminal: Terminal) {
  let inRing = 0n;
  let overtaken = 0;
  let told = 0;
  return {
    get inRing() {
      return inRing;
    },
    get overtaken() {
      return overtaken;
    },
    /** Ahead of the events that come behind those that this reader has missed. */
    async tellMissed() {
      const missed = followed.events.overtaken - overtaken;
      if (missed <= 0) return;
      overtaken += missed;
      if (json) await output.offer(lostLine({ lost: missed, where: 'reader' }));
    },
    async tell() {
      const losses = followed.losses();
      for (const { lost } of losses) inRing += lost;
      if (losses.length > 0) {
        terminal.say(`${lossesText(losses)}: the ring was full, it was read too slowly`);
        if (json) await terminal.print(lostLine({ lost: sumOf(losses), where: 'ring', rules: losses }));
      }
      if (overtaken > told) {
        terminal.say(`${grouped(overtaken - told)} events lost: this reader is slower than another one`);
        told = overtaken;
      }
    },
  };
}

function endText(events: number, duration_s: number): string {
  return `${grouped(events)} event${events === 1 ? '' : 's'} in ${duration_s.toFixed(1)} s`;
}

function lossText(lost: bigint, paint: Terminal['out']['paint']): string {
  return lost > 0n ? paint('warning', `, ${grouped(lost)} lost`) : '';
}

const sumOf = (losses: readonly Loss[]) => losses.reduce((sum, { lost }) => sum + lost, 0n);

function lossesText(losses: readonly Loss[]): string {
  const most = [...losses].sort((a, b) => (a.lost < b.lost ? 1 : -1)).slice(0, 3);
  const rules = most.map(({ rule, lost }) => `${visible(rule ?? 'default')} ${grouped(lost)}`);
  return `${grouped(sumOf(losses))} events lost (${rules.join(', ')}${losses.length > most.length ? ', …' : ''})`;
}

function lostLine(what: { lost: bigint | number; where: 'ring' | 'reader'; rules?: readonly Loss[] }): string {
  return jsonLine({ timestamp: isoTime(BigInt(Date.now()) * 1_000_000n), ...lineOfType('lost', { rules: null, ...what }) });
}
