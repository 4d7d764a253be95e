/** `X.bpf.o`, `X.manifest.json` and, where the rules are data, `X.data`, side by side. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Artifact, MANIFEST_VERSION, type Manifest } from '../runtime/abi/manifest.ts';
import { Failure } from './failure.ts';
import { jsonText } from './json.ts';
import { readBytes, shownPath } from './read-file.ts';
import { writeFilesTogether } from './replace-file.ts';

const OBJECT = '.bpf.o';
const MANIFEST = '.manifest.json';
const DATA = '.data';
const LARGEST_BYTES = 256 * 2 ** 20;
/** Up to here people read manifests, and get them with line breaks. */
const READABLE_RULES = 1000;

export interface ArtifactPaths {
  readonly object: string;
  readonly manifest: string;
  /** Written only for rules that are data. */
  readonly data: string;
}

/**
 * @param output `-o`: `X.bpf.o`, an existing folder, or `X`; null: beside the rule file.
 * @param source path of the rule file
 */
export async function artifactPaths(output: string | null, source: string): Promise<ArtifactPaths> {
  const stem = path.basename(source).replace(/\.rules$/, '') || 'rules';
  if (output === null) return pathsOf(path.join(path.dirname(source), stem));
  const isFolder = await stat(output).then(
    (stats) => stats.isDirectory(),
    () => output.endsWith('/'),
  );
  return pathsOf(isFolder ? path.join(output, stem) : output.replace(/(?:\.bpf)?\.o$/, ''));
}

function pathsOf(stem: string): ArtifactPaths {
  return { object: `${stem}${OBJECT}`, manifest: `${stem}${MANIFEST}`, data: `${stem}${DATA}` };
}

/**
 * All of them or, should the disk be full, none; an old `X.data` goes where the new artifact has none. Whoever reads between two of the
 * files being replaced finds by their hashes that they do not belong together.
 * @throws Failure
 */
export async function writeArtifact({ object, manifest, data }: Artifact, paths: ArtifactPaths): Promise<void> {
  await writeFilesTogether([
    { file: paths.data, content: data },
    { file: paths.object, content: object },
    { file: paths.manifest, content: manifestText(manifest) },
  ]);
}

/** With line breaks while people may want to read it. */
export function manifestText(manifest: Manifest): string {
  return `${jsonText(manifest, manifest.rules.length > READABLE_RULES ? 0 : 2)}\n`;
}

/**
 * @param file `X.bpf.o`
 * @throws Failure for files that are missing or no such files; RuntimeError PKT6003, PKT6004 for files that do not belong together
 */
export async function readArtifact(file: string): Promise<Artifact> {
  const paths = pathsOf(file.slice(0, -OBJECT.length));
  const [object, text] = await Promise.all([readBytes(file, LARGEST_BYTES), readBytes(paths.manifest, LARGEST_BYTES)]);
  const manifest = parseManifest(paths.manifest, text);
  const hasData = manifest.version === MANIFEST_VERSION && manifest.data !== null;
  const artifact = { object, manifest, data: hasData ? await readBytes(paths.data, LARGEST_BYTES) : null };
  const { verifyArtifact } = await import('../runtime/verify-artifact.ts');
  verifyArtifact(artifact);
  return artifact;
}

/** @throws Failure */
function parseManifest(file: string, bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    value = null;
  }
  if (!isManifest(value)) {
    throw new Failure(`${shownPath(file)} is not a manifest of pktc`, { help: 'compile the rule file again' });
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members that commands read without asking; the loader checks version and hash, and refuses another version's first. */
function isManifest(value: unknown): value is Manifest {
  return (
    isRecord(value) &&
    typeof value.version === 'number' &&
    typeof value.object_sha256 === 'string' &&
    (value.version !== MANIFEST_VERSION || hasMembers(value))
  );
}

function hasMembers(value: Record<string, unknown>): boolean {
  return (
    typeof value.hook === 'string' &&
    isPrograms(value.programs) &&
    isData(value.data) &&
    ['pass', 'drop', 'reject', 'audit'].includes(String(value.default_verdict)) &&
    isEvents(value.events) &&
    isNames(value.interfaces) &&
    isNames(value.redirects) &&
    Array.isArray(value.line_map) &&
    Array.isArray(value.rules) &&
    value.rules.every((rule) => isRecord(rule) && typeof rule.name === 'string' && typeof rule.identity === 'string')
  );
}

function isEvents(value: unknown): boolean {
  if (value === null) return true;
  return isRecord(value) && typeof value.ring_bytes === 'number' && typeof value.rings_bytes === 'number';
}

function isData(value: unknown): boolean {
  if (value === null) return true;
  return (
    isRecord(value) &&
    typeof value.sha256 === 'string' &&
    typeof value.tallies === 'boolean' &&
    typeof value.recalls === 'boolean' &&
    ['bytes', 'rule_off', 'rules'].every((name) => typeof value[name] === 'number')
  );
}

function isPrograms(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((one) => isRecord(one) && typeof one.name === 'string' && typeof one.at === 'string');
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
