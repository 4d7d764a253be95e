/**
 * What the rules of one shape mean, with holes where their literals go. Found out by trying: the first rule of the shape and two
 * others of it are resolved as any rule is, and what differs between them must be what the literals explain. Where anything else
 * differs, or anything was said of them, the shape has no template, and its rules are resolved one by one. A firewall's thousand rules
 * have a hundred shapes, but hardly a dozen ways to write a predicate: where all of them are known, the first rule is enough.
 */
import type { Condition, RuleStatement } from '../../grammar/ast.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';
import { movedSyntax } from '../1-parse/moved.ts';
import { parseStatement } from '../1-parse/parse.ts';
import type { Hole, Shape } from '../1-parse/shape.ts';
import { split } from '../1-parse/split.ts';
import { type Walk, walkLine } from '../1-parse/walk-shape.ts';
import { resolveActions } from './actions.ts';
import { resolveCondition } from './condition.ts';
import { type Context, createReport } from './context.ts';
import { hashOfWords, sayingOf } from './identity.ts';
import type { DefinedNames } from './names.ts';
import { explained, type OpenPredicate, type Way } from './open-predicate.ts';
import type { Expression, Predicate, RuleActions } from './program.ts';

/** Indexes of the first and last token of something. */
export interface TokenSpan {
  readonly from: number;
  readonly to: number;
}

export type TemplateNode =
  | { readonly kind: 'and' | 'or'; readonly of: readonly TemplateNode[] }
  | { readonly kind: 'not'; readonly of: TemplateNode }
  | { readonly kind: 'fixed'; readonly predicate: Predicate; readonly tokens: TokenSpan }
  | { readonly kind: 'open'; readonly open: OpenPredicate; readonly tokens: TokenSpan };

export interface Template {
  readonly shape: Shape;
  readonly condition: TemplateNode;
  /** The predicates with holes in them, in order. */
  readonly open: readonly OpenPredicate[];
  readonly actions: RuleActions;
  /** For the identity: the state of the hash behind its words, and the literals that all its rules share, behind the holes. */
  readonly words: ReturnType<typeof hashOfWords>;
  readonly shared: readonly string[];
  /** The tokens that are its literals, two for a range. */
  readonly literals: readonly number[];
}

/** Templates by shape, of files that give no names: there nothing but the shape decides what a rule means. */
export type KnownTemplates = WeakMap<Shape, Template | null>;

/** What {@link wording} says of predicates that were tried, and what came of it. Names of the file may be in them: of one file each. */
export type KnownWays = Map<string, Way>;

/** A rule of the shape that has been resolved. */
interface Sample {
  readonly places: Uint16Array;
  readonly numbers: Float64Array;
  readonly condition: Expression;
  readonly actions: RuleActions;
}

/** @param walk of the tree that the shape is in @param ways what is found out is added */
export function templateOf(shape: Shape, walk: Walk, names: DefinedNames, ways: KnownWays): Template | null {
  const { first } = shape;
  if (!isPlain(first.condition)) return null;
  const one = sampleOf(shape, walk, shape.text, movedSyntax(first, -first.span.start), names);
  if (!one) return null;
  const condition = nodeOf({ shape, samples: [one], ways }, [one.condition]) ?? triedNode(shape, walk, names, one, ways);
  if (condition === null) return null;
  const open = openOf(condition);
  if (!shape.holes.every((hole) => open.some(({ holes }) => holes.includes(hole)))) return null;
  const { words, literals } = sayingOf(first);
  const tokens = shape.holes.flatMap(({ kind, token }) =>
    kind === 'numbers' || kind === 'ip4s' ? [token, token + 2] : [token],
  );
  const written = tokens.map((token) => shape.text.slice(shape.places[2 * token], shape.places[2 * token + 1]));
  if (written.some((text, index) => literals[index] !== text)) return null;
  const shared = literals.slice(written.length);
  return { shape, condition, open, actions: one.actions, words: hashOfWords(words), shared, literals: tokens };
}

/** Conditions in which a literal cannot decide about anything but its own predicate. */
function isPlain(condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.of.every(isPlain);
    case 'not':
    case 'group':
      return isPlain(condition.of);
    case 'bare':
      return true;
    case 'compare':
      return condition.slice === null && condition.mask === null && condition.within === null && condition.per === null;
    default:
      return false;
  }
}

/** By more rules of the shape. */
function triedNode(shape: Shape, walk: Walk, names: DefinedNames, one: Sample, ways: KnownWays): TemplateNode | null {
  const samples = [one];
  for (const probe of PROBES) {
    const text = probeText(shape, probe);
    const sample = sampleOf(shape, walk, text, onlyRule(text), names);
    if (sample === null || JSON.stringify(sample.actions) !== JSON.stringify(one.actions)) return null;
    samples.push(sample);
  }
  return nodeOf(
    { shape, samples, ways },
    samples.map((sample) => sample.condition),
  );
}

type Probe = (index: number) => {
  readonly number: readonly [number, number];
  readonly ip4: readonly [string, string];
  readonly ip6: string;
};

const PROBES: readonly Probe[] = [
  (index) => ({
    number: [2 + 3 * index, 3 + 3 * index],
    ip4: [`203.0.113.${(3 * index) % 250}`, `203.0.113.${((3 * index) % 250) + 4}`],
    ip6: `2001:db8:${(index + 1).toString(16)}::/48`,
  }),
  (index) => ({
    number: [1 + 4 * index, 1 + 4 * index],
    ip4: [`198.51.100.${(251 * index) % 256}`, `198.51.101.${index % 256}`],
    ip6: `2001:db8:ffff:${(index + 1).toString(16)}::7`,
  }),
];

/** The rule's text with other literals. */
function probeText({ text, holes, places }: Shape, probe: Probe): string {
  let result = '';
  let at = 0;
  for (const [index, { kind, token }] of holes.entries()) {
    const { number, ip4, ip6 } = probe(index);
    const isRange = kind === 'numbers' || kind === 'ip4s';
    const [first, last] = kind === 'number' || kind === 'numbers' ? number : kind === 'ip6' ? [ip6, ip6] : ip4;
    result += `${text.slice(at, places[2 * token])}${first}${isRange ? `-${last}` : ''}`;
    at = places[2 * (token + (isRange ? 2 : 0)) + 1] ?? 0;
  }
  return result + text.slice(at);
}

/** Null: something was wrong with it, or worth a warning. */
function sampleOf(shape: Shape, walk: Walk, text: string, statement: RuleStatement | null, names: DefinedNames): Sample | null {
  const source: SourceFile = { name: '', text };
  if (statement === null || !walkLine(walk, text, 0, false) || walk.node.shape !== shape) return null;
  const { report, diagnostics } = createReport(source);
  const context: Context = { source, report, names };
  const condition = resolveCondition(context, statement.condition);
  const actions = resolveActions(context, statement.actions);
  if (condition === null || actions === null || diagnostics.length > 0) return null;
  const places = walk.places.slice(0, 2 * walk.tokens);
  return { places, numbers: walk.numbers.slice(0, walk.values), condition, actions };
}

function onlyRule(text: string): RuleStatement | null {
  const source: SourceFile = { name: '', text };
  const [tokens, more] = split(source.text, () => {});
  if (tokens === undefined || more !== undefined) return null;
  const read = parseStatement(source, tokens);
  return 'kind' in read && read.kind === 'rule' ? read : null;
}

/** Several samples to find out by, or one, which must be what is known. */
interface Trial {
  readonly shape: Shape;
  readonly samples: readonly Sample[];
  readonly ways: KnownWays;
}

/** What the samples have in common at one place of their conditions; null: nothing that the literals explain. */
function nodeOf(trial: Trial, parts: readonly Expression[]): TemplateNode | null {
  const [first] = parts;
  if (first === undefined || parts.some(({ kind }) => kind !== first.kind)) return null;
  if (first.kind === 'and' || first.kind === 'or') {
    const lists = parts.map((part) => (part.kind === first.kind ? part.of : []));
    if (lists.some((list) => list.length !== first.of.length)) return null;
    const of: TemplateNode[] = [];
    for (const index of first.of.keys()) {
      const node = nodeOf(
        trial,
        lists.flatMap((list) => list[index] ?? []),
      );
      if (node === null) return null;
      of.push(node);
    }
    return { kind: first.kind, of };
  }
  if (first.kind === 'not') {
    const of = nodeOf(
      trial,
      parts.flatMap((part) => (part.kind === 'not' ? part.of : [])),
    );
    return of && { kind: 'not', of };
  }
  return first.kind === 'inner' ? null : leafOf(trial, parts as readonly Predicate[]);
}

function leafOf({ shape, samples, ways }: Trial, parts: readonly Predicate[]): TemplateNode | null {
  const spans = parts.map(({ span }, index) => tokensOf(shape, samples[index]?.places, span));
  const [tokens] = spans;
  const [predicate] = parts;
  if (!tokens || !predicate) return null;
  if (spans.some((span) => span?.from !== tokens.from || span.to !== tokens.to)) return null;
  const holes = shape.holes.filter(({ token }) => token >= tokens.from && token <= tokens.to);
  if (holes.length === 0) {
    const texts = new Set(parts.map(textOf));
    return texts.size === 1 ? { kind: 'fixed', predicate, tokens } : null;
  }
  // `port 22` is about two fields.
  const key = `${predicate.field} in ${wording(shape, holes, tokens)}`;
  const known = ways.get(key);
  const alone = samples.length === 1;
  if (alone && known === undefined) return null;
  const open = explained(
    holes,
    parts,
    samples.map(({ numbers }) => numbers),
    alone && known !== undefined ? [known] : undefined,
  );
  if (open !== null) ways.set(key, open.way);
  return open && { kind: 'open', open, tokens };
}

/** A predicate as it is written, but for its literals. */
function wording({ text, places }: Shape, holes: readonly Hole[], { from, to }: TokenSpan): string {
  const words: string[] = [];
  for (let token = from; token <= to; token += 1) {
    const hole = holes.find((one) => one.token === token);
    words.push(hole === undefined ? text.slice(places[2 * token], places[2 * token + 1]) : `\0${hole.kind}`);
    if (hole?.kind === 'numbers' || hole?.kind === 'ip4s') token += 2;
  }
  return words.join(' ');
}

/** A predicate without its place. */
function textOf(predicate: Predicate): string {
  return JSON.stringify({ ...predicate, span: null }, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

/** The tokens that a place goes from and to; null: it does not lie between tokens. */
function tokensOf({ tokens }: Shape, places: Uint16Array | undefined, { start, end }: Span): TokenSpan | null {
  let from = -1;
  let to = -1;
  for (let token = 0; token < tokens; token += 1) {
    if (places?.[2 * token] === start) from = token;
    if (places?.[2 * token + 1] === end) to = token;
  }
  return from >= 0 && to >= from ? { from, to } : null;
}

function openOf(node: TemplateNode): readonly OpenPredicate[] {
  if (node.kind === 'open') return [node.open];
  if (node.kind === 'not') return openOf(node.of);
  return node.kind === 'fixed' ? [] : node.of.flatMap(openOf);
}
