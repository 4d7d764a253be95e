/** (b) The whole way of a packet through the stack to where it is dropped, ours beside others with the same rules. */
import { execFileSync } from 'node:child_process';
import { buildDriver } from '../compiler/6-build/build-driver.ts';
import { type LiveSender, openLiveSender } from '../runtime/timing/live-sender.ts';
import { type Times, timesOf } from '../runtime/timing/time-in-turn.ts';
import { makeTrace } from './make-trace.ts';
import { frameOf } from './packet.ts';
import type { Part, Table } from './part.ts';
import { type Installed, PEERS, type Peer } from './peer.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { generatedSet, SIZES } from './rule-sets.ts';

const KIND = 'acl IPv4';
const QUICK_SIZES: readonly number[] = [10, 1000];
const ROUNDS = 5;
const ROUND_NS = 200e6;
const PACKETS_MAX = 500_000;
const PROBE_PACKETS = 4096;
/** One batch. */
const FEW_PACKETS = 64;
const TRACE_SEED = 7;

type Result = { readonly times: Times; readonly note: string | null } | { readonly why: string };

export const peers: Part = {
  name: 'peers',
  summary: 'the whole path through the stack, beside nftables, iptables and libpcap',
  async run(options, say) {
    const { value: driver, diagnostics } = await buildDriver(true);
    if (driver === null) throw new Error(diagnostics[0]?.message ?? 'no driver');
    const sizes = options.sizes ?? (options.quick ? QUICK_SIZES : SIZES);
    const rows = new Map<string, string[]>(PEERS.map(({ name }) => [name, []]));
    const spreads = new Map<string, string[]>(PEERS.map(({ name }) => [name, []]));
    for (const size of sizes) {
      const results = await measureSize(size, driver, say);
      for (const [peer, result] of results) {
        say(`${peer.name}, ${size}: ${cell(result)}`);
        rows.get(peer.name)?.push(cell(result));
        spreads.get(peer.name)?.push('why' in result ? '–' : spread(result.times));
      }
    }
    return tables(sizes, rows, spreads, options.quick);
  },
};

function cell(result: Result): string {
  if ('why' in result) return result.why;
  const time = Math.round(result.times.median_ns).toLocaleString('en');
  return result.note === null ? time : `${time} (${result.note})`;
}

function spread({ least_ns, most_ns }: Times): string {
  return `${Math.round(least_ns).toLocaleString('en')}-${Math.round(most_ns).toLocaleString('en')}`;
}

function tables(
  sizes: readonly number[],
  rows: ReadonlyMap<string, readonly string[]>,
  spreads: ReadonlyMap<string, readonly string[]>,
  quick: boolean,
): readonly Table[] {
  const command = `npm run bench -- --only peers${quick ? ' --quick' : ''}`;
  const head = ['rules', ...sizes.map((size) => size.toLocaleString('en'))];
  const listed = (of: ReadonlyMap<string, readonly string[]>) => [...of].map(([name, cells]) => [name, ...cells]);
  const title =
    `ns a packet from its arrival on a veth to its drop, rules "${KIND}" that all drop, and so does what none of them matches; medians of ` +
    `${ROUNDS} rounds in turn.`;
  return [
    { title, command, head, rows: listed(rows) },
    { title: 'Least and most of the rounds.', command, head, rows: listed(spreads) },
  ];
}

interface Place {
  readonly peer: Peer;
  readonly receiver: Receiver;
  readonly installed: Installed;
  readonly packets: number;
  readonly times: number[];
}

/** All of them stand side by side, each in a namespace of its own, and take turns. */
async function measureSize(size: number, driver: Uint8Array, say: (text: string) => void): Promise<Map<Peer, Result>> {
  const { rules } = generatedSet(KIND, size);
  const sender = openLiveSender(driver, makeTrace(rules, TRACE_SEED).map(frameOf));
  const results = new Map<Peer, Result>();
  const places: Place[] = [];
  const open: (() => void)[] = [sender.close];
  try {
    for (const [index, peer] of PEERS.entries()) {
      const why = whyNot(peer, size);
      if (why !== null) {
        results.set(peer, { why });
        continue;
      }
      const receiver = openReceiver(`${index}`);
      open.push(receiver.close);
      try {
        say(`installing ${peer.name}, ${size}`);
        const installed = await peer.install(receiver, rules);
        open.push(installed.close);
        places.push({ peer, receiver, installed, packets: packetsFor(sender, receiver), times: [] });
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        results.set(peer, { why: `refused: ${said.trim().split('\n').at(-1)?.slice(0, 80)}` });
      }
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const { receiver, packets, times } of places) times.push(timeEach(sender, receiver, packets));
    }
    for (const { peer, receiver, installed, times } of places) {
      if (receiver.delivered() > 0) throw new Error(`${peer.name}: ${receiver.delivered()} packets were not dropped`);
      results.set(peer, { times: timesOf(times), note: installed.note });
    }
  } finally {
    for (const close of open.reverse()) close();
  }
  return new Map(PEERS.map((peer) => [peer, results.get(peer) ?? { why: 'not measured' }]));
}

/** Nanoseconds a packet. What a call takes however many packets there are, some 20 ms, is measured beside it and taken off. */
function timeEach(sender: LiveSender, { run, ifindex }: Receiver, packets: number): number {
  return run(() => {
    const few = sender.send(ifindex, FEW_PACKETS);
    return (sender.send(ifindex, FEW_PACKETS + packets) - few) / packets;
  });
}

/** As many as take a fifth of a second. */
function packetsFor(sender: LiveSender, receiver: Receiver): number {
  const each = Math.max(100, timeEach(sender, receiver, PROBE_PACKETS));
  return Math.max(PROBE_PACKETS, Math.min(PACKETS_MAX, Math.round(ROUND_NS / each)));
}

function whyNot({ needs, most }: Peer, size: number): string | null {
  if (needs !== null && !isInstalled(needs)) return `\`${needs}\` is not installed`;
  return size > most ? '–' : null;
}

export function isInstalled(command: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', command], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}
