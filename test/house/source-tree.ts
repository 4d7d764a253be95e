/** The project's own TypeScript, read as syntax trees. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export const ROOMS = ['grammar', 'compiler', 'runtime', 'cli', 'library'] as const;

export interface SourceTree {
  /** Relative to the repository, with `/`. */
  readonly file: string;
  readonly tree: ts.SourceFile;
}

export function filesUnder(folder: string): readonly string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .sort();
}

export function parseText(file: string, text: string): SourceTree {
  return { file, tree: ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true) };
}

export function sourceTrees(): readonly SourceTree[] {
  return ROOMS.flatMap(filesUnder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => parseText(file, readFileSync(path.join(ROOT, file), 'utf8')));
}

/** Every node of the tree, parents first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

export function placeOf(source: SourceTree, node: ts.Node): string {
  const { line } = source.tree.getLineAndCharacterOfPosition(node.getStart());
  return `${source.file}:${line + 1}`;
}
