/** (a) What rules cost by their number and shape. */
import { availableParallelism } from 'node:os';
import { buildDriver } from '../compiler/6-build/build-driver.ts';
import { medianOf, type Times } from '../runtime/timing/time-in-turn.ts';
import { measureSet, type SetCost, type SetResult } from './measure-set.ts';
import type { Options, Part, Table } from './part.ts';
import { classBenchKinds, classBenchSet, generatedKinds, generatedSet, QUICK_KINDS, type RuleSet, SIZES } from './rule-sets.ts';

const QUICK_SIZES: readonly number[] = [10, 1000, 10_000];

export const cost: Part = {
  name: 'cost',
  summary: 'ns a packet by number and shape of rules',
  async run(options, say) {
    const { value: driver, diagnostics } = await buildDriver(true);
    if (driver === null) throw new Error(diagnostics[0]?.message ?? 'no driver');
    const kinds = kindsFor(options);
    const sizes = options.sizes ?? (options.quick ? QUICK_SIZES : SIZES);
    const rows: { name: string; results: (SetResult | null)[] }[] = [];
    for (const [name, setOf] of kinds) {
      const results: (SetResult | null)[] = [];
      for (const size of sizes) {
        const set = setOf(size);
        const result = set === null ? null : await measureSet(set, driver);
        results.push(result);
        if (result !== null) say(`${name}, ${size}: ${said(result)}`);
      }
      rows.push({ name, results });
    }
    return tables(rows, sizes, options);
  },
};

function kindsFor({ quick, kinds }: Options): readonly (readonly [string, (count: number) => RuleSet | null])[] {
  const wanted = kinds ?? (quick ? QUICK_KINDS : null);
  const generated = generatedKinds(wanted).map((name) => [name, (count: number) => generatedSet(name, count)] as const);
  const files = quick ? [] : classBenchKinds().filter((name) => wanted === null || wanted.includes(`ClassBench ${name}`));
  return [...generated, ...files.map((name) => [`ClassBench ${name}`, (count: number) => classBenchSet(name, count)] as const)];
}

function said(result: SetResult): string {
  if ('refused' in result) return `refused (${result.refused})`;
  const { all, hot, floorRun, floorParse, strategy, memory_bytes } = result;
  const times = [all, hot, floorRun, floorParse].map(({ median_ns }) => median_ns.toFixed(1));
  return `${times[0]} ns, hot ${times[1]}, floors ${times[2]} and ${times[3]}, ${strategy}, ${memory_bytes} bytes`;
}

/** Against a floor of the same rounds, round by round. */
function ratio(of: Times, floor: Times): number {
  return medianOf(of.all.map((time_ns, round) => time_ns / (floor.all[round] ?? 1)));
}

function perRule(bytes: number, rules: number): string {
  return Math.round(bytes / rules).toLocaleString('en');
}

type Rows = readonly { name: string; results: readonly (SetResult | null)[] }[];

function tables(rows: Rows, sizes: readonly number[], options: Options): readonly Table[] {
  const sets = options.kinds === null ? '' : ` --sets "${options.kinds.join(',')}"`;
  const command = `npm run bench -- --only cost${options.quick ? ' --quick' : ''}${sets}`;
  const head = ['rules', ...sizes.map((size) => size.toLocaleString('en'))];
  const cells = (show: (result: SetCost) => string) =>
    rows.map(({ name, results }) => [
      name,
      ...results.map((result) => (result === null ? '–' : 'refused' in result ? `refused (${result.refused})` : show(result))),
    ]);
  const measured = rows.flatMap(({ results }) => results.filter((one): one is SetCost => one !== null && !('refused' in one)));
  const floors = (of: 'floorRun' | 'floorParse') => medianOf(measured.map((one) => one[of].median_ns)).toFixed(1);
  const floorText =
    measured.length === 0
      ? ''
      : ` Floor A: ${floors('floorRun')} ns, floor B: ${floors('floorParse')} ns (medians of all rows).`;
  const spread = ({ all }: SetCost) => `${all.least_ns.toFixed(0)}-${all.most_ns.toFixed(0)}`;
  return [
    {
      title: `ns a packet over a cold trace of 8,192 packets, in brackets the multiple of floor B in the same rounds; c: chain, t: tree.${floorText}`,
      command,
      head,
      rows: cells(
        (one) => `${one.all.median_ns.toFixed(0)} (${ratio(one.all, one.floorParse).toFixed(1)}) ${one.strategy.charAt(0)}`,
      ),
    },
    { title: 'Least and most of the rounds, ns a packet.', command, head, rows: cells(spread) },
    {
      title: 'The same for 64 packets of the trace again and again: hot flows, as a multiple of floor B.',
      command,
      head,
      rows: cells((one) => ratio(one.hot, one.floorParse).toFixed(1)),
    },
    {
      title:
        'The cold trace without the flow cache (`--no-flow-cache`): what the trees take, which the first packet of a flow goes down.',
      command,
      head,
      rows: cells((one) =>
        one.uncached === null
          ? '–'
          : `${one.uncached.median_ns.toFixed(0)} (${ratio(one.uncached, one.floorParse).toFixed(1)})`,
      ),
    },
    {
      title:
        'A flood: each packet of the trace comes from another source in each pass, so that none is of a flow that was seen before; behind the stroke without the flow cache. In brackets the multiple of floor B of such packets.',
      command,
      head,
      rows: cells(({ flood }) => {
        if (flood === null) return '–';
        const { cached, uncached, floorParse } = flood;
        return `${cached.median_ns.toFixed(0)} / ${uncached.median_ns.toFixed(0)} (${ratio(cached, floorParse).toFixed(1)})`;
      }),
    },
    {
      title: 'Kernel memory of the rules as data, with their room to grow, bytes a rule.',
      command,
      head,
      rows: cells(({ rules_bytes, rules }) => (rules_bytes === 0 ? '–' : perRule(rules_bytes, rules))),
    },
    {
      title: `Kernel memory of all maps, bytes a rule: with a counter a rule and the flow cache, both once for each of ${availableParallelism()} CPUs.`,
      command,
      head,
      rows: cells(({ memory_bytes, rules }) => perRule(memory_bytes, rules)),
    },
  ];
}
