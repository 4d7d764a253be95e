import type { LetStatement, RowNode, Scalar, SetStatement, Statement, Value } from '../../grammar/ast.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';
import type { Report } from './context.ts';
import type { DeclaredSet } from './dynamic-sets.ts';
import type { FileSet } from './file-set.ts';

/** What a file defines with `let` and `set`. */
export interface DefinedNames {
  /** `undefined`: nobody defined it. `broken`: somebody did, and the error in it has been told. */
  readonly lookUp: (name: string) => Value | RowNode | 'broken' | undefined;
  /** What a file lists, when the name was defined with `set … from`; `lookUp` does not have it. */
  readonly fileSet: (name: string) => FileSet | undefined;
  /** A set that the program fills; `lookUp` does not have it. */
  readonly dynamicSet: (name: string) => DeclaredSet | undefined;
  readonly dynamicNames: () => readonly string[];
  /** What `make` makes, once for each key: rules that name the same long lists share what comes of them. */
  readonly once: <T extends object>(key: string, make: () => T) => T;
  /** Notes that a name is used. */
  readonly use: (name: string) => void;
  readonly all: () => Iterable<string>;
}

export interface NameTable extends DefinedNames {
  /** Notes what a `set` with a key came to; null: it is broken, which has been told. */
  readonly declare: (name: string, set: DeclaredSet | null) => void;
  /** The statements that define sets which the program fills, without second definitions. */
  readonly keyed: readonly SetStatement[];
  /** Warns about names that nothing uses. */
  readonly reportUnused: (report: Report) => void;
}

/** Words that mean something where a value stands, and the standalone words. */
function builtInWords(): ReadonlySet<string> {
  const words = new Set(['any', 'none', 'broadcast', 'multicast', ...Object.keys(BARE_WORDS)]);
  for (const { name, type } of FIELDS) {
    words.add(name);
    if (type.kind !== 'uint' && type.kind !== 'flags' && type.kind !== 'kinds') continue;
    const groups = type.kind === 'uint' ? [type.names ?? {}, ...Object.values(type.namesUnder ?? {})] : [type.names];
    for (const word of groups.flatMap(Object.keys)) words.add(word);
  }
  return words;
}

/** The scalars of a value as written, those in rows and in their lists included. */
export function scalarsOf(value: Value | RowNode): readonly Scalar[] {
  if (value.kind === 'list') return value.items.flatMap(scalarsOf);
  return value.kind === 'row' ? value.values.flatMap(scalarsOf) : [value];
}

/** The name that a statement with a syntax error would have defined. */
function nameInError(text: string, span: Span): string | null {
  const head = text.slice(span.start, Math.min(span.end, span.start + 200));
  return /^(?:let|set)\s+([A-Za-z_][\w.-]*)/.exec(head)?.[1] ?? null;
}

/**
 * Collects the names of a program; they may be used before they are defined. Reports second definitions, definitions in a
 * circle, and names that hide a word of the language.
 *
 * @param readSet null: it is broken, which has been told
 */
export function collectNames(
  statements: readonly Statement[],
  source: SourceFile,
  report: Report,
  readSet: (statement: SetStatement) => FileSet | null,
): NameTable {
  const defined = new Map<string, LetStatement | SetStatement>();
  const broken = new Set<string>();
  const sets = new Map<string, FileSet>();
  const dynamic = new Map<string, DeclaredSet>();
  const keyed: SetStatement[] = [];
  const used = new Set<string>();
  let builtIn: ReadonlySet<string> | null = null;
  for (const statement of statements) {
    if (statement.kind === 'error') {
      const name = nameInError(source.text, statement.span);
      if (name !== null) broken.add(name);
      for (const word of source.text.slice(statement.span.start, statement.span.end).match(/[A-Za-z_][\w.-]*/g) ?? [])
        used.add(word);
    }
    if (statement.kind !== 'let' && statement.kind !== 'set') continue;
    const { text, span } = statement.name;
    const earlier = defined.get(text);
    if (earlier) {
      const related = [{ source, span: earlier.name.span, text: 'first defined here' }];
      report('PKT2010', { name: text }, span, 'defined again', { related, help: 'give one of them another name' });
      continue;
    }
    defined.set(text, statement);
    if (statement.kind === 'set' && statement.key !== null) keyed.push(statement);
    const set = statement.kind === 'set' && statement.key === null ? readSet(statement) : undefined;
    if (set) sets.set(text, set);
    if (set === null) broken.add(text);
    builtIn ??= builtInWords();
    if (builtIn.has(text)) {
      report('PKT2013', { name: text }, span, 'the language knows this word', {
        help: 'where a value stands, the name defined here wins; another name keeps the built-in word readable',
      });
    }
  }
  for (const name of reportCycles(defined, source, report)) broken.add(name);
  return {
    lookUp: (name) => {
      const statement = defined.get(name);
      return broken.has(name) ? 'broken' : statement?.kind === 'let' ? statement.value : undefined;
    },
    fileSet: (name) => sets.get(name),
    dynamicSet: (name) => dynamic.get(name),
    dynamicNames: () => [...dynamic.values()].flatMap(({ name, blocks }) => (blocks ? [] : [name])),
    declare: (name, set) => {
      if (set === null) broken.add(name);
      else dynamic.set(name, set);
    },
    keyed,
    once: createMemory(),
    use: (name) => used.add(name),
    all: () => defined.keys(),
    reportUnused: (tell) => {
      for (const statement of defined.values())
        if (statement.kind === 'let') for (const name of namesIn(statement)) used.add(name);
      for (const [name, { kind, name: word }] of defined) {
        if ((kind === 'let' || sets.has(name) || dynamic.has(name)) && !used.has(name))
          tell('PKT2012', { name }, word.span, 'nothing uses this', { help: 'delete it, or use it' });
      }
    },
  };
}

function createMemory(): DefinedNames['once'] {
  const made = new Map<string, object>();
  return <T extends object>(key: string, make: () => T): T => {
    const known = made.get(key) ?? make();
    made.set(key, known);
    return known as T;
  };
}

function namesIn(statement: LetStatement): readonly string[] {
  return scalarsOf(statement.value).flatMap((scalar) => (scalar.kind === 'word' ? [scalar.text] : []));
}

/** Walks the definitions depth first, with a stack of its own: a chain may be as long as the file. Gives the names in circles. */
function reportCycles(
  defined: ReadonlyMap<string, LetStatement | SetStatement>,
  source: SourceFile,
  report: Report,
): ReadonlySet<string> {
  const inCycle = new Set<string>();
  const state = new Map<string, 'open' | 'done'>();
  for (const root of defined.keys()) {
    if (state.has(root)) continue;
    const path: { readonly name: string; readonly next: Iterator<string> }[] = [];
    const enter = (name: string): void => {
      const statement = defined.get(name);
      state.set(name, 'open');
      path.push({ name, next: (statement?.kind === 'let' ? namesIn(statement) : []).values() });
    };
    enter(root);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const { value, done } = top.next.next();
      if (done) {
        state.set(top.name, 'done');
        path.pop();
      } else if (state.get(value) === 'open') {
        const names = path.slice(path.findIndex((step) => step.name === value)).map((step) => step.name);
        for (const name of names) inCycle.add(name);
        tellCycle(names, defined, source, report);
      } else if (!state.has(value) && defined.has(value)) {
        enter(value);
      }
    }
  }
  return inCycle;
}

function tellCycle(
  names: readonly string[],
  defined: ReadonlyMap<string, LetStatement | SetStatement>,
  source: SourceFile,
  report: Report,
): void {
  const spans = names.flatMap((name) => defined.get(name)?.name.span ?? []);
  const [first, ...others] = spans.sort((a, b) => a.start - b.start);
  if (!first) return;
  report('PKT2011', { names }, first, 'its value leads back to it', {
    related: others.slice(0, 4).map((span) => ({ source, span, text: 'by way of this' })),
    help: 'a name stands for addresses, numbers or words in the end',
  });
}
