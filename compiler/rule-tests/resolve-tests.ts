/**
 * The `test` statements of a file: packets built, expectations held against the rules. Pure, and never throws; what is wrong with
 * a test is told like anything else in the file, and that test case is left out.
 */
import type { PacketNode, Statement, TestItem, TestStatement } from '../../grammar/ast.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { type Context, createReport } from '../2-resolve/context.ts';
import type { Program } from '../2-resolve/program.ts';
import type { Outcome } from '../diagnostics/diagnostic.ts';
import { type LineStarts, lineAt, lineStarts } from '../diagnostics/position.ts';
import type { PacketAbout } from '../interpret/packet-about.ts';
import { buildFrame, type Refuse } from './build-frame.ts';
import { resolveCount, resolveExpectation } from './expectation.ts';
import { readString } from './read-setting.ts';
import { resolvePacket } from './resolve-packet.ts';
import type { RuleTest, TestCase } from './rule-test.ts';
import { numberOf, type TestPacket } from './test-packet.ts';
import { readTiming } from './timing.ts';

/** @param program what the rules of the file, and of those it includes, came to */
export function resolveTests(
  statements: readonly Statement[],
  source: SourceFile,
  program: Program,
): Outcome<readonly RuleTest[]> {
  const tests = statements.filter((statement) => statement.kind === 'test');
  if (tests.length === 0) return { value: [], diagnostics: [] };
  const { report, diagnostics } = createReport(source);
  const names = {
    lookUp: () => undefined,
    fileSet: () => undefined,
    dynamicSet: () => undefined,
    dynamicNames: () => [],
    once: <T>(_: string, make: () => T) => make(),
    use: () => {},
    all: () => [],
  };
  const context: Context = { source, report, names };
  let starts: LineStarts | null = null;
  const lineOf = (offset: number): number => {
    starts ??= lineStarts(source.text);
    return lineAt(starts, offset) + 1;
  };
  const value = tests.map((test) => resolveTest(context, test, program, lineOf));
  return { value, diagnostics };
}

type LineOf = (offset: number) => number;

function resolveTest(context: Context, test: TestStatement, program: Program, lineOf: LineOf): RuleTest {
  const name = readString(context, test.name);
  const cases = test.items.flatMap((item) => resolveItem(context, item, program, lineOf(item.span.start)) ?? []);
  const { source } = context;
  const { span } = test;
  return { name: name === null ? test.name.text : decoded(name), source, span, line: lineOf(span.start), cases };
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function resolveItem(context: Context, item: TestItem, program: Program, line: number): TestCase | null {
  const { subject } = item;
  const expect = resolveExpectation(context, item, program);
  const count = resolveCount(context, item);
  if (subject.kind === 'capture') {
    const path = readString(context, subject.path);
    if (path === null || expect === null || count === 'refused') return null;
    const span = { start: item.span.start, end: subject.path.span.end };
    return { kind: 'capture', span, line, path: decoded(path), pathSpan: subject.path.span, count, expect };
  }
  const packet = resolvePacket(context, subject, false);
  if (packet === null) return null;
  let sound = true;
  const refuse: Refuse = (_, setting, why) => {
    sound = false;
    context.report('PKT2099', {}, placeOf(subject, setting), why);
  };
  const frame = buildFrame(packet, refuse);
  const about = aboutOf(context, packet, subject, program.hook);
  const timing = readTiming(context, subject);
  if (!sound || about === null || timing === null || expect === null || count === 'refused') return null;
  const span = { start: item.span.start, end: subject.span.end };
  return { kind: 'packet', span, line, frame, about, timing, expect };
}

/** Hooks that see packets both ways. */
const BOTH_WAYS: readonly HookName[] = ['tc', 'cgroup', 'socket'];

/** Null: the hook never sees a packet that goes this way, which is reported here. */
function aboutOf(context: Context, packet: TestPacket, node: PacketNode, hook: HookName): PacketAbout | null {
  const given = numberOf(packet, 'direction');
  const mark = numberOf(packet, 'mark');
  const about = { iface: packet.iface, ...(mark === undefined ? {} : { mark }) };
  if (given === undefined) return about;
  const direction = given === 1 ? 'egress' : 'ingress';
  const own = hook.endsWith('egress') ? 'egress' : 'ingress';
  if (own === direction || BOTH_WAYS.includes(hook)) return { ...about, direction };
  const label = `at the hook \`${hook}\` packets only ${own === 'egress' ? 'leave' : 'arrive'}`;
  return context.report('PKT2092', { setting: 'direction', protocol: packet.protocol }, placeOf(node, 'direction'), label);
}

/** Where a setting is written, in the packet or in one that it carries; the whole packet when it is not. */
function placeOf(node: PacketNode, setting: string | null) {
  const find = ({ settings }: PacketNode): PacketNode['settings'][number] | undefined =>
    settings.find(({ name }) => name.text === setting) ??
    settings.flatMap(({ value }) => (value.kind === 'packet' ? (find(value) ?? []) : []))[0];
  return find(node)?.span ?? node.span;
}
