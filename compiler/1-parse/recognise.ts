/**
 * Reads a rule file for the phases behind: rules of a shape that was parsed before are recognised, and everything else is parsed.
 * Says the same of every text as {@link parse}; what it leaves out is the syntax of rules that nobody asks for.
 */
import type { RuleStatement, Statement } from '../../grammar/ast.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { STATEMENT_WORDS, spanOf, type Token } from '../../grammar/tokens.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type LineStarts, lineStarts } from '../diagnostics/position.ts';
import { parseStatement, spanAcross } from './parse.ts';
import { addRow, createRows, type Rows, type RowsRoom, roomFor } from './rows.ts';
import { createShapeTree, HOLE_SIZE, type Hole, SHAPES_MAX, type Shape, type ShapeTree } from './shape.ts';
import { type DeclaredNames, declaredNames, type StatementTokens, split } from './split.ts';
import { createWalk, endOfWord, standsAt, type Walk, walkLine } from './walk-shape.ts';

/** What a file says, in order. */
export interface Reading {
  readonly source: SourceFile;
  /** What was parsed. */
  readonly statements: readonly Statement[];
  /** Rules that were recognised. */
  readonly rows: Rows;
  /** The statements of the file in order: a row, or `~index` of a parsed one. */
  readonly order: readonly number[];
  readonly diagnostics: readonly Diagnostic[];
  readonly tree: ShapeTree;
  /** Where its lines begin, found out once. */
  readonly lines: () => LineStarts;
}

export interface RecogniseOptions {
  /** Texts shorter than this are parsed, which takes no time. */
  readonly shapesFrom?: number;
}

/** Characters; some hundred rules. */
const SHAPES_FROM = 1 << 14;

/** Characters that a rule has, about; room for so many is made at once. */
const RULE_LENGTH = 60;

/** A file that is being read. */
export interface Reader {
  readonly source: SourceFile;
  readonly statements: Statement[];
  readonly rows: Rows;
  readonly order: number[];
  readonly diagnostics: Diagnostic[];
  readonly tree: ShapeTree;
  readonly walk: Walk;
  readonly names: DeclaredNames;
  readonly shapes: boolean;
  readonly lines: () => LineStarts;
}

export function recognise(source: SourceFile, { shapesFrom = SHAPES_FROM }: RecogniseOptions = {}): Reading {
  const { length } = source.text;
  const reader = createReader(source, createShapeTree(), length >= shapesFrom ? roomFor(length / RULE_LENGTH) : null);
  readOn(reader, 0, () => false);
  return reader;
}

/** @param room for the rules that are recognised; null: none are @param findLines as {@link lineStarts} does, or faster */
export function createReader(
  source: SourceFile,
  tree: ShapeTree,
  room: RowsRoom | null,
  findLines: () => LineStarts = () => lineStarts(source.text),
): Reader {
  let lines: LineStarts | null = null;
  return {
    source,
    statements: [],
    rows: createRows(tree, room ?? roomFor(0)),
    order: [],
    diagnostics: [],
    tree,
    walk: createWalk(tree),
    names: declaredNames(source.text),
    shapes: room !== null,
    lines: () => {
      lines ??= findLines();
      return lines;
    },
  };
}

/** Reads statements from `from` on until one begins where `until` holds; gives its place, or the end of the text. */
export function readOn(reader: Reader, from: number, until: (start: number) => boolean): number {
  const { text } = reader.source;
  let at = nextToken(text, from);
  while (at < text.length && !until(at)) {
    const shape = shapeAt(reader, at);
    if (shape === null) {
      at = parseOn(reader, at, until);
    } else {
      reader.order.push(reader.rows.count);
      addRow(reader.rows, shape, reader.walk);
      at = nextToken(text, reader.walk.end);
    }
  }
  return at;
}

/** Parses statements until one begins that has a known shape. */
function parseOn(reader: Reader, from: number, until: (start: number) => boolean): number {
  const { source, order, statements, diagnostics } = reader;
  for (const tokens of split(source.text, () => {}, from, reader.names)) {
    const read = parseStatement(source, tokens);
    order.push(~statements.length);
    if ('code' in read) {
      diagnostics.push(read);
      statements.push({ kind: 'error', span: spanAcross(tokens) });
    } else {
      statements.push(read);
      if (read.kind === 'rule' && reader.shapes) learn(reader, read, tokens);
    }
    const next = nextToken(source.text, spanOf(tokens[tokens.length - 1] as Token).end);
    if (next < source.text.length && (until(next) || shapeAt(reader, next) !== null)) return next;
  }
  return source.text.length;
}

/** The first place from `at` on that is neither white space nor in a comment. */
function nextToken(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x23) {
      while (at < text.length && text.charCodeAt(at) !== 0x0a && text.charCodeAt(at) !== 0x0d) at += 1;
    } else if (code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b)) {
      at += 1;
    } else {
      return Math.min(at, text.length);
    }
  }
}

/** The shape of the rule that is the whole line at `at`; null: none that is known. */
function shapeAt(reader: Reader, at: number): Shape | null {
  if (!reader.shapes) return null;
  const { walk } = reader;
  const { text } = reader.source;
  if (!beginsLine(text, at) || !walkLine(walk, text, at, false)) return null;
  return walk.node.shape !== null && beginsStatement(text, nextToken(text, walk.end)) ? walk.node.shape : null;
}

function beginsLine(text: string, from: number): boolean {
  let at = from - 1;
  while (at >= 0 && (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09)) at -= 1;
  return at < 0 || text.charCodeAt(at) === 0x0a;
}

/** Whether what is on a line of its own at `at` begins a statement, whatever was before. */
function beginsStatement(text: string, at: number): boolean {
  if (at >= text.length) return true;
  if (!isLetter(text.charCodeAt(at))) return false;
  const end = endOfWord(text, at);
  const code = text.charCodeAt(end);
  if (code === 0x3a) return isSpace(text.charCodeAt(end + 1));
  return isSpace(code) && STATEMENT_WORDS.some((word) => word.length === end - at && standsAt(text, at, word));
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** What a name begins with. */
function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

const TOKEN_OF: Readonly<Record<Walk['kinds'][number], string | null>> = {
  number: 'Numeral',
  numbers: 'Numeral',
  ip4: 'Ip4',
  ip4s: 'Ip4',
  ip6: 'Ip6',
  label: 'Label',
  text: null,
};

/** Puts the shape of a rule that is a line of its own into the tree, where the walk agrees with the lexer about every token. */
function learn(reader: Reader, first: RuleStatement, tokens: StatementTokens): void {
  const { walk, tree, source } = reader;
  const { start, end } = spanAcross(tokens);
  if (tree.shapes.length >= SHAPES_MAX || first.steps !== null || !beginsLine(source.text, start)) return;
  // What adds to sets has rules of its own beside it, and is looked for before the rules are.
  if (first.actions.some(({ name }) => name.text === 'add' || name.text === 'block')) return;
  if (!walkLine(walk, source.text, start, true) || walk.tokens !== tokens.length || walk.node.shape !== null) return;
  for (const [index, { startOffset, image, tokenType }] of tokens.entries()) {
    const wanted = TOKEN_OF[walk.kinds[index] ?? 'text'];
    const same =
      walk.places[2 * index] === startOffset - start && walk.places[2 * index + 1] === startOffset - start + image.length;
    if (!same || (wanted !== null && wanted !== tokenType.name)) return;
  }
  const holes: Hole[] = [];
  let value = 0;
  for (const [token, kind] of walk.kinds.entries()) {
    if (kind === 'text' || kind === 'label') continue;
    holes.push({ kind, token, value });
    value += HOLE_SIZE[kind];
  }
  const shape: Shape = {
    number: tree.shapes.length,
    labelled: walk.kinds[0] === 'label',
    tokens: tokens.length,
    holes,
    values: value,
    text: source.text.slice(start, end),
    places: walk.places.slice(0, 2 * tokens.length),
    numbers: walk.numbers.slice(0, value),
    first,
  };
  walk.node.shape = shape;
  tree.shapes.push(shape);
}
