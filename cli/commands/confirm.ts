import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  name: string;
  undo: boolean;
  wait: boolean;
}

export const confirmCommand: Command<Options> = {
  usage: 'confirm <name>',
  summary: 'keep what `reload --confirm` or `run --detach --confirm` has put to work',
  examples: [
    ['$0 confirm edge', 'the new rules stay'],
    ['$0 confirm edge --undo', 'the rules from before come back at once'],
  ],
  exits: ['ok', 'failure', 'usage', 'machine'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'as `pktc ls` has it' })
      .option('undo', { type: 'boolean', default: false, describe: 'put back what was there before, without waiting' })
      .option('wait', { type: 'boolean', default: false, hidden: true }),
  run: confirm,
};

async function confirm({ name, undo, wait }: Options, terminal: Terminal): Promise<ExitCode> {
  if (wait) {
    const { watchConfirmation } = await import('../detached/confirmation.ts');
    return watchConfirmation(name, terminal);
  }
  const { openPinRoot } = await import('../../runtime/pinned/pinned-program.ts');
  const { confirmPinned, undoPinned } = await import('../../runtime/pinned/reload.ts');
  const { undoneText } = await import('../detached/open-root.ts');
  const root = openPinRoot(process.env);
  if (undo) {
    const { undone } = await undoPinned(root, name);
    if (undone === 'no') throw nothingToConfirm(name);
    terminal.say(undone === 'stopped' ? `stopped ${name}` : `the rules of ${name} from before are back`);
    return EXIT.ok;
  }
  const kept = await confirmPinned(root, name);
  if (kept.confirmed) {
    terminal.say(`confirmed ${name}`);
    return EXIT.ok;
  }
  if (kept.undone === 'no') throw nothingToConfirm(name);
  throw new Failure(`${name} ${undoneText(kept.undone)}`, { code: 'PKT6072', help: 'give it more time: `--confirm 2m`' });
}

function nothingToConfirm(name: string): Failure {
  return new Failure(`nothing of \`${name}\` waits to be confirmed`, {
    code: 'PKT6072',
    help: `if its time was over, the rules from before are back: \`pktc status ${name}\``,
  });
}
