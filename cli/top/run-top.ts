/** `pktc top` at work: reads counters and events every so often, and draws what has come. */
import { painter } from '../../compiler/diagnostics/paint.ts';
import { visible } from '../../compiler/diagnostics/visible.ts';
import { type EventView, openEventView } from '../../runtime/events.ts';
import type { FollowedProgram } from '../../runtime/pinned/follow.ts';
import { ageText, counterRows } from '../detached/program-state.ts';
import { createEventTable } from '../events/event-table.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { interfacesOf } from '../live-session.ts';
import { reportError } from '../report-error.ts';
import type { Stop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';
import { createRates } from './rates.ts';
import { renderTop, type TopState } from './render-top.ts';
import { openScreen, type Screen } from './screen.ts';
import { FIRST_VIEW, keysFrom, pressed, type View } from './view.ts';

/** Events kept for the screen. */
const EVENTS = 64;
const HISTORY = 60;
const LOOK_INTERVAL_MS = 200;

export async function runTop(
  followed: FollowedProgram,
  interval_ms: number,
  stop: Stop,
  terminal: Terminal,
): Promise<ExitCode> {
  const reading = await openReading(followed);
  const screen = openScreen(process.stdin, process.stdout);
  const timers: NodeJS.Timeout[] = [];
  const guarded = (work: () => unknown) => () =>
    void Promise.resolve()
      .then(work)
      .catch((error) => stop.because({ kind: 'error', error }));
  try {
    const picture = createPicture(reading, screen, stop, terminal);
    screen.onKeys(picture.pressed);
    screen.onResize(picture.draw);
    void terminal.gone.then(() => stop.because({ kind: 'reader' }));
    process.stdin.once('end', () => stop.because({ kind: 'reader' }));
    timers.push(setInterval(guarded(picture.next), interval_ms));
    timers.push(
      setInterval(
        guarded(() => lookAfter(followed, reading, picture, stop)),
        LOOK_INTERVAL_MS,
      ),
    );
    picture.next();
    await stop.promise;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    screen.close();
    reading.close();
  }
  // To a terminal that has gone nothing can be said any more.
  if (!screen.close()) return EXIT.failure;
  const { reason } = stop;
  if (reason?.kind === 'error') return reportError(reason.error, terminal);
  if (reason?.kind !== 'gone') return EXIT.ok;
  terminal.say(`${followed.program.name} was stopped`);
  return EXIT.failure;
}

async function lookAfter(followed: FollowedProgram, reading: Reading, picture: Picture, stop: Stop): Promise<void> {
  const change = followed.look();
  if (change === 'none') return;
  if (change === 'gone') return stop.because({ kind: 'gone' });
  await reading.goOn();
  picture.notice(change === 'changed' ? 'other rules have come' : 'it was stopped, and another program has its name now');
}

type Reading = Awaited<ReturnType<typeof openReading>>;

/** What the screen shows, but for what somebody has chosen. */
async function openReading(followed: FollowedProgram) {
  const rates = createRates(HISTORY);
  const tableNow = async () => {
    const { program } = followed;
    return createEventTable(program.loaded.manifest, await interfacesOf(program.attachments), painter(false));
  };
  let table = await tableNow();
  let view: EventView | null = openEventView(followed.program.loaded);
  let events: readonly string[] = [];
  let lost = 0n;
  return {
    next() {
      const { program } = followed;
      const { hook } = program.loaded.manifest;
      const newest = (view?.newest(EVENTS) ?? []).map((event) => table.row(event).trimEnd());
      events = [...events, ...newest].slice(-EVENTS);
      for (const loss of followed.losses()) lost += loss.lost;
      const where = program.attachments.map(({ place, mode }) => `${visible(place)} (${mode})`).join(', ') || 'nowhere';
      return {
        name: program.name,
        hook,
        where,
        age: ageText(program.since_ms, Date.now()),
        rules: rates.next(counterRows(program), performance.now()),
        sets: program.loaded.sets.map((set) => {
          const { elements, size, refused } = set.state();
          return { name: set.about.name, elements, size, refused };
        }),
        events: view === null ? null : events,
        lost,
        lost_before: followed.lost_before,
        ring_used: view?.used() ?? 0,
      };
    },
    async goOn() {
      view?.close();
      view = openEventView(followed.program.loaded);
      table = await tableNow();
    },
    close() {
      view?.close();
    },
  };
}

type Picture = ReturnType<typeof createPicture>;

function createPicture(reading: Reading, screen: Screen, stop: Stop, terminal: Terminal) {
  let view: View = FIRST_VIEW;
  let notice = '';
  let read = reading.next();
  const draw = () => {
    const state: TopState = { ...read, notice, view };
    screen.draw(renderTop(state, screen.columns, screen.rows, terminal.out.paint));
  };
  return {
    draw,
    /** Counters are read while it is paused, too, so that rates stay those of one interval. */
    next() {
      const now = reading.next();
      if (view.paused) return;
      read = now;
      draw();
    },
    notice(text: string) {
      notice = text;
      draw();
    },
    pressed(text: string) {
      for (const key of keysFrom(text)) view = pressed(view, key);
      notice = '';
      if (view.quit) stop.because({ kind: 'reader' });
      else draw();
    },
  };
}
