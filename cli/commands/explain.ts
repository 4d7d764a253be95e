import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { PacketOptions } from '../explain/explain-packet.ts';
import { Failure } from '../failure.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { jsonText } from '../json.ts';
import { packageRoot } from '../package-root.ts';
import { STDIN } from '../rule-source.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface Options extends PacketOptions {
  code: string | undefined;
}

export const explainCommand: Command<Options> = {
  usage: 'explain [code]',
  summary:
    'say how a rule file is carried out, why it decides as it does about one packet, or what a code such as PKT2001 means',
  examples: [
    ['$0 explain edge.rules', 'chain or tree, what it costs, and why'],
    ['$0 explain PKT2001', 'the long page about one code'],
    ['$0 explain', 'every code there is'],
    ['$0 explain edge.rules --pcap office.pcap:12', 'the rule that decides about packet 12, and what each comparison found'],
    ['$0 explain edge.rules --packet - --rule ssh', 'one rule, and a packet in hex digits from standard input'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules'],
  options: (yargs) =>
    yargs
      .positional('code', {
        type: 'string',
        describe: 'a rule file, `-` for standard input; or a code, in capitals or not (`2001` will do)',
      })
      .option('packet', {
        type: 'string',
        requiresArg: true,
        conflicts: 'pcap',
        describe:
          'the packet from its Ethernet header on, in hex digits; spaces and colons may stand between them, `-` reads them',
      })
      .option('pcap', { type: 'string', requiresArg: true, describe: 'FILE:N, packet N of a capture; they count from 1' })
      .option('rule', { type: 'string', requiresArg: true, describe: 'show this rule alone: its label, or `edge.rules:12`' })
      .option('all', { type: 'boolean', default: false, describe: 'show the rules behind the one that decides, too' })
      .option('limit', {
        type: 'string',
        requiresArg: true,
        default: '20',
        describe: 'show so many rules at most, those that match and those that nearly do',
      })
      .option('iface', {
        type: 'string',
        requiresArg: true,
        describe: 'the interface that the packet comes by; without it unknown',
      })
      .option('mark', { type: 'string', requiresArg: true, describe: 'the mark that it comes with; without it 0' })
      .option('direction', {
        choices: ['ingress', 'egress'] as const,
        describe: 'which way it goes, for hooks that see both',
      })
      .option('hook', HOOK_OPTION)
      .option('include-root', INCLUDE_ROOT_OPTION)
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' }),
  async run(options, terminal) {
    const { code, json, packet, pcap } = options;
    if (packet !== undefined || pcap !== undefined) {
      if (code === undefined) throw new Failure('whose rules? name a rule file', { exit: EXIT.usage });
      const { explainPacket } = await import('../explain/explain-packet.ts');
      return explainPacket(code, options, terminal);
    }
    if (code !== undefined && isFile(code)) {
      const { explainPlan } = await import('../explain/explain-plan.ts');
      return explainPlan(code, options, terminal);
    }
    return explainCode(code, json, terminal);
  },
};

/** Codes have no dot and no slash. */
function isFile(name: string): boolean {
  return name === STDIN || /[./]/.test(name) || existsSync(name);
}

async function explainCode(code: string | undefined, json: boolean, terminal: Terminal): Promise<ExitCode> {
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
}

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
  if (near.length === 0 && !/^PKT\d*$/.test(name)) {
    return new Failure(`there is no code \`${visible(code)}\``, {
      exit: EXIT.usage,
      help: 'name a rule file, or a code: `pktc explain` lists every one',
    });
  }
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
