import { visible } from '../../compiler/diagnostics/visible.ts';
import type { Command } from '../command.ts';
import { grouped } from '../events/rule-summary.ts';
import { EXIT } from '../exit-code.ts';
import { jsonLine } from '../json.ts';
import { type Cell, renderTable } from '../table.ts';

const COLUMNS = [
  { title: 'NAME', align: 'left' },
  { title: 'HOOK', align: 'left' },
  { title: 'RULES', align: 'right' },
  { title: 'PACKETS', align: 'right' },
  { title: 'FOR', align: 'right' },
  { title: 'SOURCE', align: 'left' },
  { title: 'ATTACHED TO', align: 'left' },
] as const;

export const lsCommand: Command<{ json: boolean }> = {
  usage: 'ls',
  summary: 'list the detached programs',
  examples: [
    ['$0 ls', 'names, where they are attached, what they have seen'],
    ['$0 ls --json', 'one JSON object a line'],
  ],
  exits: ['ok', 'failure', 'usage', 'machine'],
  options: (yargs) => yargs.option('json', { type: 'boolean', default: false, describe: 'one JSON object a line' }),
  async run({ json }, terminal) {
    const { eachPinned } = await import('../../runtime/pinned/pinned-program.ts');
    const { openDetachedRoot } = await import('../detached/open-root.ts');
    const { ageText, counterRows, packetsOf, stateJson, whereText } = await import('../detached/program-state.ts');
    const lines: string[] = [];
    const table: Cell[][] = [];
    for (const { name, program } of eachPinned(await openDetachedRoot(terminal))) {
      if (program === null) {
        lines.push(jsonLine({ name, unreadable: true }));
        table.push([{ text: name }, { text: 'left by another version of pktc' }]);
        continue;
      }
      const rows = counterRows(program);
      const { hook, rules, source } = program.loaded.manifest;
      lines.push(jsonLine(stateJson(program, rows)));
      table.push([
        { text: name },
        { text: hook },
        { text: grouped(rules.length) },
        { text: grouped(packetsOf(rows)) },
        { text: ageText(program.since_ms, Date.now()) },
        { text: visible(source) },
        { text: whereText(program) },
      ]);
    }
    if (json) await terminal.print(lines.join(''));
    else if (table.length === 0) terminal.say('no program is detached: `pktc run FILE -i IFACE --detach`');
    else await terminal.print(renderTable(COLUMNS, table, (text) => terminal.out.paint('bold', text)));
    return EXIT.ok;
  },
};
