/** Live events as lines of a table. */
import type { Paint } from '../../compiler/diagnostics/paint.ts';
import { displayWidth, visible } from '../../compiler/diagnostics/visible.ts';
import type { Manifest } from '../../runtime/abi/manifest.ts';
import type { PacketEvent } from '../../runtime/events.ts';
import { renderRow } from '../table.ts';
import { createClockText, endpointText, payloadText, protocolText, routeText } from './packet-line.ts';
import { verdictStyle, verdictText, verdictWidth } from './verdict-style.ts';

export interface EventTable {
  readonly header: string;
  row(event: PacketEvent): string;
}

const LONGEST_RULE = 28;
/** `192.168.100.100:65535`; wider addresses widen the column from there on. */
const ENDPOINT = 21;

const COLUMNS = [
  { title: 'TIME', align: 'left' },
  { title: 'RULE', align: 'left' },
  { title: 'VERDICT', align: 'left' },
  { title: 'LEN', align: 'right' },
  { title: 'PROTOCOL', align: 'left' },
  { title: 'SOURCE → DESTINATION', align: 'left' },
] as const;

/** @param interfaces names by ifindex; shown when there are several. */
export function createEventTable(manifest: Manifest, interfaces: ReadonlyMap<number, string>, paint: Paint): EventTable {
  // Of 100,000 rules a few log.
  const rules = manifest.rules.filter(({ logs }) => logs);
  const names = new Map(rules.map(({ name }) => [name, shortened(visible(name))]));
  const verdicts = rules.map(({ verdict }) => verdict);
  const longest = [...names.values()].reduce((most, name) => Math.max(most, displayWidth(name)), 4);
  const widths = [15, longest, verdictWidth(verdicts), 5, 18, 0];
  const clock = createClockText();
  const several = interfaces.size > 1;
  const interfaceWidth = Math.max(5, ...[...interfaces.values()].map((name) => visible(name).length));
  let endpoint = ENDPOINT;
  const prefix = (text: string) => (several ? `${text.padEnd(interfaceWidth)}  ` : '');
  return {
    header: `${prefix('IFACE')}${paint(
      'bold',
      renderRow(
        COLUMNS,
        widths,
        COLUMNS.map(({ title }) => ({ text: title })),
      ),
    )}\n`,
    row(event) {
      endpoint = Math.max(endpoint, endpointText(event.src, event.sport).length);
      const cells = [
        { text: clock(event.time_ns) },
        { text: names.get(event.rule_name ?? '') ?? shortened(visible(event.rule_name ?? '?')) },
        { text: verdictText(event.verdict), style: verdictStyle(paint, event.verdict) },
        { text: String(event.length) },
        { text: protocolText(event) },
        { text: routeText(event, endpoint) + remarks(event) },
      ];
      return `${prefix(visible(interfaces.get(event.ifindex) ?? String(event.ifindex)))}${renderRow(COLUMNS, widths, cells)}\n`;
    },
  };
}

/** What only some packets have. */
function remarks(event: PacketEvent): string {
  const parts = [
    ...(event.vlan === null ? [] : [`vlan ${event.vlan}`]),
    ...(event.sample > 1 ? [`1/${event.sample}`] : []),
    ...(event.payload.length > 0 ? [`"${payloadText(event.payload).replaceAll('"', '\\"')}"`] : []),
  ];
  return parts.map((part) => `  ${part}`).join('');
}

function shortened(name: string): string {
  return name.length > LONGEST_RULE ? `${name.slice(0, 11)}…${name.slice(-(LONGEST_RULE - 12))}` : name;
}
