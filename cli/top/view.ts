/** What somebody at the keyboard has chosen to see. */

export type SortKey = 'packets/s' | 'bytes/s' | 'packets' | 'lost' | 'name' | 'order';

export interface View {
  readonly sort: SortKey;
  /** Part of a rule's name. */
  readonly filter: string;
  /** The filter is being typed. */
  readonly typing: boolean;
  readonly paused: boolean;
  readonly help: boolean;
  /** Rules left out above. */
  readonly scroll: number;
  readonly quit: boolean;
}

export const FIRST_VIEW: View = {
  sort: 'packets/s',
  filter: '',
  typing: false,
  paused: false,
  help: false,
  scroll: 0,
  quit: false,
};

const SORTS: Readonly<Record<string, SortKey>> = {
  p: 'packets/s',
  b: 'bytes/s',
  t: 'packets',
  l: 'lost',
  n: 'name',
  o: 'order',
};
const LONGEST_FILTER = 64;
const PAGE = 10;
const STEPS: Readonly<Record<string, number>> = { up: -1, down: 1, pageup: -PAGE, pagedown: PAGE };

/** A key as the terminal has sent it: a character, or the name of what has none. */
export type Key = string;

const SEQUENCES: Readonly<Record<string, Key>> = {
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  '\x1b[5~': 'pageup',
  '\x1b[6~': 'pagedown',
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'interrupt',
  '\x04': 'interrupt',
  '\x1b': 'escape',
};

/** What a terminal in raw mode sends, as keys; sequences that mean nothing here are left out. */
export function keysFrom(text: string): readonly Key[] {
  return (text.match(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO[@-~]|./gsu) ?? []).flatMap((key) => {
    const named = SEQUENCES[key];
    if (named !== undefined) return [named];
    return /^[\x00-\x1f]/.test(key) ? [] : [key];
  });
}

export function pressed(view: View, key: Key): View {
  if (key === 'interrupt') return { ...view, quit: true };
  if (view.typing) return typed(view, key);
  if (view.help) return { ...view, help: false, quit: key === 'q' };
  const sort = SORTS[key];
  if (sort !== undefined) return { ...view, sort, scroll: 0 };
  const step = STEPS[key];
  if (step !== undefined) return { ...view, scroll: Math.max(0, view.scroll + step) };
  switch (key) {
    case 'q':
      return { ...view, quit: true };
    case ' ':
      return { ...view, paused: !view.paused };
    case '/':
      return { ...view, typing: true };
    case 'escape':
      return { ...view, filter: '', scroll: 0 };
    case '?':
    case 'h':
      return { ...view, help: true };
    default:
      return view;
  }
}

function typed(view: View, key: Key): View {
  if (key === 'enter') return { ...view, typing: false };
  if (key === 'escape') return { ...view, typing: false, filter: '', scroll: 0 };
  if (key === 'backspace') return { ...view, filter: [...view.filter].slice(0, -1).join(''), scroll: 0 };
  if ([...key].length > 1 || view.filter.length >= LONGEST_FILTER) return view;
  return { ...view, filter: view.filter + key, scroll: 0 };
}
