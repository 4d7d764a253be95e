import type { ErrorNode, IncludeStatement, Statement } from '../../grammar/ast.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';
import { movedSyntax } from '../1-parse/moved.ts';
import { type Reading, recognise } from '../1-parse/recognise.ts';
import type { Rows } from '../1-parse/rows.ts';
import { type Code, type Details, diagnostic, type ParametersOf } from '../diagnostics/catalog.ts';
import type { Diagnostic, Label, Outcome } from '../diagnostics/diagnostic.ts';
import { type PlacedFile, type Whole, wholeOf } from './placed.ts';
import { type ReferencedFiles, referenced } from './sources.ts';

/** Files within files within the main one. */
export const INCLUDE_DEPTH_MAX = 16;

/** Rules that were recognised, behind each other in one file. Their places are those in the file. */
export interface RowRun {
  readonly kind: 'rows';
  readonly file: PlacedFile;
  readonly rows: Rows;
  readonly from: number;
  readonly end: number;
}

/** A program's statements, whatever file they stand in; their places are places in `whole`. */
export interface Assembly {
  readonly whole: Whole;
  /** Those of an included file stand where its `include` was. */
  readonly statements: readonly (Statement | RowRun)[];
}

/** A file as it is read: what was parsed, or with rules that were only recognised. */
export type FileReading = Pick<Reading, 'statements'> & Partial<Pick<Reading, 'rows' | 'order' | 'lines'>>;

/** Reads an included file. */
export type ReadFile = (source: SourceFile) => Reading;

type Run = Pick<RowRun, 'kind' | 'rows' | 'from' | 'end'>;

/** A file that is being read, and the statement that led to it; null: the main one. */
interface Open {
  readonly source: SourceFile;
  readonly by: { readonly source: SourceFile; readonly span: Span } | null;
  readonly statements: Iterator<Statement | Run>;
}

interface Found {
  readonly source: SourceFile;
  readonly statement: Statement | Run;
}

/** Statements in order, rows that follow each other together. */
function* inOrder({ statements, rows, order }: FileReading): Generator<Statement | Run> {
  if (rows === undefined || order === undefined) {
    yield* statements;
    return;
  }
  let from = 0;
  let end = 0;
  for (let index = 0; index < order.length; index += 1) {
    const item = order[index] as number;
    if (item >= 0) {
      end = item + 1;
      continue;
    }
    if (end > from) yield { kind: 'rows', rows, from, end };
    from = end;
    const statement = statements[~item];
    if (statement) yield statement;
  }
  if (end > from) yield { kind: 'rows', rows, from, end };
}

/** Puts the statements of included files in the place of each `include`. A file counts once, where it is included first. */
export function include(
  main: FileReading,
  source: SourceFile,
  files: ReferencedFiles,
  read: ReadFile = recognise,
): Outcome<Assembly> {
  const diagnostics: Diagnostic[] = [];
  const found: Found[] = [];
  const sources: [SourceFile, ...SourceFile[]] = [source];
  const lines = new Map([[source, main.lines]]);
  const stack: Open[] = [{ source, by: null, statements: inOrder(main) }];
  for (let open = stack.at(-1); open; open = stack.at(-1)) {
    const next = open.statements.next();
    if (next.done) {
      stack.pop();
      continue;
    }
    const statement = next.value;
    const refused = open.by === null ? null : refusal(open.source, statement);
    if (refused !== null) diagnostics.push(refused);
    else if (statement.kind !== 'include') found.push({ source: open.source, statement });
    else {
      const taken = take(statement, stack, sources, files);
      if (taken === null) continue;
      if ('code' in taken) {
        diagnostics.push(taken);
        // So that the program is known not to be all of it.
        found.push({ source: open.source, statement: { kind: 'error', span: statement.span } satisfies ErrorNode });
        continue;
      }
      const reading = read(taken);
      for (const one of reading.diagnostics) diagnostics.push(one);
      sources.push(taken);
      lines.set(taken, reading.lines);
      stack.push({ source: taken, by: { source: open.source, span: statement.span }, statements: inOrder(reading) });
    }
  }
  const whole = wholeOf(sources, (one) => lines.get(one)?.());
  const placed = new Map(whole.files.map((file) => [file.source, file]));
  const statements = found.map(({ source: from, statement }) => {
    const file = placed.get(from) ?? (whole.files[0] as PlacedFile);
    return statement.kind === 'rows' ? { ...statement, file } : movedSyntax(statement, file.base);
  });
  return { value: { whole, statements }, diagnostics };
}

/** The file that an `include` names; null: it has been taken already. */
function take(
  statement: IncludeStatement,
  stack: readonly Open[],
  known: readonly SourceFile[],
  files: ReferencedFiles,
): SourceFile | Diagnostic | null {
  const { source } = stack.at(-1) as Open;
  const { path } = statement;
  const tell = <C extends Code>(code: C, parameters: ParametersOf<C>, text: string, details: Details = {}) =>
    diagnostic(code, parameters, { source, span: path.span, text }, details);
  const reference = referenced(files, source, path.text);
  if (!reference.found) {
    const { help, outside, reason } = reference;
    return tell(outside ? 'PKT2051' : 'PKT2050', { path: path.text, reason }, reason, { help });
  }
  const from = stack.findIndex((open) => open.source === reference.source);
  if (from >= 0) {
    const chain = [...stack.slice(from).map((open) => open.source.name), reference.source.name];
    return tell('PKT2052', { chain }, 'this file is being included', {
      related: stack
        .slice(from + 1)
        .flatMap(({ by }): readonly Label[] => (by === null ? [] : [{ ...by, text: 'by way of this' }])),
      help: 'delete one of them, or put what both files need into a third one',
    });
  }
  if (known.includes(reference.source)) return null;
  if (stack.length > INCLUDE_DEPTH_MAX) {
    const help = 'include the file from one that is nearer to the main file';
    return tell('PKT2053', { limit: INCLUDE_DEPTH_MAX }, `${INCLUDE_DEPTH_MAX} files lie round this one`, { help });
  }
  return reference.source;
}

/** What only the main file says. */
function refusal(source: SourceFile, statement: Statement | Run): Diagnostic | null {
  if (statement.kind !== 'hook' && statement.kind !== 'default') return null;
  const place = { source, span: statement.span, text: 'in a file that is included' };
  return diagnostic('PKT2054', { statement: statement.kind }, place, { help: 'put it into the main file' });
}
