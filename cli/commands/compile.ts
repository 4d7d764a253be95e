import type { Sources } from '../../compiler/2-resolve/sources.ts';
import type { PlanOptions } from '../../compiler/4-plan/plan-program.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { artifactPaths, manifestText, writeArtifact } from '../artifact-files.ts';
import type { Command } from '../command.ts';
import { compileSource } from '../compile-source.ts';
import { astText, planText, programText, STAGES, type Stage, tokensText } from '../emit-stage.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { FLOW_CACHE_OPTION, planningOf } from '../flow-cache-option.ts';
import { examine, sayDiagnostics } from '../front-end.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { shownPath } from '../read-file.ts';
import { writeFileAtOnce } from '../replace-file.ts';
import { readSources } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  file: string;
  output: string | undefined;
  hook: HookName | undefined;
  emit: Stage | undefined;
  'include-root': string[];
  'flow-cache': boolean | undefined;
}

export const compileCommand: Command<Options> = {
  usage: 'compile <file>',
  summary: 'compile a rule file to X.bpf.o and X.manifest.json',
  examples: [
    ['$0 compile edge.rules', 'edge.bpf.o and edge.manifest.json, beside the rules'],
    ['$0 compile edge.rules -o build/', 'the same, in another folder'],
    ['$0 compile edge.rules --emit c', 'print the C; nothing else is written'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules', 'machine'],
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'a rule file, `-` for standard input' })
      .option('output', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'X.bpf.o, or a folder; with --emit, a file instead of stdout',
      })
      .option('hook', HOOK_OPTION)
      .option('include-root', INCLUDE_ROOT_OPTION)
      .option('flow-cache', FLOW_CACHE_OPTION)
      .option('emit', { choices: STAGES, describe: 'print what the compiler holds at this stage' }),
  async run({ file, output, hook, emit, 'include-root': includeRoot, 'flow-cache': flowCache }, terminal) {
    const planning = planningOf(flowCache);
    const sources = await readSources(file, includeRoot);
    if (emit !== undefined) {
      const stage = await textOfStage(emit, sources, { hook: hook ?? null, planning }, terminal);
      if (stage.text !== null && output !== undefined) await writeFileAtOnce(output, stage.text);
      else if (stage.text !== null) await terminal.print(stage.text);
      return stage.exit;
    }
    const { artifact, exit } = await compileSource(sources, hook ?? null, terminal, { planning });
    if (artifact === null) return exit;
    const paths = await artifactPaths(output ?? null, file);
    await writeArtifact(artifact, paths);
    const data = artifact.data === null ? '' : ` and ${shownPath(paths.data)}`;
    terminal.say(`wrote ${shownPath(paths.object)}${data === '' ? ' and' : ','} ${shownPath(paths.manifest)}${data}`);
    return EXIT.ok;
  },
};

interface Asked {
  readonly hook: HookName | null;
  readonly planning: PlanOptions;
}

interface StageText {
  /** null: there is none, for the rules have errors. */
  readonly text: string | null;
  readonly exit: ExitCode;
}

/** No further phase runs than is needed: tokens and syntax can be looked at whatever is wrong with the rest. */
async function textOfStage(stage: Stage, sources: Sources, asked: Asked, terminal: Terminal): Promise<StageText> {
  if (stage === 'tokens') return { text: await tokensText(sources.main), exit: EXIT.ok };
  if (stage === 'ast') {
    const { text, diagnostics } = await astText(sources.main);
    await sayDiagnostics(diagnostics, terminal);
    return { text, exit: diagnostics.length > 0 ? EXIT.rules : EXIT.ok };
  }
  if (stage === 'program' || stage === 'plan') {
    const { sound, diagnostics } = await examine(sources, asked.hook, asked.planning);
    await sayDiagnostics(diagnostics, terminal);
    if (sound === null) return { text: null, exit: EXIT.rules };
    return { text: stage === 'plan' ? planText(sound.plan) : programText(sound.program), exit: EXIT.ok };
  }
  return compiledText(stage, sources, asked, terminal);
}

async function compiledText(
  stage: 'c' | 'asm' | 'manifest',
  sources: Sources,
  { hook, planning }: Asked,
  terminal: Terminal,
): Promise<StageText> {
  const { emission, artifact, exit } = await compileSource(sources, hook, terminal, { planning });
  if (stage === 'c' && emission !== null) return { text: emission.c, exit: EXIT.ok };
  if (artifact === null) return { text: null, exit };
  if (stage === 'manifest') return { text: manifestText(artifact.manifest), exit: EXIT.ok };
  const { disassemble } = await import('../disassemble.ts');
  return { text: await disassemble(artifact.object), exit: EXIT.ok };
}
