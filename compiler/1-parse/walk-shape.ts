/** Walks one line through the tree of shapes: which shape it has, where its tokens lie, and what its literals are worth. */
import { RESERVED_WORDS } from '../../grammar/tokens.ts';
import { createLiteralReader, type LiteralReader } from './read-literal.ts';
import { growEdge, growHole, growLabel, HOLE_SIZE, type HoleKind, type ShapeNode, type ShapeTree } from './shape.ts';

/** Longer lines are parsed: their places would not fit in 16 bits, and nobody writes a hundred thousand of them. */
const LINE_MAX = 4096;
const TOKENS_MAX = 512;

export interface Walk {
  readonly tree: ShapeTree;
  /** Whether places of the tree that are missing are made. */
  grow: boolean;
  /** How far it has come in the tree. */
  node: ShapeNode;
  /** Offset of the statement in the text. */
  start: number;
  /** Where the line ends: at its line feed, or at the end of the text. */
  end: number;
  /** How many tokens it has gone through, and how many numbers their values are. */
  tokens: number;
  values: number;
  /** Start and end of each token, from the start of the statement. */
  readonly places: Uint16Array;
  readonly numbers: Float64Array;
  /** What each token is: a hole's kind (the later tokens of a range: `text`), `label`, or `text`. Noted when the tree grows. */
  readonly kinds: (HoleKind | 'label' | 'text')[];
  readonly literals: LiteralReader;
}

export function createWalk(tree: ShapeTree): Walk {
  return {
    tree,
    grow: false,
    node: tree.root,
    start: 0,
    end: 0,
    tokens: 0,
    values: 0,
    places: new Uint16Array(2 * TOKENS_MAX),
    numbers: new Float64Array(HOLE_SIZE.ip6 * TOKENS_MAX),
    kinds: [],
    literals: createLiteralReader(),
  };
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** `[A-Za-z0-9_]` */
function isWordCode(code: number): boolean {
  return (code >= 97 && code <= 122) || isDigit(code) || (code >= 65 && code <= 90) || code === 95;
}

/** What may stand directly behind a word or a literal, so that the lexer ends it there, too. */
function endsToken(code: number): boolean {
  return (
    code === SPACE || code === TAB || code === LINE_FEED || code === 0x2c || code === 0x29 || code === 0x7d || endsRarely(code)
  );
}

function endsRarely(code: number): boolean {
  return code === RETURN || code === HASH || code === 0x28 || Number.isNaN(code);
}

/**
 * Goes through the line at which a statement begins at `start`. False: it has none of the shapes. What it says is right only when the
 * next line begins a statement, too.
 */
export function walkLine(walk: Walk, text: string, start: number, grow: boolean): boolean {
  walk.grow = grow;
  walk.node = walk.tree.root;
  walk.start = start;
  walk.tokens = 0;
  walk.values = 0;
  if (grow) walk.kinds.length = 0;
  let at = start;
  let behindArrow = false;
  for (;;) {
    let code = text.charCodeAt(at);
    while (code === SPACE || code === TAB) {
      at += 1;
      code = text.charCodeAt(at);
    }
    if (code === LINE_FEED || code === RETURN || code === HASH || Number.isNaN(code)) break;
    if (at - start > LINE_MAX || walk.tokens > TOKENS_MAX - 4) return false;
    if (isWordCode(code) || code === COLON) {
      const literal = !behindArrow && (isDigit(code) || code === COLON);
      at = literal ? walkLiteral(walk, text, at) : walkWord(walk, text, at, behindArrow);
    } else {
      behindArrow ||= code === DASH;
      at = walkMark(walk, text, at, code);
    }
    if (at < 0) return false;
  }
  return endLine(walk, text, at);
}

/** Whatever is left of the line is a comment; a carriage return that is no part of the line's end would end that. */
function endLine(walk: Walk, text: string, at: number): boolean {
  if (text.charCodeAt(at) === LINE_FEED) {
    walk.end = at;
    return true;
  }
  const feed = text.indexOf('\n', at);
  walk.end = feed < 0 ? text.length : feed;
  for (let index = at; index < walk.end; index += 1) {
    if (text.charCodeAt(index) === RETURN && index + 1 !== walk.end) return false;
  }
  return true;
}

function note(walk: Walk, from: number, to: number, kind: HoleKind | 'label' | 'text'): void {
  const { places, tokens, start } = walk;
  places[2 * tokens] = from - start;
  places[2 * tokens + 1] = to - start;
  if (walk.grow) walk.kinds.push(kind);
  walk.tokens = tokens + 1;
}

/** Whether `word` stands at a place; what is behind it is not looked at. */
export function standsAt(text: string, at: number, word: string): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (text.charCodeAt(at + index) !== word.charCodeAt(index)) return false;
  }
  return true;
}

function walkWord(walk: Walk, text: string, from: number, behindArrow: boolean): number {
  for (const { text: word, next } of walk.node.words) {
    const to = from + word.length;
    if (!standsAt(text, from, word) || !endsToken(text.charCodeAt(to))) continue;
    walk.node = next;
    note(walk, from, to, 'text');
    return to;
  }
  const to = endOfWord(text, from);
  const code = text.charCodeAt(to);
  if (code === COLON) return walk.tokens === 0 ? walkLabel(walk, text, from, to) : walkLiteral(walk, text, from);
  if (!walk.grow || !endsToken(code) || (isDigit(text.charCodeAt(from)) && !behindArrow)) return -1;
  // Six pairs of hexadecimal digits are a link-layer address.
  if (to - from === 17 && text[from + 2] === '-') return -1;
  const next = growEdge(walk.tree, walk.node.words, text.slice(from, to));
  if (next === null) return -1;
  walk.node = next;
  note(walk, from, to, 'text');
  return to;
}

/** Where a name ends, whose parts dots and dashes join. */
export function endOfWord(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (isWordCode(code)) at += 1;
    else if ((code === DOT || code === DASH) && isWordCode(text.charCodeAt(at + 1))) at += 2;
    else return at;
  }
}

const RESERVED: ReadonlySet<string> = new Set(RESERVED_WORDS);
const RESERVED_LONGEST = 8;

/** The colon belongs to it. */
function walkLabel(walk: Walk, text: string, from: number, colon: number): number {
  const behind = text.charCodeAt(colon + 1);
  if (colon - from <= RESERVED_LONGEST && RESERVED.has(text.slice(from, colon))) return -1;
  const next = walk.node.label ?? (walk.grow ? growLabel(walk.tree, walk.node) : null);
  if (next === null || (behind !== SPACE && behind !== TAB)) return -1;
  walk.node = next;
  note(walk, from, colon + 1, 'label');
  return colon + 1;
}

const MARKS: readonly string[] = ['->', '<=', '>=', '!=', '=', '<', '>', ',', '{', '}', '(', ')'];

/** Characters that would make another token of a mark before them. */
const JOINING = '<>=!&|*/:;-';

function walkMark(walk: Walk, text: string, from: number, code: number): number {
  for (const { text: mark, next } of walk.node.marks) {
    if (mark.charCodeAt(0) !== code || !standsAt(text, from, mark) || joins(text, from + mark.length, mark)) continue;
    walk.node = next;
    note(walk, from, from + mark.length, 'text');
    return from + mark.length;
  }
  const mark = walk.grow ? MARKS.find((one) => standsAt(text, from, one) && !joins(text, from + one.length, one)) : undefined;
  const next = mark === undefined ? null : growEdge(walk.tree, walk.node.marks, mark);
  if (mark === undefined || next === null) return -1;
  walk.node = next;
  note(walk, from, from + mark.length, 'text');
  return from + mark.length;
}

/** Brackets and commas stand for themselves; an operator is as long as it can be. */
function joins(text: string, at: number, mark: string): boolean {
  return !',{}()'.includes(mark) && JOINING.includes(text[at] ?? ' ');
}

function walkLiteral(walk: Walk, text: string, from: number): number {
  const { literals } = walk;
  let to = literals.ip4(text, from);
  if (to >= 0 && endsToken(text.charCodeAt(to))) return hole(walk, from, to, 'ip4');
  if (to >= 0 && text.charCodeAt(to) === DASH) return literals.prefixed ? -1 : walkRange(walk, text, from, to, 'ip4s');
  to = literals.number(text, from);
  if (to >= 0 && endsToken(text.charCodeAt(to))) return hole(walk, from, to, 'number');
  if (to >= 0 && text.charCodeAt(to) === DASH) return walkRange(walk, text, from, to, 'numbers');
  to = literals.ip6(text, from);
  return to >= 0 && endsToken(text.charCodeAt(to)) ? hole(walk, from, to, 'ip6') : -1;
}

function walkRange(walk: Walk, text: string, from: number, dash: number, kind: 'ip4s' | 'numbers'): number {
  const { literals } = walk;
  const { first } = literals;
  const to = kind === 'ip4s' ? literals.ip4(text, dash + 1) : literals.number(text, dash + 1);
  if (to < 0 || !endsToken(text.charCodeAt(to)) || literals.first < first) return -1;
  if (kind === 'ip4s' && literals.prefixed) return -1;
  literals.first = first;
  const end = hole(walk, from, dash, kind);
  if (end < 0) return -1;
  note(walk, dash, dash + 1, 'text');
  note(walk, dash + 1, to, 'text');
  return to;
}

function hole(walk: Walk, from: number, to: number, kind: HoleKind): number {
  const next = walk.node.holes[kind] ?? (walk.grow ? growHole(walk.tree, walk.node, kind) : null);
  if (next === null) return -1;
  const { literals, numbers, values } = walk;
  if (kind === 'ip6') {
    for (let word = 0; word < 4; word += 1) numbers[values + word] = literals.words[word] ?? 0;
    numbers[values + 4] = literals.length;
  } else {
    numbers[values] = literals.first;
    numbers[values + 1] = literals.last;
  }
  walk.values = values + HOLE_SIZE[kind];
  walk.node = next;
  note(walk, from, to, kind);
  return to;
}
