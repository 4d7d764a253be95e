import type { HookName } from '../../grammar/fields/field.ts';
import type { Command } from '../command.ts';
import { compileSource } from '../compile-source.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { examine, sayDiagnostics } from '../front-end.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { readBytes } from '../read-file.ts';
import type { EngineName } from '../replay/engine.ts';
import { sayError } from '../report-error.ts';
import { readSources } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  file: string;
  trace: string;
  engine: EngineName | undefined;
  hook: HookName | undefined;
  'include-root': string[];
  json: boolean;
}

const LARGEST_CAPTURE_BYTES = 2 ** 31;

export const replayCommand: Command<Options> = {
  usage: 'replay <file> <trace>',
  summary: 'run the packets of a capture through rules, in the kernel or in the reference interpreter',
  examples: [
    ['$0 replay edge.rules office.pcapng', 'the packets that match, and what each rule did'],
    ['$0 replay edge.rules office.pcap --engine interpreter --json', 'one JSON object a packet; needs no privilege'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules', 'machine'],
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'a rule file, `-` for standard input' })
      .positional('trace', { type: 'string', demandOption: true, describe: 'a capture: pcap or pcapng, Ethernet' })
      .option('engine', {
        choices: ['kernel', 'interpreter'] as const,
        describe: 'who decides; without it the kernel when you are root, else the interpreter',
      })
      .option('hook', HOOK_OPTION)
      .option('include-root', INCLUDE_ROOT_OPTION)
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a packet, the summary last' }),
  run,
};

async function run(
  { file, trace, engine, hook, 'include-root': includeRoot, json }: Options,
  terminal: Terminal,
): Promise<ExitCode> {
  const { readCapture } = await import('../../runtime/capture/read-capture.ts');
  const { replayCapture } = await import('../replay/replay-capture.ts');
  const { interpreterEngine, kernelEngine } = await import('../replay/engine.ts');
  const sources = await readSources(file, includeRoot);
  const { sound, diagnostics } = await examine(sources, hook ?? null);
  await sayDiagnostics(diagnostics, terminal);
  if (sound === null) return EXIT.rules;
  const { program } = sound;
  const capture = readCapture(await readBytes(trace, LARGEST_CAPTURE_BYTES, { growing: true }));
  const exit = capture.damage === null ? EXIT.ok : EXIT.failure;
  const replay = async (decide: Parameters<typeof replayCapture>[2]) => {
    const complete = await replayCapture(capture, program, decide, json, terminal);
    const { damage } = capture;
    if (damage)
      sayError(terminal, `${damage.message} (byte ${damage.offset}); the packets before it were replayed`, damage.help);
    return complete ? exit : EXIT.ok;
  };
  const chosen = engine ?? (process.getuid?.() === 0 ? 'kernel' : 'interpreter');
  if (engine === undefined) terminal.say(`deciding in the ${chosen} (--engine says otherwise)`);
  if (chosen === 'interpreter') return replay(interpreterEngine(program));
  // The compiler would only repeat the warnings.
  const compiled = await compileSource(sources, hook ?? null, terminal, { warnings: false });
  if (compiled.artifact === null) return compiled.exit;
  const { loadArtifact } = await import('../../runtime/load.ts');
  const loaded = loadArtifact(compiled.artifact, { offline: true, eachPacket: true });
  try {
    return await replay(kernelEngine(loaded, program));
  } finally {
    loaded.close();
  }
}
