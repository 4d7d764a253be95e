/** `X.bpf.o` and `X.manifest.json`, side by side. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Artifact, MANIFEST_VERSION, type Manifest } from '../runtime/abi/manifest.ts';
import { Failure } from './failure.ts';
import { jsonText } from './json.ts';
import { readBytes, shownPath } from './read-file.ts';
import { writeFileAtOnce } from './replace-file.ts';

const OBJECT = '.bpf.o';
const MANIFEST = '.manifest.json';
const LARGEST_BYTES = 64 * 2 ** 20;

export interface ArtifactPaths {
  readonly object: string;
  readonly manifest: string;
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
  return { object: `${stem}${OBJECT}`, manifest: `${stem}${MANIFEST}` };
}

/** @throws Failure */
export async function writeArtifact(artifact: Artifact, paths: ArtifactPaths): Promise<void> {
  await writeFileAtOnce(paths.object, artifact.object);
  await writeFileAtOnce(paths.manifest, `${jsonText(artifact.manifest, 2)}\n`);
}

/** @param file `X.bpf.o` @throws Failure */
export async function readArtifact(file: string): Promise<Artifact> {
  const { manifest } = pathsOf(file.slice(0, -OBJECT.length));
  const [object, text] = await Promise.all([readBytes(file, LARGEST_BYTES), readBytes(manifest, LARGEST_BYTES)]);
  return { object, manifest: parseManifest(manifest, text) };
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
    ['pass', 'drop', 'audit'].includes(String(value.default_verdict)) &&
    (value.events === null || (isRecord(value.events) && typeof value.events.ring_bytes === 'number')) &&
    isNames(value.interfaces) &&
    isNames(value.redirects) &&
    Array.isArray(value.line_map) &&
    Array.isArray(value.rules) &&
    value.rules.every((rule) => isRecord(rule) && typeof rule.name === 'string')
  );
}

function isPrograms(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((one) => isRecord(one) && typeof one.name === 'string' && typeof one.at === 'string');
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
