/** `pktc explain FILE`: how the rules of a file will be tried, and what that costs. */
import { type PlainPart, plainPartsOf } from '../../compiler/4-plan/plain-flow.ts';
import type { Classifier, FlowLines, Plan } from '../../compiler/4-plan/plan.ts';
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { planText } from '../emit-stage.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { examine, sayDiagnostics } from '../front-end.ts';
import { readSources } from '../rule-source.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export interface PlanOptions {
  readonly hook: HookName | undefined;
  readonly 'include-root': string[];
  readonly json: boolean;
}

/** Checks are shown so far, the first of each kind. */
const CHECKS_SHOWN = 5;
const CHECK_CHARACTERS = 60;

/** @throws Failure */
export async function explainPlan(file: string, options: PlanOptions, terminal: Terminal): Promise<ExitCode> {
  const sources = await readSources(file, options['include-root']);
  const { sound, diagnostics } = await examine(sources, options.hook ?? null);
  await sayDiagnostics(diagnostics, terminal);
  if (sound === null) return EXIT.rules;
  await terminal.print(options.json ? planText(sound.plan) : renderPlan(sound.plan, terminal));
  return EXIT.ok;
}

function renderPlan(plan: Plan, { out }: Terminal): string {
  const { program, classifier } = plan;
  const rows: readonly (readonly [string, string])[] = [
    ['hook', `${plan.hook}, default ${program.defaultVerdict}`],
    ['classifier', `${classifier.name}: ${classifier.reason}`],
    ...classifierRows(plan, classifier),
    ['reads', [...new Set(plan.slots.flatMap(({ field }) => (field === '' ? [] : [field])))].join(' ')],
    ...searchRows(plan),
    ['verifier', `${plan.cost.instructions} instructions or fewer, of ${plan.cost.limit} that a plan may take`],
  ];
  const cells = rows.map(([name, text]) => [{ text: name, style: (shown: string) => out.paint('bold', shown) }, { text }]);
  const columns = [
    { title: 'FILE', align: 'left' },
    { title: visible(program.source.name), align: 'left' },
  ] as const;
  return renderTable(columns, cells, (text) => out.paint('bold', text));
}

function classifierRows(plan: Plan, classifier: Classifier): readonly (readonly [string, string])[] {
  if (classifier.name === 'chain') return [];
  const { program } = plan;
  const { shape, src, dst, data, depth, leaf, nodes, records, checks, flowLines } = classifier;
  const { flags = null, presence = [] } = shape.bits ?? {};
  const fields = [...shape.scalars, ...(flags === null ? [] : [flags])].map(({ field }) => field);
  const dimensions = [...(src ? ['src'] : []), ...(dst ? ['dst'] : []), ...fields].join(' ');
  const each = (data.length / Math.max(1, program.rules.length)).toFixed(0);
  return [
    ['dimensions', dimensions],
    ...(presence.length === 0 ? [] : [['presence', presence.map(({ field }) => field).join(' ')] as const]),
    ['size', `${data.length} bytes, ${each} a rule: ${nodes} nodes, ${records} records`],
    ['depth', `up to ${depth} nodes, then up to ${leaf} records`],
    ['flow cache', flowLines === null ? 'none' : `${flowsText(flowLines)}, ${plainText(plainPartsOf(plan))}`],
    ['checks', checks.length === 0 ? 'none: the trees carry every condition' : checksText(program, checks)],
  ];
}

function flowsText({ ipv4, ipv6 }: FlowLines): string {
  const families = [...(ipv4 > 0 ? [`${ipv4} flows`] : []), ...(ipv6 > 0 ? [`${ipv6} of IPv6`] : [])];
  return `${families.join(' and ')} a CPU`;
}

function plainText(parts: readonly PlainPart[] | null): string {
  if (parts === null) return 'looked up by key';
  return `looked up by bytes of the headers: ${['proto', ...parts.filter((part) => part !== 'icmp')].join(' ')}`;
}

function checksText(program: Plan['program'], checks: readonly { readonly rule: number }[]): string {
  const shown = checks.slice(0, CHECKS_SHOWN).map(({ rule }) => {
    const { source, span, line } = program.rules[rule] ?? { source: program.source, span: { start: 0, end: 0 }, line: 0 };
    const text = visible(source.text.slice(span.start, span.end).replace(/\s+/g, ' '));
    return `line ${line}: ${text.length > CHECK_CHARACTERS ? `${text.slice(0, CHECK_CHARACTERS)}…` : text}`;
  });
  const more = checks.length - shown.length;
  return `${checks.length}, asked of candidates (${[...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')})`;
}

function searchRows({ patterns, events }: Plan): readonly (readonly [string, string])[] {
  return [
    ...(patterns === null ? [] : [['payload', `${patterns.searches.size} searches in one pass`] as const]),
    ...(events === null
      ? []
      : [
          ['events', `a ring a CPU, ${events.ringsBytes >> 20} MiB together, ${events.payloadBytes} bytes of payload`] as const,
        ]),
  ];
}
