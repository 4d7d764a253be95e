import type { Program } from '../../compiler/2-resolve/program.ts';
import type { Plan } from '../../compiler/4-plan/plan.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import type { FileCost } from '../bench/measure-file.ts';
import type { Command } from '../command.ts';
import { compileSource } from '../compile-source.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { FLOW_CACHE_OPTION, planningOf } from '../flow-cache-option.ts';
import { sayDiagnostics } from '../front-end.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { jsonLine } from '../json.ts';
import { readBytes } from '../read-file.ts';
import { readSources } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  file: string;
  trace: string | undefined;
  hook: HookName | undefined;
  'flow-cache': boolean | undefined;
  'include-root': string[];
  json: boolean;
}

const LARGEST_CAPTURE_BYTES = 2 ** 31;
const SHORTEST_FRAME = 14;

export const benchCommand: Command<Options> = {
  usage: 'bench <file>',
  summary: 'measure what rules cost a packet in the kernel, beside what any program costs',
  examples: [
    ['$0 bench edge.rules', 'with packets made from the rules: matches, the last rule, misses'],
    ['$0 bench edge.rules --trace office.pcap', 'with the packets of a capture'],
    ['$0 bench edge.rules --json', 'one JSON object; times in nanoseconds, memory in bytes'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules', 'machine'],
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'a rule file, `-` for standard input' })
      .option('trace', {
        type: 'string',
        requiresArg: true,
        describe: 'a capture, pcap or pcapng: its first 8,192 packets are what is measured with',
      })
      .option('hook', { ...HOOK_OPTION, describe: 'measured is at `xdp`: `--hook xdp` takes a file for another hook there' })
      .option('include-root', INCLUDE_ROOT_OPTION)
      .option('flow-cache', FLOW_CACHE_OPTION)
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' }),
  run,
};

async function run(options: Options, terminal: Terminal): Promise<ExitCode> {
  const sources = await readSources(options.file, options['include-root']);
  const compiled = await compileSource(sources, options.hook ?? null, terminal, {
    planning: planningOf(options['flow-cache']),
  });
  const { artifact, plan, program } = compiled;
  if (artifact === null || plan === null) return compiled.exit;
  if (plan.hook !== 'xdp') {
    throw new Failure(`\`pktc bench\` measures at xdp, and these rules are for \`${plan.hook}\``, {
      exit: EXIT.usage,
      help: 'add `--hook xdp`: the rules cost the same there, and what the kernel does around them is left out',
    });
  }
  const { frames, notes } = await traceFor(options.trace, program, plan);
  const cost = await measure({ artifact, program, plan, frames }, terminal);
  if (cost === null) return EXIT.machine;
  if (options.json) {
    await terminal.print(jsonLine(costJson(cost, program, plan)));
    return EXIT.ok;
  }
  const { renderCost } = await import('../bench/render-cost.ts');
  const logs =
    plan.events === null ? [] : ['nobody reads the events that these rules log: their ring is full after some packets'];
  for (const note of [...notes, ...logs]) terminal.say(`note: ${note}`);
  const count = `${program.rules.length} rule${program.rules.length === 1 ? '' : 's'}`;
  const { memory_bytes, rules_bytes } = cost;
  const rulesPart = rules_bytes === 0 ? '' : ` (${rules_bytes.toLocaleString('en')} of them the rules)`;
  const memory = `${memory_bytes.toLocaleString('en')} bytes of kernel memory${rulesPart}`;
  await terminal.print(`${count} as a ${plan.classifier.name}, ${memory}, ${frames.length} packets\n\n`);
  await terminal.print(renderCost(cost, program, terminal));
  return EXIT.ok;
}

/** Times are medians, in nanoseconds. */
function costJson(cost: FileCost, program: Program, plan: Plan): object {
  return {
    rules: program.rules.length,
    ns_per_packet: tenths(cost.all.median_ns),
    floor_run_ns: tenths(cost.floorRun.median_ns),
    floor_parse_ns: tenths(cost.floorParse.median_ns),
    worst_ns: tenths(cost.packets[0]?.time_ns ?? cost.all.median_ns),
    strategy: plan.classifier.name,
    memory_bytes: cost.memory_bytes,
  };
}

/** What lies behind them is noise. */
function tenths(time_ns: number): number {
  return Math.round(10 * time_ns) / 10;
}

interface Measured {
  readonly artifact: Artifact;
  readonly program: Program;
  readonly plan: Plan;
  readonly frames: readonly Uint8Array[];
}

/** null: this machine has no compiler that could build the driver; that has been said. */
async function measure({ artifact, program, plan, frames }: Measured, terminal: Terminal): Promise<FileCost | null> {
  const { buildDriver } = await import('../../compiler/6-build/build-driver.ts');
  const { loadArtifact } = await import('../../runtime/load.ts');
  const { measureFile } = await import('../bench/measure-file.ts');
  const { areEven } = await import('../../runtime/timing/driver.ts');
  const even = areEven(frames) && !changesPackets(plan);
  const { value: object, diagnostics } = await buildDriver(even);
  await sayDiagnostics(diagnostics, terminal);
  if (object === null) return null;
  const loaded = loadArtifact(artifact, { offline: true });
  try {
    return measureFile(loaded, program, { object, even }, frames, terminal.progress.show);
  } finally {
    loaded.close();
    terminal.progress.clear();
  }
}

/** An answer is written over the packet that it answers, and is longer or shorter. */
function changesPackets({ program }: Plan): boolean {
  return program.defaultVerdict === 'reject' || program.rules.some(({ actions }) => actions.verdict === 'reject');
}

interface TraceAndNotes {
  readonly frames: readonly Uint8Array[];
  readonly notes: readonly string[];
}

async function traceFor(trace: string | undefined, program: Program, plan: Plan): Promise<TraceAndNotes> {
  if (trace !== undefined) return captured(trace);
  const { sampleTrace } = await import('../bench/sample-trace.ts');
  const { frames, tried, unmet } = sampleTrace(program, !plan.slots.some(({ field }) => field === 'len'));
  const notes = unmet === 0 ? [] : [`no packet was found for ${unmet} of ${tried} rules: a capture (--trace) may have some`];
  return { frames, notes };
}

async function captured(trace: string): Promise<TraceAndNotes> {
  const { readCapture } = await import('../../runtime/capture/read-capture.ts');
  const { PACKET_BYTES_MAX, TRACE_BYTES_MAX, TRACE_PACKETS_MAX } = await import('../../runtime/timing/driver.ts');
  const { frames, damage } = readCapture(await readBytes(trace, LARGEST_CAPTURE_BYTES, { growing: true }));
  const taken: Uint8Array[] = [];
  let bytes = 0;
  let left = 0;
  for (const { data } of frames) {
    if (taken.length === TRACE_PACKETS_MAX || bytes > TRACE_BYTES_MAX - PACKET_BYTES_MAX) break;
    if (data.length < SHORTEST_FRAME || data.length > PACKET_BYTES_MAX) left++;
    else {
      taken.push(data);
      bytes += data.length + 8;
    }
  }
  if (taken.length === 0) {
    throw new Failure(`there is no packet of ${SHORTEST_FRAME} to ${PACKET_BYTES_MAX} bytes in the capture`, {
      help: damage?.help ?? 'take another one, or leave --trace away: packets are then made from the rules',
    });
  }
  const notes = [];
  if (damage !== null) notes.push(`${damage.message} (byte ${damage.offset}); measured with the packets before it`);
  if (taken.length + left < frames.length) notes.push(`measured with the first ${taken.length} packets of ${frames.length}`);
  if (left > 0) notes.push(`${left} packets are not of ${SHORTEST_FRAME} to ${PACKET_BYTES_MAX} bytes, and left out`);
  return { frames: taken, notes };
}
