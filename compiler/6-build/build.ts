/** Plan and C -> Artifact: clang, unless the same C has been compiled before. */
import { createHash } from 'node:crypto';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type {
  Artifact,
  Manifest,
  ManifestData,
  ManifestEvents,
  ManifestKeyPart,
  ManifestSet,
} from '../../runtime/abi/manifest.ts';
import { DATA_LAYOUT, MANIFEST_VERSION } from '../../runtime/abi/manifest.ts';
import { plainPartsOf } from '../4-plan/plain-flow.ts';
import type { Plan, SetPlan, TreePlan } from '../4-plan/plan.ts';
import type { Emission } from '../5-emit/emit.ts';
import type { Templates } from '../5-emit/skeleton.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic, Outcome } from '../diagnostics/diagnostic.ts';
import { targetFor } from '../targets/target.ts';
import { type Clang, findClang, OLDEST_CLANG } from './find-clang.ts';
import { manifestRules } from './manifest-rules.ts';
import { cacheFolder, objectCache } from './object-cache.ts';
import { CLANG_FLAGS, type ClangRun, includedBy, runClang, type StartProcess } from './run-clang.ts';
import { readVersion } from './version.ts';
import { writeData } from './write-data.ts';

export interface BuildOptions {
  /** Where clang and the cache are looked for; `process.env` unless a test says otherwise. */
  readonly environment?: NodeJS.ProcessEnv;
  /** false: always start clang, store nothing. */
  readonly cache?: boolean;
  /** Found before: who builds many programs asks clang for its version once. */
  readonly clang?: Clang;
  /** How clang is started: who builds thousands of programs has a smaller process do it, because a large one is slow to fork. */
  readonly start?: StartProcess;
}

const INSTALL_CLANG =
  'install it (Debian: `apt-get install clang`, Fedora: `dnf install clang`), or name one with `PKTC_CLANG`';

export async function build(
  plan: Plan,
  emission: Emission,
  templates: Templates,
  options: BuildOptions = {},
): Promise<Outcome<Artifact | null>> {
  const oversized = sizeProblem(emission);
  if (oversized !== null) return { value: null, diagnostics: [oversized] };
  const environment = options.environment ?? process.env;
  const cache = options.cache === false ? null : objectCache(cacheFolder(environment));
  const clang = options.clang ?? (await findClang(environment, cache));
  const unusable = clangProblem(clang);
  if (!clang.found || unusable !== null) return { value: null, diagnostics: unusable === null ? [] : [unusable] };

  const key = cache === null ? '' : cacheKey(emission.c, templates, clang.version);
  const cached = (await cache?.get(key)) ?? null;
  if (cached !== null) return finish(plan, emission, cached, clang.version);

  const run = await runClang(clang.path, emission.c, templates, options.start);
  if (!run.ok) return { value: null, diagnostics: [runProblem(run, clang.version)] };
  await cache?.put(key, run.object);
  return finish(plan, emission, run.object, clang.version);
}

/**
 * The verifier lets a program reach 512 MiB far into a map, `BPF_MAX_VAR_OFF` in include/linux/bpf_verifier.h, and all tables are in
 * one; something is left for what else is in there.
 */
export const TABLE_BYTES_MAX = 500 * 2 ** 20;

function sizeProblem({ data }: Emission): Diagnostic | null {
  const bytes = data.reduce((sum, one) => sum + one.bytes.length, 0);
  if (bytes <= TABLE_BYTES_MAX) return null;
  const parameters = { mebibytes: Math.ceil(bytes / 2 ** 20), limit: TABLE_BYTES_MAX / 2 ** 20 };
  return diagnostic('PKT4040', parameters, null, {
    help: 'leave out what is rarely met, or split the file over several programs',
  });
}

/** What clang made and the cache keeps has zeroes where the data belongs. */
function finish(plan: Plan, emission: Emission, compiled: Uint8Array, version: string): Outcome<Artifact | null> {
  const object = writeData(compiled, emission.data);
  if (object !== null) return { value: artifactOf(plan, emission, object), diagnostics: [] };
  const help = 'a fault of pktc, not of the rules: the tables of the program are not where they should be in the object';
  return { value: null, diagnostics: [diagnostic('PKT5003', { version }, null, { help })] };
}

/** Everything that the object depends on. */
function cacheKey(c: string, templates: Templates, clangVersion: string): string {
  return JSON.stringify([clangVersion, CLANG_FLAGS, c, includedBy(c, templates)]);
}

function clangProblem(clang: Clang): Diagnostic | null {
  if (!clang.found) {
    if (clang.reason === 'missing') return diagnostic('PKT5001', {}, null, { help: INSTALL_CLANG });
    return diagnostic('PKT5004', { message: `\`${clang.path}\`: ${clang.message}` }, null, { help: INSTALL_CLANG });
  }
  if (clang.major >= OLDEST_CLANG) return null;
  return diagnostic('PKT5002', { version: clang.version, oldest: OLDEST_CLANG }, null, { help: INSTALL_CLANG });
}

function runProblem(run: Extract<ClangRun, { ok: false }>, version: string): Diagnostic {
  if (run.reason === 'failed')
    return diagnostic('PKT5004', { message: run.message }, null, {
      help: 'see `pktc explain PKT5004`, and `pktc doctor`',
    });
  const said = run.output.split('\n').find((line) => line.includes('error: ')) ?? '';
  return diagnostic('PKT5003', { version }, null, {
    help: `a fault of pktc, not of the rules: report it with the rule file and \`pktc compile FILE --emit c\` (clang: ${said.trim()})`,
  });
}

function artifactOf(plan: Plan, emission: Emission, object: Uint8Array): Artifact {
  const { program, classifier } = plan;
  const data = emission.blob;
  const manifest: Manifest = {
    version: MANIFEST_VERSION,
    pktc: readVersion(),
    source: program.source.name,
    hook: plan.hook,
    programs: targetFor(plan.hook).programs.map(({ name, at }) => ({ name, at })),
    object_sha256: createHash('sha256').update(object).digest('hex'),
    data: classifier.name === 'tree' ? manifestData(classifier, plainPartsOf(plan) !== null) : null,
    default_verdict: program.defaultVerdict,
    rules: manifestRules(program.rules),
    events: plan.events === null ? null : manifestEvents(plan.events),
    interfaces: plan.interfaces,
    redirects: plan.redirects,
    ...(plan.sets.length === 0 ? {} : { sets: plan.sets.map(manifestSet) }),
    line_map: emission.lineMap,
  };
  return { object, manifest, data };
}

function manifestEvents({ payloadBytes, ringBytes, ringsBytes }: NonNullable<Plan['events']>): ManifestEvents {
  return { payload_bytes: payloadBytes, ring_bytes: ringBytes, rings_bytes: ringsBytes };
}

function manifestSet({ set: { name, fields, size, timeout_ms }, parts }: SetPlan): ManifestSet {
  const key = fields.map((field, index): ManifestKeyPart => {
    const type = fieldNamed(field)?.type;
    if (parts[index] === 'address') return { field, type: 'address', bits: 128 };
    if (type?.kind === 'mac') return { field, type: 'mac', bits: 48 };
    return { field, type: 'number', bits: type?.kind === 'uint' || type?.kind === 'flags' ? type.bits : 32 };
  });
  return { name, key, size, timeout_ms };
}

function manifestData({ data, tallies }: TreePlan, recalls: boolean): ManifestData {
  const words = new Uint32Array(data.slice(0, DATA_LAYOUT.head_bytes).buffer);
  return {
    bytes: data.length,
    sha256: createHash('sha256').update(data).digest('hex'),
    rule_off: words[DATA_LAYOUT.rule_off / 4] ?? 0,
    rules: words[DATA_LAYOUT.rules / 4] ?? 0,
    tallies,
    recalls,
  };
}
