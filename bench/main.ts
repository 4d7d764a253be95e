/** `npm run bench`: see `USAGE`. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compiling } from './compile.ts';
import { cost } from './cost.ts';
import { elements } from './elements.ts';
import { events } from './events.ts';
import { frontEnd } from './front-end.ts';
import { type Options, type Part, type Table, tableText } from './part.ts';
import { peers } from './peers.ts';

const PARTS: readonly Part[] = [cost, peers, compiling, frontEnd, elements, events];

const USAGE = `usage: npm run bench -- [--quick] [--only PART] [--sizes N,N] [--sets NAME,NAME] [--json] [--write]

  --quick   a minute: few sets, few sizes
  --only    ${PARTS.map(({ name, summary }) => `${name}: ${summary}`).join('\n            ')}
  --sizes   numbers of rules, 10,1000
  --sets    rule sets, "acl IPv4,fw IPv6"
  --json    one JSON object, with every table
  --write   the tables into docs/performance.md
`;

const PAGE = path.resolve(import.meta.dirname, '../docs/performance.md');

interface Asked extends Options {
  readonly parts: readonly Part[];
  readonly json: boolean;
  readonly write: boolean;
}

/** @returns null: the command line is wrong */
function asked(parameters: readonly string[]): Asked | null {
  try {
    const { values } = parseArgs({
      args: [...parameters],
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        sizes: { type: 'string' },
        sets: { type: 'string' },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
      },
    });
    const parts = PARTS.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
    const sizes = values.sizes?.split(',').map(Number) ?? null;
    if (parts.length === 0 || sizes?.some((size) => !Number.isInteger(size) || size < 1)) return null;
    return { ...values, parts, sizes, kinds: values.sets?.split(',') ?? null };
  } catch {
    return null;
  }
}

/** @returns the page with the tables between the marks of the part. @throws Error when it has no such marks */
export function withTables(page: string, part: string, tables: readonly Table[]): string {
  const start = `<!-- bench: ${part} -->`;
  const from = page.indexOf(start);
  const to = page.indexOf('<!-- end bench -->', from);
  if (from < 0 || to < 0) throw new Error(`docs/performance.md has no place for ${part}`);
  return `${page.slice(0, from + start.length)}\n\n${tables.map(tableText).join('\n')}\n${page.slice(to)}`;
}

async function main(): Promise<number> {
  const options = asked(process.argv.slice(2));
  if (options === null) {
    process.stderr.write(USAGE);
    return 2;
  }
  const made: Record<string, readonly Table[]> = {};
  for (const part of options.parts) {
    const tables = await part.run(options, (text) => void process.stderr.write(`${text}\n`));
    made[part.name] = tables;
    if (!options.json) process.stdout.write(`\n${tables.map(tableText).join('\n')}\n`);
    if (options.write) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8'), part.name, tables));
  }
  if (options.json) process.stdout.write(`${JSON.stringify(made)}\n`);
  return 0;
}

if (process.argv[1]?.endsWith('main.ts')) {
  // So that namespaces go, too.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  process.exitCode = await main();
}
