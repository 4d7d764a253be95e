/** A terminal taken over for a while, and given back as it was, however the process ends. */
import type { ReadStream, WriteStream } from 'node:tty';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Draws a picture: lines that fit. Left out when the terminal has not taken the one before. */
  draw(picture: string): void;
  onKeys(pressed: (text: string) => void): void;
  onResize(resized: () => void): void;
  /** Gives it back; may be called again. False: the terminal has gone. */
  close(): boolean;
}

/** Alternate screen, no cursor, lines that are cut rather than wrapped. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

export function openScreen(input: ReadStream, output: WriteStream): Screen {
  let open = true;
  let here = true;
  const enter = () => {
    if (!open) return;
    input.setRawMode(true);
    output.write(ENTER);
  };
  const close = () => {
    if (!open) return here;
    open = false;
    output.write(LEAVE);
    try {
      input.setRawMode(false);
    } catch {
      here = false;
    }
    input.pause();
    process.off('exit', close);
    process.off('SIGCONT', enter);
    return here;
  };
  input.setEncoding('utf8').resume();
  process.on('exit', close);
  // A shell may have changed the mode while the process was stopped.
  process.on('SIGCONT', enter);
  enter();
  return {
    get columns() {
      return output.columns || 80;
    },
    get rows() {
      return output.rows || 24;
    },
    draw(picture) {
      if (!open || output.writableNeedDrain) return;
      const lines = picture.split('\n').map((line) => line + REST_OF_LINE);
      output.write(`${HOME}${lines.join('\r\n')}${REST_OF_SCREEN}`);
    },
    onKeys: (pressed) => void input.on('data', (text: string) => pressed(text)),
    onResize: (resized) => void output.on('resize', resized),
    close,
  };
}
