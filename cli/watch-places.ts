/** Where a program is attached, as long as a command runs: interfaces go, come back, get other names, are taken down. */
import { visible } from '../compiler/diagnostics/visible.ts';
import type { AttachMode, Attachment } from '../runtime/attach.ts';
import type { LoadedProgram } from '../runtime/load.ts';
import { RuntimeError } from '../runtime/runtime-error.ts';
import type { Stop } from './stop.ts';
import type { Terminal } from './terminal.ts';

export interface Places {
  /** Detaches it everywhere. Returns whether there was a place that had gone by then. */
  close(): boolean;
}

export interface PlaceOptions {
  readonly mode: AttachMode;
  /** Whether an interface that comes back is attached to again. */
  readonly reattach: boolean;
}

interface Place {
  /** As the user named it, or the name that a pattern stood for. */
  readonly name: string;
  /** The one that is there, or was there last. */
  attachment: Attachment;
  here: boolean;
  /** Of the interface, which may have got another. */
  shown: string;
  up: boolean;
  /** It is in another network namespace. The kernel leaves XDP on it then, and takes traffic control off. */
  away: boolean;
  /** The interface is there, but another has taken the program off: nobody attaches it again then. */
  takenOff: boolean;
  /** Why it could not be attached to again, as far as that has been said. */
  said: string;
}

const LOOK_INTERVAL_MS = 200;

/**
 * Others may still be there when one interface goes; with the last one it is over, unless it is waited for.
 * @param names by ifindex; kept as they are now
 */
export async function watchPlaces(
  loaded: LoadedProgram,
  attachments: readonly Attachment[],
  names: { set(ifindex: number, name: string): void },
  { mode, reattach }: PlaceOptions,
  stop: Stop,
  terminal: Terminal,
): Promise<Places> {
  const { attach } = await import('../runtime/attach.ts');
  const { interfaceState } = await import('../runtime/interface-state.ts');
  const places = attachments.map(placeOf);
  const returned = (place: Place) => {
    try {
      place.attachment = attach(loaded, place.name, mode);
    } catch (error) {
      sayRefusal(place, error, terminal);
      return;
    }
    const { ifindex, note, mode: attachedMode } = place.attachment;
    if (ifindex !== null) names.set(ifindex, place.name);
    Object.assign(place, { here: true, shown: place.name, up: true, away: false, said: '' });
    terminal.say(`interface ${visible(place.name)} is back: attached again (${attachedMode})`);
    if (note !== null) terminal.say(`note: ${note}`);
  };
  const changed = (place: Place) => {
    const ifindex = place.attachment.indexNow();
    if (ifindex === null) return;
    const state = interfaceState(loaded, ifindex);
    if ((state === null) !== place.away) {
      place.away = state === null;
      const where = place.away ? 'in another network namespace now, with the program, which goes on there' : 'here again';
      terminal.say(`interface ${visible(place.shown)} is ${where}`);
    }
    if (state === null) return;
    if (state.name !== place.shown) {
      terminal.say(`interface ${visible(place.shown)} is called ${visible(state.name)} now, and keeps the program`);
      place.shown = state.name;
    }
    names.set(ifindex, state.name);
    if (state.up !== place.up) {
      terminal.say(
        `note: interface ${visible(state.name)} is ${state.up ? 'up again' : 'down: no packets come until it is up'}`,
      );
      place.up = state.up;
    }
  };
  const look = () => {
    for (const place of places) {
      if (place.here && place.attachment.gone()) {
        place.takenOff =
          place.attachment.mode === 'dispatcher' && interfaceState(loaded, place.attachment.ifindex ?? 0) !== null;
        sayGone(place, reattach, terminal);
      }
      if (place.here) changed(place);
      else if (reattach && !place.takenOff) returned(place);
    }
    if (!places.some(({ here, takenOff }) => here || (reattach && !takenOff))) stop.because({ kind: 'gone' });
  };
  const timer = setInterval(look, LOOK_INTERVAL_MS);
  return {
    close() {
      clearInterval(timer);
      const lost = places.some(({ here, attachment }) => !here || attachment.gone());
      for (const { attachment } of places) attachment.close();
      return lost;
    },
  };
}

function placeOf(attachment: Attachment): Place {
  const { place } = attachment;
  return { name: place, attachment, here: true, shown: place, up: true, away: false, takenOff: false, said: '' };
}

function sayGone(place: Place, reattach: boolean, terminal: Terminal): void {
  place.here = false;
  place.attachment.close();
  if (place.takenOff) {
    terminal.say(`the program has been taken out of the dispatcher on ${visible(place.shown)}`);
    return;
  }
  const what = place.attachment.ifname === null ? 'control group' : 'interface';
  const then = reattach ? ': waiting for it to come back' : '';
  terminal.say(`${what} ${visible(place.shown)} went away, and the program with it${then}`);
}

/** That it is not there yet goes without saying. */
function sayRefusal(place: Place, error: unknown, terminal: Terminal): void {
  if (!(error instanceof RuntimeError)) throw error;
  if (error.code === 'PKT6001' || error.code === 'PKT6015' || error.message === place.said) return;
  place.said = error.message;
  terminal.say(`note: ${visible(place.name)} is back, and cannot be attached to yet: ${error.message}`);
}
