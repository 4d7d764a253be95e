/** (c) From the text to packets being judged, by number of rules: time, memory, and a change of one rule. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_OPTIONS } from '../cli/node-options.ts';
import type { Phases } from './compile-once.ts';
import type { Part, Table } from './part.ts';
import { SIZES } from './rule-sets.ts';

const KINDS: readonly string[] = ['acl IPv4', 'acl IPv6', 'fw IPv4', 'fw IPv6'];
const QUICK_SIZES: readonly number[] = [10, 1000];
const LOADER = fileURLToPath(new URL('../test/kernel/typescript-loader.mjs', import.meta.url));
const ONCE = fileURLToPath(new URL('./compile-once.ts', import.meta.url));

export const compiling: Part = {
  name: 'compile',
  summary: 'time and memory of the compiler, of loading, and of changing a rule',
  async run(options, say) {
    const sizes = options.sizes ?? (options.quick ? QUICK_SIZES : SIZES);
    const tables: Table[] = [];
    for (const kind of options.kinds ?? KINDS) {
      const measured = sizes.map((size) => {
        const phases = phasesOf(kind, size);
        say(`${kind}, ${size}: ${JSON.stringify(phases)}`);
        return phases;
      });
      tables.push(tableOf(kind, sizes, measured, options.quick));
    }
    return tables;
  },
};

/** In a process of its own, so that its largest memory is of this alone; the first compilation fills a cache of its own. */
function phasesOf(kind: string, size: number): Phases {
  const cache = mkdtempSync(path.join(tmpdir(), 'pktc-bench-'));
  try {
    const output = execFileSync(process.execPath, [...NODE_OPTIONS, '--import', LOADER, ONCE, kind, String(size)], {
      encoding: 'utf8',
      env: { ...process.env, PKTC_CACHE_DIR: cache },
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 1 << 26,
    });
    return JSON.parse(output) as Phases;
  } finally {
    rmSync(cache, { recursive: true });
  }
}

function tableOf(kind: string, sizes: readonly number[], measured: readonly Phases[], quick: boolean): Table {
  const rows: readonly (readonly [string, keyof Phases])[] = [
    ['compile, clang and all, ms', 'compile_ms'],
    ['compile, object cached, ms', 'cached_ms'],
    ['load, verifier and all, ms', 'load_ms'],
    ['cached compile and load, ms', 'ready_ms'],
    ['one rule changed: compile, ms', 'recompile_ms'],
    ['one rule changed: into the running program, ms', 'update_ms'],
    ['read the counters of all rules, ms', 'counters_ms'],
    ['largest memory of the process, MB', 'memory_mb'],
  ];
  return {
    title: `Rules "${kind}", median of three but for the first row; a process each.`,
    command: `npm run bench -- --only compile${quick ? ' --quick' : ''}`,
    head: ['rules', ...sizes.map((size) => size.toLocaleString('en'))],
    rows: [
      ...rows.map(([name, key]) => [name, ...measured.map((phases) => phases.refused ?? cell(phases[key]))]),
      ['what the change was', ...measured.map(({ update }) => update ?? '–')],
    ],
  };
}

function cell(value: Phases[keyof Phases]): string {
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 }) : '–';
}
