/** (c) From the text to packets being judged, by number of rules: time, memory, and a change of one rule. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_OPTIONS } from '../cli/node-options.ts';
import { medianOf } from '../runtime/timing/time-in-turn.ts';
import type { Phases } from './compile-once.ts';
import type { Part, Table } from './part.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { rulesText } from './rule.ts';
import { generatedSet, SIZES } from './rule-sets.ts';

const KINDS: readonly string[] = ['acl IPv4', 'acl IPv6', 'fw IPv4', 'fw IPv6'];
const QUICK_SIZES: readonly number[] = [10, 1000];
const LOADER = fileURLToPath(new URL('../test/kernel/typescript-loader.mjs', import.meta.url));
const ONCE = fileURLToPath(new URL('./compile-once.ts', import.meta.url));
const PKTC = fileURLToPath(new URL('../cli/pktc.sh', import.meta.url));
const STARTS = 3;

interface Measured extends Phases {
  /** `pktc run` with the object in the cache, from its start until it says that it is attached. */
  readonly run_ms: number | null;
}

export const compiling: Part = {
  name: 'compile',
  summary: 'time and memory of the compiler, of loading, of `pktc run` as a whole, and of changing a rule',
  async run(options, say) {
    const sizes = options.sizes ?? (options.quick ? QUICK_SIZES : SIZES);
    const receiver = openReceiver('compile');
    const tables: Table[] = [];
    for (const kind of options.kinds ?? KINDS) {
      const measured: Measured[] = [];
      for (const size of sizes) {
        measured.push(await measure(kind, size, receiver));
        say(`${kind}, ${size}: ${JSON.stringify(measured.at(-1))}`);
      }
      tables.push(tableOf(kind, sizes, measured, options.quick));
    }
    receiver.close();
    return tables;
  },
};

/** In a process of its own, so that its largest memory is of this alone; the first compilation fills a cache of its own. */
async function measure(kind: string, size: number, receiver: Receiver): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-bench-'));
  const env = { ...process.env, PKTC_CACHE_DIR: path.join(folder, 'cache') };
  try {
    const parameters = [...NODE_OPTIONS, '--import', LOADER, ONCE, kind, String(size), receiver.ifname];
    const output = receiver.run(() =>
      execFileSync(process.execPath, parameters, {
        encoding: 'utf8',
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
        maxBuffer: 1 << 26,
      }),
    );
    const phases = JSON.parse(output) as Phases;
    if (phases.refused !== undefined) return { ...phases, run_ms: null };
    const file = path.join(folder, 'bench.rules');
    writeFileSync(file, rulesText(generatedSet(kind, size).rules, { default: 'pass' }));
    const times: number[] = [];
    for (let start = 0; start < STARTS; start++) times.push(await untilAttached(file, receiver, env));
    return { ...phases, run_ms: medianOf(times) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds. @throws Error with what it said when it ends before */
async function untilAttached(file: string, { run, ifname }: Receiver, env: NodeJS.ProcessEnv): Promise<number> {
  const start = performance.now();
  const child = run(() => spawn(PKTC, ['run', file, '-i', ifname], { env, stdio: ['ignore', 'ignore', 'pipe'] }));
  let said = '';
  let attached: number | null = null;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (attached !== null || !said.includes(`attached to ${ifname}`)) return;
    attached = performance.now() - start;
    child.kill('SIGINT');
  });
  await new Promise((resolve) => child.once('close', resolve));
  if (attached === null) throw new Error(`pktc run: ${said}`);
  return attached;
}

function tableOf(kind: string, sizes: readonly number[], measured: readonly Measured[], quick: boolean): Table {
  const rows: readonly (readonly [string, keyof Measured])[] = [
    ['compile, clang and all, ms', 'compile_ms'],
    ['compile, object cached, ms', 'cached_ms'],
    ['load, verifier and all, ms', 'load_ms'],
    ['attach natively, ms', 'attach_ms'],
    ['object cached, from the text until it is attached, ms', 'ready_ms'],
    ['the same by `pktc run`, from its start, ms', 'run_ms'],
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

function cell(value: Measured[keyof Measured]): string {
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 }) : '–';
}
