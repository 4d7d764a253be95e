import { displayWidth, visible } from '../../compiler/diagnostics/visible.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { jsonText } from '../json.ts';

export const doctorCommand: Command<{ json: boolean }> = {
  usage: 'doctor',
  summary: 'say what this machine can do for pktc, and what to do about what it cannot',
  examples: [
    ['$0 doctor', 'a list of checks'],
    ['$0 doctor --json', 'the same for programs'],
  ],
  exits: ['ok', 'usage', 'machine'],
  options: (yargs) => yargs.option('json', { type: 'boolean', default: false, describe: 'print one JSON object' }),
  async run({ json }, terminal) {
    const { examineMachine } = await import('../doctor/examine-machine.ts');
    const { checks, machine } = await examineMachine();
    const fails = checks.some((check) => check.state === 'missing');
    if (json) {
      await terminal.print(`${jsonText({ version: 1, ok: !fails, checks, machine }, 2)}\n`);
      return fails ? EXIT.machine : EXIT.ok;
    }
    const { paint } = terminal.out;
    const marks = { ok: paint('help', '✓'), note: paint('warning', '!'), missing: paint('error', '✗') };
    const width = Math.max(...checks.map(({ name }) => displayWidth(name)));
    for (const { name, state, found, help } of checks) {
      await terminal.print(`${marks[state]} ${name.padEnd(width)}  ${visible(found)}\n`);
      if (help !== null)
        await terminal.print(`  ${' '.repeat(width)}  ${paint('frame', '=')} ${paint('help', 'help:')} ${visible(help)}\n`);
    }
    await terminal.print(fails ? '\nsome of what pktc needs is missing here\n' : '\neverything that pktc needs is here\n');
    return fails ? EXIT.machine : EXIT.ok;
  },
};
