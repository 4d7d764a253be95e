/** What the scripts say while they work: always stderr, so that stdout belongs to the program that follows. */
export function say(text) {
  process.stderr.write(`pktc set-up: ${text}\n`);
}

/** Something that the person at the keyboard has to put right; printed without a stack. */
export class SetupError extends Error {
  /** @param {string} message @param {string} help an imperative */
  constructor(message, help) {
    super(message);
    this.name = 'SetupError';
    this.help = help;
  }
}

/** Prints what went wrong and gives the exit code for it. @param {unknown} error */
export function report(error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`error: ${error.message}\n  = help: ${error.help}\n`);
  return 1;
}
