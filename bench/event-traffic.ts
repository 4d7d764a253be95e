/** What events cost the packets of traffic: the same packets through the same stack, with a rule that counts them and one that logs them. */
import { buildDriver } from '../compiler/6-build/build-driver.ts';
import { compile } from '../library/index.ts';
import { attach } from '../runtime/attach.ts';
import { openEvents } from '../runtime/events.ts';
import { AF_INET, openLibc, SOCK_CLOEXEC, SOCK_DGRAM } from '../runtime/ffi/libc.ts';
import { type LoadedProgram, loadArtifact } from '../runtime/load.ts';
import { medianOf } from '../runtime/timing/time-in-turn.ts';
import { frameOf } from './packet.ts';
import type { Options, Table } from './part.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { openTrafficSender, type Sent, type TrafficSender } from './traffic-sender.ts';

const ROUNDS = 11;
const QUICK_ROUNDS = 5;
const PACKETS = 1_000_000;
/** The first round warms up. */
const WARM_UP = 1;
const FLOWS = 64;
const ADDRESS = '192.0.2.1';
const PORT = 9;
/** Of the first flow. */
const SPORT = 40_000;
const COUNTED = 'match any -> count';

/** How far packets go behind the program. */
const ENDS = [
  { name: 'to a socket', verdict: 'pass' },
  { name: 'dropped by the program', verdict: 'drop' },
] as const;

/** One flow in so many, a power of two: `portOf` has their packets come evenly. */
const oneIn = (every: number, action: 'log' | 'count') =>
  `match udp sport ${SPORT}-${SPORT + FLOWS / every - 1} -> ${action}\n${COUNTED}`;

const WAYS = [
  { name: 'counted', rules: COUNTED, read: false },
  { name: 'logged, read as objects', rules: 'match any -> log', read: true },
  { name: 'one flow in 2 logged, read as objects', rules: oneIn(2, 'log'), read: true },
  { name: 'one flow in 4 logged, read as objects', rules: oneIn(4, 'log'), read: true },
  { name: 'one flow in 8 logged, read as objects', rules: oneIn(8, 'log'), read: true },
  { name: 'one flow in 8 counted beside', rules: oneIn(8, 'count'), read: false },
  { name: 'a sample of 1/10 logged, read as objects', rules: 'match any -> log sample 1/10', read: true },
  { name: 'a sample of 1/100 logged, read as objects', rules: 'match any -> log sample 1/100', read: true },
  { name: 'logged, nobody reads: all lost', rules: 'match any -> log', read: false },
] as const;

/** The bits of its number in the other order: of ports below any power of two, each so many flows one has it. */
function portOf(flow: number): number {
  let reversed = 0;
  for (let bit = 1; bit < FLOWS; bit *= 2) reversed = 2 * reversed + (flow & bit ? 1 : 0);
  return SPORT + reversed;
}

type End = (typeof ENDS)[number];

interface Round extends Sent {
  /** Part of the packets. */
  readonly lost: number;
  /** Events a second, those that were lost too. */
  readonly events: number;
}

interface Cell {
  readonly ns: number;
  readonly ratio: number;
  readonly rate: number;
  readonly events: number;
  readonly lost: number;
}

interface Place {
  readonly read: boolean;
  readonly receiver: Receiver;
  readonly loaded: LoadedProgram;
  readonly rounds: Round[];
}

export async function measureTraffic({ quick }: Options, say: (text: string) => void): Promise<Table> {
  const { value: driver, diagnostics } = await buildDriver(true);
  if (driver === null) throw new Error(diagnostics[0]?.message ?? 'no driver');
  const frames = Array.from({ length: FLOWS }, (_, flow) =>
    frameOf({ family: 4, src: 0xc0000202n + BigInt(flow), dst: 0xc0000201n, proto: 17, sport: portOf(flow), dport: PORT }),
  );
  const sender = openTrafficSender({ driver, frames });
  const cells: (readonly Cell[])[] = [];
  try {
    for (const end of ENDS) {
      cells.push(await measureEnd(end, sender, quick ? QUICK_ROUNDS : ROUNDS));
      say(`events, traffic ${end.name}`);
    }
    return tableOf(cells);
  } finally {
    await sender.close();
  }
}

/** All places stand side by side, each in a namespace of its own, and take turns. */
async function measureEnd(end: End, sender: TrafficSender, rounds: number): Promise<readonly Cell[]> {
  const open: (() => void)[] = [];
  const places: Place[] = [];
  try {
    for (const way of WAYS) places.push(await openPlace(end, way, open, places.length));
    for (let round = -WARM_UP; round < rounds; round++) {
      for (const place of places) {
        const sent = await sendAndRead(sender, place);
        if (round >= 0) place.rounds.push(sent);
      }
    }
  } finally {
    for (const close of open.reverse()) close();
  }
  return places.map(({ rounds: here }) => cellOf(here, places[0]?.rounds ?? []));
}

async function openPlace(end: End, way: (typeof WAYS)[number], open: (() => void)[], index: number): Promise<Place> {
  const receiver = openReceiver(`traffic${index}`);
  open.push(receiver.close);
  receiver.exec('ip', ['address', 'add', `${ADDRESS}/24`, 'dev', receiver.ifname]);
  open.push(receiver.run(bindSocket));
  const { artifact } = await compile({ text: `hook tc ingress\ndefault ${end.verdict}\n\n${way.rules}\n` });
  const loaded = loadArtifact(artifact);
  open.push(loaded.close);
  receiver.run(() => attach(loaded, receiver.ifname, 'auto'));
  return { read: way.read, receiver, loaded, rounds: [] };
}

/** A socket that nobody reads: what it has no room for is dropped there. */
function bindSocket(): () => void {
  const libc = openLibc();
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const address = new Uint8Array(16);
  new Uint16Array(address.buffer)[0] = AF_INET;
  new DataView(address.buffer).setUint16(2, PORT);
  if (libc.bind(fd, address, address.length) !== 0) throw new Error(`bind: errno ${libc.errno()}`);
  return () => libc.close(fd);
}

async function sendAndRead(sender: TrafficSender, { read, receiver, loaded }: Place): Promise<Round> {
  const before = loaded.counters();
  const { namespace, ifindex } = receiver;
  const sending = sender.ask({ namespace, ifindex, packets: PACKETS });
  const events = read ? await readWhile(loaded, sending) : 0;
  const sent = await sending;
  const after = loaded.counters();
  const grown = (rule: number, of: 'packets' | 'logged' | 'lost') =>
    Number((after[rule]?.[of] ?? 0n) - (before[rule]?.[of] ?? 0n));
  // The last rule, ahead of the default, sees every packet, and the first logs. Besides those that are timed: two batches.
  const [packets, logs, lost] = [grown(after.length - 2, 'packets'), grown(0, 'logged'), grown(0, 'lost')];
  if (packets < PACKETS) throw new Error(`${packets} of ${PACKETS} packets came to the program`);
  if (read && events !== logs) throw new Error(`read ${events} of ${logs} events`);
  return { ...sent, lost: lost / packets, events: ((logs + lost) / packets) * sent.rate };
}

/** Every event, looked at by nobody. */
async function readWhile(loaded: LoadedProgram, sending: Promise<Sent>): Promise<number> {
  const stream = openEvents(loaded);
  let read = 0;
  const finish = sending.finally(() => {
    for (let batch = stream.read(); batch.length > 0; batch = stream.read()) read += batch.length;
    stream.close();
  });
  for await (const batch of stream) read += batch.length;
  await finish;
  return read;
}

/** @param counted rounds of the program that counts: a machine that becomes slower does so for both */
function cellOf(rounds: readonly Round[], counted: readonly Round[]): Cell {
  return {
    ns: medianOf(rounds.map(({ ns_per_packet }) => ns_per_packet)),
    ratio: medianOf(rounds.map(({ ns_per_packet }, round) => ns_per_packet / (counted[round]?.ns_per_packet ?? Number.NaN))),
    rate: medianOf(rounds.map(({ rate }) => rate)),
    events: medianOf(rounds.map(({ events }) => events)),
    lost: medianOf(rounds.map(({ lost }) => lost)),
  };
}

function tableOf(cells: readonly (readonly Cell[])[]): Table {
  const cell = ({ ns, ratio, rate, events, lost }: Cell) => [
    ns.toFixed(0),
    ratio.toFixed(2),
    (rate / 1e6).toFixed(2),
    (events / 1e6).toFixed(2),
    `${(100 * lost).toFixed(1)} %`,
  ];
  return {
    title:
      `Traffic: UDP of ${FLOWS} flows into a veth, ${PACKETS.toLocaleString('en')} packets a round, a program at tc ingress. ` +
      'Nanoseconds of processor time a packet, its whole way through the stack; medians; ratios are beside the program that counts, in the same rounds. `M/s`: packets; `events`: millions a second of them.',
    command: 'npm run bench:events',
    head: ['each packet', ...ENDS.flatMap(({ name }) => [`${name}: ns`, 'ratio', 'M/s', 'events', 'lost'])],
    rows: WAYS.map(({ name }, way) => [name, ...cells.flatMap((of) => of.slice(way, way + 1).flatMap(cell))]),
  };
}
