/** Elements of a set that rules fill: one, and a million, into a program at work; beside nftables. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applyChange } from '../cli/sets/apply-change.ts';
import { readElements } from '../cli/sets/read-elements.ts';
import { compile } from '../library/index.ts';
import { ipv4Text, ipv6Text } from '../runtime/address-text.ts';
import { attachAll } from '../runtime/attach.ts';
import { type DynamicSet, loadArtifact } from '../runtime/load.ts';
import { openPinned, openPinRoot, pinProgram, stopPinned } from '../runtime/pinned/pinned-program.ts';
import { medianOf } from '../runtime/timing/time-in-turn.ts';
import { mountBpfFileSystem } from '../test/kernel/bpf-file-system.ts';
import type { Part, Table } from './part.ts';
import { isInstalled } from './peers.ts';
import { type Random, seededRandom } from './random.ts';
import { openReceiver, type Receiver } from './receiver.ts';

const MANY = 1_000_000;
const QUICK_MANY = 20_000;
const ROUNDS = 5;
const QUICK_ROUNDS = 2;
/** Of one element in the process; a command is started once a round. */
const ONES = 200;
const SEED = 5;
const NAME = 'bench';
const SET = 'listed';
const PKTC = path.resolve(import.meta.dirname, '../cli/pktc.sh');
/** What `nft` reads at once. */
const NFT_SETS = `add table inet b
add set inet b listed4 { type ipv4_addr; size ${MANY}; }
add set inet b listed6 { type ipv6_addr; size ${MANY}; }
`;

const FAMILIES = [4, 6] as const;

type Family = (typeof FAMILIES)[number];

/** Ways to put elements in, and to take all of them out again. */
interface Way {
  readonly name: string;
  /** Times of one element each, in milliseconds. */
  one(address: string): readonly number[];
  /** Milliseconds. */
  many(family: Family): number;
  clear(): void;
}

export const elements: Part = {
  name: 'elements',
  summary: 'one element, and a million, into a live set, beside nftables',
  async run({ quick }, say): Promise<readonly Table[]> {
    const count = quick ? QUICK_MANY : MANY;
    const folder = mkdtempSync(path.join(tmpdir(), 'pktc-bench-elements-'));
    const open: (() => void)[] = [() => rmSync(folder, { recursive: true })];
    try {
      const bpffs = mountBpfFileSystem();
      open.push(bpffs.close);
      const receiver = openReceiver('elements');
      open.push(receiver.close);
      const lists = writeLists(folder, count);
      const root = openPinRoot({ PKTC_BPFFS: bpffs.path });
      await detach(root, receiver);
      const program = openPinned(root, NAME);
      const [set] = program.loaded.sets;
      if (set === undefined) throw new Error('the program has no set');
      const ways = [inProcess(set, lists), byCommand(set, lists, receiver, bpffs.path)];
      if (isInstalled('nft')) ways.push(byNft(lists, receiver));
      try {
        const times = ways.map(() => ({ one: [] as number[], 4: [] as number[], 6: [] as number[] }));
        for (let round = 1; round <= (quick ? QUICK_ROUNDS : ROUNDS); round++) {
          for (const [index, way] of ways.entries()) {
            times[index]?.one.push(...way.one(`203.0.113.${round}`));
            way.clear();
            for (const family of FAMILIES) {
              times[index]?.[family].push(way.many(family));
              way.clear();
            }
            say(`elements, round ${round}: ${way.name}`);
          }
        }
        return [tableOf(count, ways, times)];
      } finally {
        program.close();
        await stopPinned(root, NAME);
      }
    } finally {
      for (const close of open.reverse()) close();
    }
  },
};

async function detach(root: string, { run, ifname }: Receiver): Promise<void> {
  const text = `set ${SET}: src size ${MANY}\nmatch src in ${SET} -> drop\n`;
  const { artifact } = await compile({ text });
  using loaded = loadArtifact(artifact);
  run(() => attachAll(loaded, [ifname], 'auto'));
  pinProgram(root, NAME, artifact, loaded);
}

interface Lists {
  /** An element a line. */
  file(family: Family): string;
  readonly text: Readonly<Record<Family, string>>;
  /** As `nft -f` takes it. */
  nftFile(family: Family): string;
}

function writeLists(folder: string, count: number): Lists {
  const random = seededRandom(SEED);
  const lists = { 4: addresses(4, count, random), 6: addresses(6, count, random) };
  const file = (family: Family) => path.join(folder, `list${family}`);
  const nftFile = (family: Family) => path.join(folder, `list${family}.nft`);
  for (const family of FAMILIES) {
    writeFileSync(file(family), `${lists[family].join('\n')}\n`);
    writeFileSync(nftFile(family), `add element inet b listed${family} { ${lists[family].join(',\n')} }\n`);
  }
  // In one piece, as `pktc set` has it: what was put together here would be looked through more slowly.
  const text = { 4: readFileSync(file(4), 'latin1'), 6: readFileSync(file(6), 'latin1') };
  return { file, text, nftFile };
}

function addresses(family: Family, count: number, random: Random): readonly string[] {
  const bytes = new Uint8Array(16);
  const words = new DataView(bytes.buffer);
  const drawn = new Set<string>();
  while (drawn.size < count) {
    for (let word = 0; word < 4; word++) words.setUint32(4 * word, random(2 ** 32));
    drawn.add(family === 4 ? ipv4Text(bytes, 0) : ipv6Text(bytes, 0));
  }
  return [...drawn];
}

function inProcess(set: DynamicSet, { text }: Lists): Way {
  return {
    name: 'pktc, in a process that has the program open',
    one: (address) =>
      Array.from({ length: ONES }, () => {
        const took_ms = timed(() => change(set, 'add', [address], null));
        change(set, 'del', [address], null);
        return took_ms;
      }),
    many: (family) => timed(() => change(set, 'add', [], text[family])),
    clear: () => void set.flush(),
  };
}

/** From text to the kernel, as `pktc set` does it. */
function change(set: DynamicSet, action: 'add' | 'del', written: readonly string[], text: string | null): void {
  const lists = readElements(set.about, written, text === null ? null : { name: 'list', text });
  const { full } = applyChange(set, action, lists, null);
  if (full > 0) throw new Error(`${full} elements found no room`);
}

function byCommand(set: DynamicSet, { file }: Lists, { exec }: Receiver, bpffs: string): Way {
  const pktc = (...parameters: readonly string[]) =>
    timed(() => void exec('env', [`PKTC_BPFFS=${bpffs}`, PKTC, 'set', NAME, 'add', SET, ...parameters]));
  return {
    name: '`pktc set`, from its start to its end',
    one: (address) => [pktc(address)],
    many: (family) => pktc('--file', file(family)),
    clear: () => void set.flush(),
  };
}

function byNft({ nftFile }: Lists, { exec }: Receiver): Way {
  exec('nft', ['-f', '-'], NFT_SETS);
  return {
    name: '`nft`, from its start to its end',
    one: (address) => [timed(() => void exec('nft', ['add', 'element', 'inet', 'b', 'listed4', `{ ${address} }`]))],
    many: (family) => timed(() => void exec('nft', ['-f', nftFile(family)])),
    clear: () => void exec('nft', ['-f', '-'], 'flush set inet b listed4\nflush set inet b listed6\n'),
  };
}

function timed(work: () => void): number {
  const begin_ms = performance.now();
  work();
  return performance.now() - begin_ms;
}

function tableOf(
  count: number,
  ways: readonly Way[],
  times: readonly Readonly<Record<'one' | Family, readonly number[]>>[],
): Table {
  const many = count.toLocaleString('en');
  return {
    title: 'Elements into a set of a program at work, milliseconds from text to the kernel, medians. Rounds in turn.',
    command: 'npm run bench -- --only elements',
    head: ['way', 'one', `${many} of IPv4`, `${many} of IPv6`],
    rows: ways.map(({ name }, way) => {
      const of = (what: 'one' | Family, digits: number) => medianOf(times[way]?.[what] ?? []).toFixed(digits);
      return [name, of('one', 3), of(4, 0), of(6, 0)];
    }),
  };
}
