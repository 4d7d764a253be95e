import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { jsonText } from '../json.ts';
import { packageRoot } from '../package-root.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export const explainCommand: Command<{ code: string | undefined; json: boolean }> = {
  usage: 'explain [code]',
  summary: 'say what a code such as PKT2001 means; without one, list them all',
  examples: [
    ['$0 explain PKT2001', 'the long page about one code'],
    ['$0 explain', 'every code there is'],
  ],
  exits: ['ok', 'failure', 'usage'],
  options: (yargs) =>
    yargs
      .positional('code', { type: 'string', describe: 'a code, in capitals or not; `2001` will do' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' }),
  async run({ code, json }, terminal) {
    const { CATALOG, isCode } = await import('../../compiler/diagnostics/catalog.ts');
    const list = Object.entries(CATALOG)
      .map(([name, { severity, title }]) => ({ code: name, severity, title }))
      .sort((a, b) => (a.code < b.code ? -1 : 1));
    if (code === undefined) {
      await terminal.print(json ? `${jsonText(list, 2)}\n` : listOf(list, terminal));
      return EXIT.ok;
    }
    const name = canonical(code);
    if (!isCode(name)) throw unknown(code, name, list);
    const page = await readPage(name);
    const { severity, title } = CATALOG[name];
    await terminal.print(json ? `${jsonText({ code: name, severity, title, page }, 2)}\n` : styled(page, terminal));
    return EXIT.ok;
  },
};

interface Entry {
  readonly code: string;
  readonly severity: string;
  readonly title: string;
}

function canonical(code: string): string {
  const text = code.trim().toUpperCase();
  return /^\d+$/.test(text) ? `PKT${text}` : text;
}

function unknown(code: string, name: string, list: readonly Entry[]): Failure {
  const near = list.map((entry) => entry.code).filter((other) => differences(other, name) <= 1 || other.slice(0, -1) === name);
  const help = near.length > 0 ? `did you mean ${near.slice(0, 8).join(', ')}?` : 'run `pktc explain` to see every code';
  return new Failure(`there is no code \`${visible(code)}\``, { exit: EXIT.usage, help });
}

/** Characters in which two codes of the same length differ. */
function differences(a: string, b: string): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return [...a].filter((character, index) => character !== b[index]).length;
}

async function readPage(code: string): Promise<string> {
  const file = path.join(packageRoot(), 'docs', 'diagnostics', `${code}.md`);
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new Failure(`the page of ${code} is missing from this installation (${visible(file)})`, {
      help: 'install pktc again',
    });
  }
}

function listOf(list: readonly Entry[], { out }: Terminal): string {
  const columns = [
    { title: 'CODE', align: 'left' },
    { title: 'KIND', align: 'left' },
    { title: 'MEANING', align: 'left' },
  ] as const;
  const rows = list.map(({ code, severity, title }) => [
    { text: code },
    { text: severity, style: (text: string) => out.paint(severity === 'error' ? 'error' : 'warning', text) },
    { text: title },
  ]);
  return renderTable(columns, rows, (text) => out.paint('bold', text));
}

/** Markdown is readable as it is; on a terminal the headings stand out. */
function styled(page: string, { out }: Terminal): string {
  return page.replace(/^#+ .*$/gm, (heading) => out.paint('bold', heading));
}
