import type { LiteralScalar } from '../../grammar/ast.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';
import { type AddressRange, judgeAddress, judgeAddressRange } from '../../grammar/values/address.ts';
import { judgeMac, judgeMacRange } from '../../grammar/values/mac.ts';
import { judgeNumber, judgeUintRange } from '../../grammar/values/number.ts';
import { merged } from '../../grammar/values/ranges.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import type { Diagnostic, Outcome } from '../diagnostics/diagnostic.ts';
import { type Context, createReport, type Report } from './context.ts';
import { createPairs, createScanner } from './ipv4-lines.ts';
import { createScanner6 } from './ipv6-lines.ts';
import type { DefinedNames } from './names.ts';
import type { NumberRange, WideRanges } from './program.ts';
import { accept } from './value-problem.ts';
import { createWidePairs } from './wide-pairs.ts';

/** Kinds of values that a file can list. */
export type SetKind = 'address' | 'number' | 'mac';

/** What a file lists: `set NAME from "file"`. Ranges are sorted, disjoint and not adjacent. */
export interface FileSet {
  readonly source: SourceFile;
  readonly v4: readonly NumberRange[];
  readonly v6: WideRanges;
  readonly numbers: readonly NumberRange[];
  readonly macs: readonly NumberRange[];
  /** Values as they stand in the file. */
  readonly entries: number;
  /** Where the first value of a kind stands, for messages; null: there is none. */
  readonly first: Readonly<Record<SetKind, Span | null>>;
  /** Where the largest number stands. */
  readonly largest: Span | null;
  /** Lines were wrong: the set is not what the file says. */
  readonly broken: boolean;
}

/** Lines with mistakes that are told one by one. */
const WRONG_LINES_TOLD = 10;

/** Bits of the largest number that a field can hold. */
const NUMBER_BITS = 53;

/** Values of one file while it is read. */
interface Reading {
  readonly pairs: ReturnType<typeof createPairs>;
  readonly v6: ReturnType<typeof createWidePairs>;
  readonly numbers: NumberRange[];
  readonly macs: NumberRange[];
  readonly first: Record<SetKind, Span | null>;
  largest: { readonly value: number; readonly span: Span } | null;
  wrong: number;
  /** Of the first line that is not told. */
  untold: Span | null;
}

/**
 * Reads one address, prefix, range, number or MAC address a line. `#` and `;` begin comments. Lines that are an address or a
 * prefix, nearly all of most lists, are read without making a string of them.
 */
export function readFileSet(source: SourceFile): Outcome<FileSet> {
  const { report, diagnostics } = createReport(source);
  const reading: Reading = {
    pairs: createPairs(),
    v6: createWidePairs(),
    numbers: [],
    macs: [],
    first: { address: null, number: null, mac: null },
    largest: null,
    wrong: 0,
    untold: null,
  };
  const { text } = source;
  const scan = createScanner(text);
  const bounds = new Uint32Array(8);
  const scan6 = createScanner6(text, bounds);
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  /** Of the line before: most lists are of one family, and no line is of both. */
  let six = false;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const wide = six && scan6(start, end);
    const range = wide ? null : scan(start, end);
    if (range !== null) {
      reading.pairs.add(range.first, range.last);
      reading.first.address ??= { start, end };
      six = false;
    } else if (wide || (!six && scan6(start, end))) {
      reading.v6.add(bounds);
      reading.first.address ??= { start, end };
      six = true;
    } else {
      readLine(source, reading, report, start, end);
    }
    start = end + 1;
  }
  return { value: finish(source, reading), diagnostics: [...diagnostics, ...rest(source, reading)] };
}

function finish(source: SourceFile, reading: Reading): FileSet {
  const { pairs, v6, numbers, macs, first, largest, wrong } = reading;
  return {
    source,
    v4: pairs.merged(),
    v6: v6.merged(),
    numbers: merged(numbers),
    macs: merged(macs),
    entries: pairs.count() + v6.count() + numbers.length + macs.length,
    first,
    largest: largest?.span ?? null,
    broken: wrong > 0,
  };
}

/** What is wrong with the file beyond the lines that have been told. */
function rest(source: SourceFile, { wrong, untold }: Reading): readonly Diagnostic[] {
  if (untold === null) return [];
  const { report, diagnostics } = createReport(source);
  const help = 'one address, prefix, range, number or MAC address belongs on each line';
  report('PKT2056', { count: wrong - WRONG_LINES_TOLD }, untold, 'the next of them', { help });
  return diagnostics;
}

const QUIET: Report = () => null;

/** Files of values know none. */
const NO_NAMES: DefinedNames = {
  lookUp: () => undefined,
  fileSet: () => undefined,
  dynamicSet: () => undefined,
  dynamicNames: () => [],
  once: (_, make) => make(),
  use: () => {},
  all: () => [],
};

/** Any line that is not plainly an IPv4 address or prefix. */
function readLine(source: SourceFile, reading: Reading, report: Report, from: number, to: number): void {
  const literal = literalOf(source.text, from, to);
  if (literal === null) return;
  const told = reading.wrong < WRONG_LINES_TOLD;
  const names = NO_NAMES;
  const context: Context = { source, report: told ? report : QUIET, names };
  if (takeLiteral(context, reading, literal)) return;
  reading.wrong += 1;
  if (!told) reading.untold ??= literal.span;
}

/** The value of a line without blanks and comment; null: there is none. */
function literalOf(text: string, from: number, to: number): LiteralScalar | null {
  const line = text.slice(from, to);
  const comment = line.search(/[#;]/);
  const kept = comment < 0 ? line : line.slice(0, comment);
  const value = kept.trim();
  if (value === '') return null;
  const start = from + kept.indexOf(value);
  const span = { start, end: start + value.length };
  const range = shapeOf(value) === 'a MAC address' ? null : /^([^\s-]+)(\s*-\s*)([^\s-]+)$/.exec(value);
  if (range === null) return { kind: 'literal', text: value, span, to: null };
  const [, first = '', dash = '', last = ''] = range;
  const behind = start + first.length + dash.length;
  return { kind: 'literal', text: first, span, to: { text: last, span: { start: behind, end: behind + last.length } } };
}

/** False: it is wrong, which has been told. */
function takeLiteral(context: Context, reading: Reading, literal: LiteralScalar): boolean {
  const { text, to } = literal;
  switch (shapeOf(text)) {
    case 'an IPv4 address':
    case 'an IPv6 address':
    case 'an address with a port':
      return takeAddress(
        reading,
        literal,
        accept(context, literal, to ? judgeAddressRange(text, to.text) : judgeAddress(text)),
      );
    case 'a number':
      return takeNumber(context, reading, literal);
    case 'a MAC address': {
      const range = accept(context, literal, to ? judgeMacRange(text, to.text) : judgeMac(text));
      if (range === null) return false;
      reading.macs.push(range);
      reading.first.mac ??= literal.span;
      return true;
    }
    default: {
      const several = /[\s,|]/.test(text);
      const help = several ? 'write one value a line; a comment begins with `#` or `;`' : 'host names are not looked up';
      context.report('PKT2058', { text }, literal.span, 'no address, number or MAC address', { help });
      return false;
    }
  }
}

function takeAddress(reading: Reading, { span }: LiteralScalar, range: AddressRange | null): boolean {
  if (range === null) return false;
  if (range.family === 4) reading.pairs.add(range.first, range.last);
  else reading.v6.addBig([range.first, range.last]);
  reading.first.address ??= span;
  return true;
}

function takeNumber(context: Context, reading: Reading, literal: LiteralScalar): boolean {
  const { text, to, span } = literal;
  const range = to
    ? accept(context, literal, judgeUintRange(text, to.text, NUMBER_BITS))
    : pair(accept(context, literal, judgeNumber(text)));
  if (range === null) return false;
  reading.numbers.push(range);
  reading.first.number ??= span;
  if (reading.largest === null || range[1] > reading.largest.value) reading.largest = { value: range[1], span };
  return true;
}

function pair(value: number | null): NumberRange | null {
  return value === null ? null : [value, value];
}
