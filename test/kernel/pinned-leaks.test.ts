/**
 * Reload after reload of one detached program, most of them data, some another program: nothing may stay behind in this process or in the
 * kernel. PKTC_RELOADS=10000 for ten thousand of them (`npm run test:reloads`).
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { attach } from '../../runtime/attach.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { mapMemory } from '../../runtime/mapped-memory.ts';
import { openPinned, openPinRoot, pinProgram, stopPinned } from '../../runtime/pinned/pinned-program.ts';
import { confirmPinned, reloadPinned, undoPinned } from '../../runtime/pinned/reload.ts';
import { possibleCpus } from '../../runtime/possible-cpus.ts';
import { dataArtifact, dataObject, numberFrame, type RangeRule } from '../runtime/data-fixture.ts';
import { mountBpfFileSystem } from './bpf-file-system.ts';
import { linksOf, mapsInKernel, programsInKernel } from './bpf-objects.ts';
import { describeKernel, eventually, openInjector, withIpv4Network } from './environment.ts';

const RELOADS = Number(process.env.PKTC_RELOADS ?? 200);
/** A reload waits for packets that are under way, some 20 ms, and on a busy machine longer. */
const TIMEOUT_MS = 600_000 + RELOADS * 200;
/** Of so many reloads one is another program. */
const SWITCH_EVERY = 20;
/** By these the maps and programs of this test are told from those of others on the machine. */
const MARK = `leak${process.pid}`;
const CAPACITY_BYTES = (3 + (process.pid % 5)) * 65_536;
/** With a sixteenth to grow they take that room. */
const DATA_BYTES = Math.floor((CAPACITY_BYTES * 0.9) / 16) * 16;
/** As no program of another test has that is loaded meanwhile; with more, new ones would find no counters, and each change were another program. */
const RULES = 65 + (process.pid % 13);
/** Of the process, and of what is reachable in it: at ten thousand some 12 KB and 2 KB for each. */
const GROWTH_BYTES = { rss: 96 << 20, used: 16 << 20 };

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** What this process holds: descriptors by what they are, memory that is mapped, memory. */
function held() {
  const descriptors = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, '');
    } catch {
      return '';
    }
  });
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return {
    descriptors: descriptors.filter((one) => one !== '').sort(),
    bpfMappings: maps.filter((line) => line.includes('bpf-map')).length,
  };
}

/** The smallest of some looks: what still waits for packets that are under way holds something for a moment. */
async function heldAtRest() {
  let least = held();
  for (let look = 0; look < 10; look++) {
    await sleep(50);
    const now = held();
    if (now.descriptors.length + now.bpfMappings < least.descriptors.length + least.bpfMappings) least = now;
  }
  return least;
}

function memory() {
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, used: heapUsed + external };
}

/** How many of each kind the kernel has of this test. */
function inKernel(tags: ReadonlySet<string>) {
  const libc = openLibc();
  // A multiple of four slots: the rules, the default, and those to spare.
  const stride = Math.ceil((RULES + 1 + 64) / 4) * 4;
  const programs = programsInKernel().filter(({ tag }) => tags.has(tag));
  const counts = { programs: programs.length, links: linksOf(programs), data: 0, counters: 0, notes: 0 };
  for (const { fd, name, value_bytes, entries } of mapsInKernel()) {
    if (name === 'pktc_data' && value_bytes === CAPACITY_BYTES) counts.data++;
    if (name === 'pktc_counters' && entries === possibleCpus() * stride) counts.counters++;
    if (name === 'pktc_state') {
      const memory = mapMemory(libc, {
        fd,
        length_bytes: Math.ceil(value_bytes / 4096) * 4096,
        offset_bytes: 0,
        writable: false,
      });
      if (Buffer.from(memory.buffer).includes(MARK)) counts.notes++;
      memory.close();
    }
    libc.close(fd);
  }
  return counts;
}

describeKernel('reload after reload', () => {
  test(
    `${RELOADS} of them leave nothing behind`,
    async () => {
      const system = mountBpfFileSystem();
      try {
        await withIpv4Network(async ({ near, far }) => {
          const root = openPinRoot({ PKTC_BPFFS: system.path });
          // Objects of their own: the tag of a program is a hash of its instructions.
          const objects = [dataObject(process.pid * 2), dataObject(process.pid * 2 + 1)] as const;
          const artifact = (reload: number) => {
            const rules = Array.from({ length: RULES }, (_, at): RangeRule => {
              // Some live on, some come and go, the order changes.
              const name = at % 3 === 0 ? `${MARK}-${at}` : `${MARK}-${reload}-${at}`;
              return { name, low: at * 10, high: at * 10 + 9, verdict: (at + reload) % 2 === 0 ? 'drop' : 'pass' };
            });
            if (reload % 2 === 1) rules.reverse();
            return dataArtifact(objects[Math.floor(reload / SWITCH_EVERY) % 2 === 0 ? 0 : 1], rules, reload, DATA_BYTES);
          };
          near.run(() => {
            const loaded = loadArtifact(artifact(0));
            attach(loaded, near.ifname, 'auto');
            pinProgram(root, 'leak', artifact(0), loaded);
            loaded.close();
          });
          const tags = new Set([programTag(root), ...(await otherTag())]);
          async function otherTag() {
            await reloadPinned(root, 'leak', artifact(SWITCH_EVERY), { origin: null, sources: null, confirm_ms: null });
            return [programTag(root)];
          }
          expect(tags.size).toBe(2);
          // The kernel frees some time after the last one has let go.
          const settles = async (counts: ReturnType<typeof inKernel>) => {
            const seen = () => JSON.stringify(inKernel(tags));
            await eventually('nothing else is left', () => seen() === JSON.stringify(counts)).catch(() => {});
            expect(inKernel(tags)).toEqual(counts);
          };
          const injector = openInjector(far);
          let before = { ...(await heldAtRest()), ...memory() };
          let switched = 0;
          for (let reload = 1; reload <= RELOADS; reload++) {
            // In between some that wait to be confirmed, are, or go back.
            const confirm_ms = reload % 10 === 5 ? 600_000 : null;
            const done = await reloadPinned(root, 'leak', artifact(reload), { origin: { MARK }, sources: null, confirm_ms });
            if (done.how === 'switched') switched++;
            if (confirm_ms !== null) await (reload % 20 === 5 ? confirmPinned : undoPinned)(root, 'leak');
            injector.send(numberFrame(1));
            if (reload === Math.ceil(RELOADS / 5)) {
              collectGarbage();
              before = { ...(await heldAtRest()), ...memory() };
            }
          }
          collectGarbage();
          const after = { ...(await heldAtRest()), ...memory() };
          injector.close();
          const grown = { rss: after.rss - before.rss, used: after.used - before.used };
          const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
          console.log(
            `${RELOADS} reloads, ${switched} of them another program; since a fifth of them ${mib(grown.rss)} MiB more memory, ${mib(grown.used)} MiB of it in use`,
          );
          expect(switched).toBeGreaterThanOrEqual(Math.floor(RELOADS / SWITCH_EVERY));
          expect({ ...after, rss: 0, used: 0 }).toEqual({ ...before, rss: 0, used: 0 });
          expect(grown.rss).toBeLessThan(GROWTH_BYTES.rss);
          expect(grown.used).toBeLessThan(GROWTH_BYTES.used);
          // `rules` and `counted`.
          await settles({ programs: 1, links: 1, data: 1, counters: 1, notes: 2 });
          const program = openPinned(root, 'leak');
          const packets = program.loaded.counters().reduce((sum, counter) => sum + counter.packets, 0n);
          program.close();
          expect(packets).toBeGreaterThan(0n);
          await stopPinned(root, 'leak');
          await settles({ programs: 0, links: 0, data: 0, counters: 0, notes: 0 });
        });
      } finally {
        system.close();
      }
    },
    TIMEOUT_MS,
  );
});

function programTag(root: string): string {
  const program = openPinned(root, 'leak');
  const id = program.loaded.programs[0]?.id;
  program.close();
  const tag = programsInKernel().find((one) => one.id === id)?.tag;
  if (tag === undefined) throw new Error('the kernel does not know the program');
  return tag;
}
