/** What the phases cost that only look at rules, by their number: a process for each size, CPU time. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NODE_OPTIONS } from '../cli/node-options.ts';
import type { FrontEnd } from './front-end-once.ts';
import type { Part, Table } from './part.ts';
import { SIZES } from './rule-sets.ts';

const KINDS: readonly string[] = ['acl IPv4', 'acl IPv6'];
const QUICK_SIZES: readonly number[] = [10, 1000];
const LOADER = fileURLToPath(new URL('../test/kernel/typescript-loader.mjs', import.meta.url));
const ONCE = fileURLToPath(new URL('./front-end-once.ts', import.meta.url));

export const frontEnd: Part = {
  name: 'front-end',
  summary: 'time and memory of reading, resolving and checking rules, and of doing it again after a change',
  async run(options, say) {
    const sizes = options.sizes ?? (options.quick ? QUICK_SIZES : SIZES);
    return (options.kinds ?? KINDS).map((kind) => {
      const measured = sizes.map((size) => {
        const one = measure(kind, size);
        say(`${kind}, ${size}: ${JSON.stringify(one)}`);
        return one;
      });
      return tableOf(kind, sizes, measured, options.quick);
    });
  },
};

function measure(kind: string, size: number): FrontEnd {
  const output = execFileSync(process.execPath, [...NODE_OPTIONS, '--import', LOADER, ONCE, kind, String(size)], {
    encoding: 'utf8',
  });
  return JSON.parse(output) as FrontEnd;
}

function tableOf(kind: string, sizes: readonly number[], measured: readonly FrontEnd[], quick: boolean): Table {
  const rows: readonly (readonly [string, keyof FrontEnd])[] = [
    ['text, MB', 'text_mb'],
    ['read, ms', 'read_ms'],
    ['resolve, ms', 'resolve_ms'],
    ['check, ms', 'check_ms'],
    ['all three after one rule has changed, ms', 'changed_ms'],
    ['largest memory of the process, with nine texts in it, MB', 'memory_mb'],
  ];
  return {
    title: `Rules "${kind}" before they are planned: CPU time of a process that has done nothing before.`,
    command: `npm run bench -- --only front-end${quick ? ' --quick' : ''}`,
    head: ['rules', ...sizes.map((size) => size.toLocaleString('en'))],
    rows: rows.map(([name, key]) => [
      name,
      ...measured.map((one) => one[key].toLocaleString('en', { maximumFractionDigits: 1 })),
    ]),
  };
}
