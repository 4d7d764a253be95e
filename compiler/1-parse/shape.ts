/**
 * Rules of one shape: the same words and marks in the same order, with other addresses and numbers. Of a hundred thousand rules
 * nearly all have one of a few shapes; the first of a shape is read by the parser, the others by walking the tree of known shapes.
 */
import type { RuleStatement } from '../../grammar/ast.ts';

/** What stands in a rule's condition in the place of a literal. A range is three tokens and one hole. */
export type HoleKind = 'number' | 'numbers' | 'ip4' | 'ip4s' | 'ip6';

/** How many numbers a hole's value is: first and last, or the four words of an IPv6 address and its prefix length. */
export const HOLE_SIZE: Readonly<Record<HoleKind, number>> = { number: 2, numbers: 2, ip4: 2, ip4s: 2, ip6: 5 };

export interface Hole {
  readonly kind: HoleKind;
  /** Index of its first token. */
  readonly token: number;
  /** Index of its first number among a row's values. */
  readonly value: number;
}

export interface Shape {
  readonly number: number;
  readonly labelled: boolean;
  /** Tokens of a statement, its label's included. */
  readonly tokens: number;
  readonly holes: readonly Hole[];
  /** How many numbers the values of all holes are. */
  readonly values: number;
  /** The first rule of the shape, as it stands in its file, */
  readonly text: string;
  /** its tokens' places in that and its literals' values, */
  readonly places: Uint16Array;
  readonly numbers: Float64Array;
  /** and the same as syntax. Places in there are those of its file. */
  readonly first: RuleStatement;
}

/** A place in the tree of shapes: what may come next, and the shape of a rule that ends here. */
export interface ShapeNode {
  readonly words: { readonly text: string; readonly next: ShapeNode }[];
  readonly marks: { readonly text: string; readonly next: ShapeNode }[];
  readonly holes: Record<HoleKind, ShapeNode | null>;
  label: ShapeNode | null;
  shape: Shape | null;
}

export interface ShapeTree {
  readonly root: ShapeNode;
  readonly shapes: Shape[];
  nodes: number;
}

/** Past so many, a file is not of a few shapes, and looking for one of them is no faster than parsing. */
export const SHAPES_MAX = 4096;
const NODES_MAX = 65_536;
/** Words that one place may have: they are looked through one by one. */
const WORDS_MAX = 48;

export function createShapeTree(): ShapeTree {
  return { root: emptyNode(), shapes: [], nodes: 1 };
}

function emptyNode(): ShapeNode {
  const holes = { number: null, numbers: null, ip4: null, ip4s: null, ip6: null };
  return { words: [], marks: [], holes, label: null, shape: null };
}

/** The place behind a word or mark, made when it is not there; null: the tree is full. */
export function growEdge(tree: ShapeTree, edges: ShapeNode['words'], text: string): ShapeNode | null {
  const known = edges.find((edge) => edge.text === text);
  if (known) return known.next;
  if (edges.length >= WORDS_MAX) return null;
  const next = growNode(tree);
  if (next !== null) edges.push({ text, next });
  return next;
}

export function growHole(tree: ShapeTree, node: ShapeNode, kind: HoleKind): ShapeNode | null {
  const next = node.holes[kind] ?? growNode(tree);
  if (next !== null) node.holes[kind] = next;
  return next;
}

export function growLabel(tree: ShapeTree, node: ShapeNode): ShapeNode | null {
  node.label ??= growNode(tree);
  return node.label;
}

function growNode(tree: ShapeTree): ShapeNode | null {
  if (tree.nodes >= NODES_MAX) return null;
  tree.nodes += 1;
  return emptyNode();
}
