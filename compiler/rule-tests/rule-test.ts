/** What the `test` statements of a rule file come to: packets as bytes, and what the rules are to do with them. */
import type { SourceFile, Span } from '../../grammar/source.ts';
import type { Verdict } from '../2-resolve/program.ts';
import type { PacketAbout } from '../interpret/packet-about.ts';

/** One `test "…" { … }`. Tests are beside the program, never part of it. */
export interface RuleTest {
  /** What stands between the quotes, escapes read. */
  readonly name: string;
  /** The file that the test stands in. */
  readonly source: SourceFile;
  readonly span: Span;
  /** 1-based. */
  readonly line: number;
  readonly cases: readonly TestCase[];
}

export type TestCase = PacketCase | CaptureCase;

/** `packet tcp 10.1.2.3:4000 > 192.0.2.1:22 flags SYN expect drop by syn_scan` */
export interface PacketCase {
  readonly kind: 'packet';
  /** The packet as written, from the word `packet` on, without what is expected. */
  readonly span: Span;
  /** 1-based. */
  readonly line: number;
  /** From the Ethernet header on. */
  readonly frame: Uint8Array;
  /** Interface, mark and direction, as far as the test says. */
  readonly about: PacketAbout;
  readonly timing: Timing;
  readonly expect: Expectation;
}

/** When a packet comes, in milliseconds: `after 10m`, `times 6000 over 1s`. */
export interface Timing {
  /** What goes by since the packet before. */
  readonly after_ms: number;
  /** How often it comes; what is expected is expected of the last one. */
  readonly times: number;
  /** From the first one on, evenly; the clock is as late behind them. */
  readonly over_ms: number;
}

/** `capture "office.pcap" expect drop 0` */
export interface CaptureCase {
  readonly kind: 'capture';
  readonly span: Span;
  /** 1-based. */
  readonly line: number;
  /** As written, escapes read; relative to the rule file. */
  readonly path: string;
  /** Where the path stands. */
  readonly pathSpan: Span;
  /** How many packets are to have the verdict; null: all of them. */
  readonly count: number | null;
  readonly expect: Expectation;
}

export interface Expectation {
  readonly verdict: Verdict;
  /** The label behind `by`: the rule decides, or, when it has no verdict of its own, matches. Null: whichever rule. */
  readonly rule: string | null;
  readonly span: Span;
}
