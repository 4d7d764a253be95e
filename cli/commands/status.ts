import { visible } from '../../compiler/diagnostics/visible.ts';
import type { PinnedProgram } from '../../runtime/pinned/pinned-program.ts';
import type { Command } from '../command.ts';
import { answersText, grouped, renderSummary, summaryJson } from '../events/rule-summary.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { jsonLine } from '../json.ts';
import type { Terminal } from '../terminal.ts';

export const statusCommand: Command<{ name: string; json: boolean }> = {
  usage: 'status <name>',
  summary: 'say where a detached program is attached and what its rules have done',
  examples: [
    ['$0 status edge', 'where, since when, and the counters'],
    ['$0 status edge --json', 'the same as one JSON object'],
  ],
  exits: ['ok', 'failure', 'usage', 'machine'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'as `pktc ls` has it' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' }),
  async run({ name, json }, terminal) {
    const { openPinned } = await import('../../runtime/pinned/pinned-program.ts');
    const { openDetachedRoot } = await import('../detached/open-root.ts');
    const program = openPinned(await openDetachedRoot(terminal), name);
    try {
      return await status(program, json, terminal);
    } finally {
      program.close();
    }
  },
};

async function status(program: PinnedProgram, json: boolean, terminal: Terminal): Promise<ExitCode> {
  const { ageText, counterRows, packetsOf, stateJson, whereText } = await import('../detached/program-state.ts');
  const rows = counterRows(program);
  const { renderSets, setJson } = await import('../sets/set-states.ts');
  const { manifest, programs, sets } = program.loaded;
  const answers = program.loaded.answers();
  // Attached nowhere it judges no packet, whatever its counters say.
  const lost = program.attachments.filter((one) => one.gone());
  const exit = lost.length > 0 || program.attachments.length === 0 ? EXIT.failure : EXIT.ok;
  if (json) {
    const setsJson = sets.length === 0 ? {} : { sets: sets.map(setJson) };
    const program_ids = programs.map(({ id }) => id);
    await terminal.print(
      jsonLine({ ...stateJson(program, rows), program_ids, counters: summaryJson(rows), answers, ...setsJson }),
    );
    return exit;
  }
  const { paint } = terminal.out;
  const facts = [
    ['source', visible(manifest.source)],
    ['hook', manifest.hook],
    ['attached to', whereText(program)],
    ['at work for', ageText(program.since_ms, Date.now())],
    ...(program.unconfirmed_ms === null
      ? []
      : [['unconfirmed', `for ${Math.ceil(program.unconfirmed_ms / 1000)} s more: \`pktc confirm ${program.name}\``] as const]),
    ['packets', grouped(packetsOf(rows))],
    ['in the kernel as', programs.map(({ id }) => `program ${id}`).join(', ')],
    ...(answers === null ? [] : [['', answersText(answers)]]),
  ] as const;
  const width = Math.max(...facts.map(([fact]) => fact.length));
  await terminal.print(facts.map(([fact, is]) => `${paint('frame', fact.padEnd(width))}  ${is}\n`).join(''));
  await terminal.print(`\n${renderSummary(rows, paint)}`);
  if (sets.length > 0) await terminal.print(`\n${renderSets(sets, paint)}`);
  for (const { place } of lost)
    terminal.say(`${visible(place)} went away, and the program with it: \`pktc stop ${program.name}\` and run it anew`);
  return exit;
}
