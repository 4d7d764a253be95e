/** Faults that the kernel and the machine around it produce, each for real. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import koffi from 'koffi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { artifactPaths, writeArtifact } from '../../cli/artifact-files.ts';
import { tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import { checkInterfaces } from '../../cli/doctor/examine-machine.ts';
import { cacheProblem } from '../../compiler/6-build/object-cache.ts';
import { compile } from '../../compiler/index.ts';
import { attach } from '../../runtime/attach.ts';
import { createEventClock } from '../../runtime/event-clock.ts';
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { createInterfaceMap } from '../../runtime/interface-map.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { inspectMachine } from '../../runtime/machine.ts';
import { openPinRoot, pinRootProblem } from '../../runtime/pinned/directory.ts';
import { pinProgram, stopPinned } from '../../runtime/pinned/pinned-program.ts';
import { createTestRun } from '../../runtime/test-run.ts';
import { LAUNCHER, pktc, ROOT, temporaryFolder } from '../cli/pktc.ts';
import { failureOf } from '../runtime/failure-of.ts';
import { compileC, fixtureArtifact } from '../runtime/fixture.ts';
import { compileRules } from './compile-rules.ts';
import {
  describeKernel,
  eventually,
  ip,
  type NetworkEnd,
  openInjector,
  withIpv4Network as withNetwork,
  xdpProgramId,
} from './environment.ts';
import { type Running, start } from './run-command.ts';

const folder = temporaryFolder();
const RULES = path.join(folder, 'edge.rules');
const SYN = tcpFrame({ src: '10.9.9.9', dst: '192.0.2.1' }, [4000, 22], 2);
const DNS = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'question');

/** Compiled once: the tests only need some program. */
const FIXTURE = fixtureArtifact();

beforeAll(async () => {
  writeFileSync(RULES, 'scan: match tcp dport 22 -> log, drop\nnames: match udp dport 53 -> log, drop\n');
  // The first start may have to build.
  await pktc(['--version']);
});

async function attached(running: Running): Promise<void> {
  await eventually(`attached: ${running.stderr()}`, () => /attached to .*\n/.test(running.stderr()));
}

function send(far: NetworkEnd, frames: readonly Uint8Array[]): void {
  const injector = openInjector(far);
  for (const frame of frames) injector.send(frame);
  injector.close();
}

const setitimer = koffi.load(null).func('int setitimer(int, void *, void *)') as (
  which: number,
  to: BigInt64Array,
  old: null,
) => number;
const ITIMER_REAL = 0;

/** A signal to this process every `interval_us` microseconds while `work` is at it. */
function underSignals<T>(interval_us: number, work: () => T): T {
  const ignore = () => {};
  process.on('SIGALRM', ignore);
  const every = (us: number) => setitimer(ITIMER_REAL, new BigInt64Array([0n, BigInt(us), 0n, BigInt(us)]), null);
  try {
    expect(every(interval_us)).toBe(0);
    return work();
  } finally {
    every(0);
    process.off('SIGALRM', ignore);
  }
}

describeKernel('signals while the verifier works (EAGAIN)', () => {
  test('are no rejection: the program is loaded all the same, and a note says why it took longer', async () => {
    const rules = Array.from({ length: 20 }, (_, at) => `match tcp dport ${at + 1} payload contains "word${at}" -> drop`);
    const artifact = await compileRules(rules.join('\n'));
    using calm = loadArtifact(artifact);
    expect(calm.internals.notes).toEqual([]);
    using loaded = underSignals(200, () => loadArtifact(artifact));
    expect(loaded.internals.notes).toEqual([expect.stringContaining('EAGAIN')]);
    expect(loaded.programs[0]?.id).toBeGreaterThan(0);
  });
});

describeKernel('standard output that takes no more', () => {
  test('a full disk: rules go on deciding, what is not printed is counted by rule, exit code 5 under --strict', async () => {
    const disk = path.join(folder, 'disk');
    mkdirSync(disk);
    const starter = ['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o size=64k none ${disk} && exec "$@" > ${disk}/out`, 'sh'];
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--json', '--strict'], { starter });
      await attached(running);
      send(
        far,
        Array.from({ length: 900 }, (_, at) => (at % 3 === 0 ? SYN : DNS)),
      );
      await eventually('the disk is full', () => running.stderr().includes('the disk is full'));
      send(far, [SYN, SYN]);
      expect(xdpProgramId(near)).not.toBeNull();
      const text = readFileSync(`/proc/${running.child.pid}/root${disk}/out`, 'utf8');
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(5);
      const printed = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).rule);
      const of = (rule: string) => printed.filter((one) => one === rule).length;
      const said = running.stderr();
      expect(said.match(/error\[PKT6102\]: cannot write to standard output: the disk is full/g)).toHaveLength(1);
      expect(said).toMatch(new RegExp(`^${printed.length} events in \\d`, 'm'));
      const [names, scan] = [600 - of('names'), 302 - of('scan')];
      expect(said).toContain(`${902 - printed.length} events read and not printed`);
      expect(said).toMatch(new RegExp(`: names ${names}, scan ${scan}$`, 'm'));
      expect(said).toMatch(/^scan +drop +302 /m);
    });
  });

  test('a reader that has gone: quiet, but not under --strict', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--strict']);
      await attached(running);
      running.child.stdout?.destroy();
      send(far, [SYN, DNS, SYN]);
      expect(await running.ended).toBe(5);
      expect(running.stderr()).toMatch(/read and not printed.*: scan/);
      expect(xdpProgramId(near)).toBeNull();
    });
  });

  test('other commands end with 1', async () => {
    await withNetwork(async ({ near }) => {
      const script = `exec "$0" "$@" > /dev/full`;
      const child = near.spawn('sh', ['-c', script, process.execPath, LAUNCHER, 'explain', 'PKT6001'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1);
      expect(said).toContain('error[PKT6102]');
    });
  });
});

describeKernel('an interface under a program that is attached', () => {
  const indexOf = (namespace: string, ifname: string): number =>
    JSON.parse(ip('-n', namespace, '-j', 'link', 'show', 'dev', ifname))[0].ifindex;

  test('renamed, taken down, deleted and made again, moved to another namespace and back: `--reattach` goes on', async () => {
    await withNetwork(async ({ near, far }) => {
      const link = (...args: string[]) => ip('-n', near.name, 'link', ...args);
      const running = start(near, [RULES, '-i', near.ifname, '--json', '--reattach']);
      const says = (text: string) => eventually(`${text}: ${running.stderr()}`, () => running.stderr().includes(text));
      const events = () =>
        running
          .stdout()
          .trimEnd()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
      await attached(running);
      link('set', near.ifname, 'down');
      await says(`${near.ifname} is down`);
      link('set', near.ifname, 'name', 'lan0');
      await says(`${near.ifname} is called lan0 now, and keeps the program`);
      link('set', 'lan0', 'up');
      await says('lan0 is up again');
      send(far, [SYN]);
      await eventually('an event', () => events().length === 1);
      expect(events()[0]).toMatchObject({ rule: 'scan', in_iface: 'lan0' });

      link('del', 'lan0');
      await says('lan0 went away, and the program with it: waiting for it to come back');
      link('add', near.ifname, 'type', 'veth', 'peer', 'name', far.ifname, 'netns', far.name);
      await says(`${near.ifname} is back: attached again (native)`);
      link('set', near.ifname, 'up');
      ip('-n', far.name, 'link', 'set', far.ifname, 'up');
      send({ ...far, ifindex: indexOf(far.name, far.ifname) }, [DNS]);
      await eventually('another event', () => events().length === 2);
      expect(events()[1]).toMatchObject({ rule: 'names', in_iface: near.ifname });

      link('set', near.ifname, 'netns', far.name);
      await says(`${near.ifname} is in another network namespace now, with the program`);
      ip('-n', far.name, 'link', 'set', near.ifname, 'netns', near.name);
      await says(`${near.ifname} is here again`);
      expect(xdpProgramId(near)).not.toBeNull();
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      expect(xdpProgramId(near)).toBeNull();
      expect(events().at(-1).summary).toMatchObject({ events: 2, lost: 0 });
    });
  });
});

describeKernel('an XDP hook that somebody holds', () => {
  let bpffs = '';
  beforeAll(() => {
    bpffs = mkdtempSync(path.join(tmpdir(), 'pktc-bpffs-'));
    execFileSync('mount', ['-t', 'bpf', '-o', 'mode=0700', 'bpf', bpffs]);
  });
  afterAll(() => {
    execFileSync('umount', [bpffs]);
    rmdirSync(bpffs);
  });
  const refusal = (end: NetworkEnd, loaded: LoadedProgram) =>
    failureOf(() => end.run(() => attach(loaded, end.ifname, 'auto')));

  test('a dispatcher: told as one, with the way to join it', async () => {
    await withNetwork(({ near }) => {
      const object = path.join(folder, 'dispatcher.o');
      const source = path.join(folder, 'dispatcher.bpf.c');
      const text =
        '#include <pktc/context.h>\nchar l[] SEC("license") = "GPL";\nSEC("xdp") int xdp_dispatcher(struct xdp_md *c) { return c ? XDP_PASS : XDP_DROP; }\n';
      writeFileSync(source, text);
      writeFileSync(object, compileC(source));
      ip('-n', near.name, 'link', 'set', 'dev', near.ifname, 'xdpgeneric', 'object', object, 'section', 'xdp');
      using loaded = loadArtifact(FIXTURE);
      const { code, message, help } = refusal(near, loaded);
      const holder = `\`xdp_dispatcher\` (program ${xdpProgramId(near)}), loaded by root, attached in generic mode through netlink, held by no process`;
      expect({ code, message }).toEqual({
        code: 'PKT6011',
        message: `interface \`${near.ifname}\` already has an XDP program: ${holder}`,
      });
      expect(help).toContain(`xdp-loader load ${near.ifname} rules.bpf.o`);
      expect(help).toContain('--hook tc ingress');
      const seen = near.run(() => checkInterfaces(inspectMachine())).find(({ name }) => name === near.ifname);
      expect(seen).toMatchObject({
        state: 'note',
        found: expect.stringContaining(holder),
        help: expect.stringContaining('xdp-loader'),
      });
    });
  });

  test('a detached program of pktc: its name, and how to stop it; a link that another has pinned: its path', async () => {
    await withNetwork(({ near }) => {
      const root = openPinRoot({ PKTC_BPFFS: bpffs });
      const detached = loadArtifact(FIXTURE);
      near.run(() => attach(detached, near.ifname, 'native'));
      pinProgram(root, 'edge', FIXTURE, detached);
      detached.close();
      using loaded = loadArtifact(FIXTURE);
      expect(refusal(near, loaded)).toMatchObject({
        message: expect.stringContaining(
          `the detached program \`edge\` of pktc (program ${xdpProgramId(near)}), loaded by root, attached in native mode by a link, held by its name \`${root}/edge/link_0_0\``,
        ),
        help: expect.stringContaining('end it with `pktc stop edge`'),
      });
      const elsewhere = path.join(bpffs, 'other');
      renameSync(path.join(root, 'edge', 'link_0_0'), elsewhere);
      expect(refusal(near, loaded).help).toContain(`remove its name, \`${elsewhere}\``);
      rmSync(elsewhere);
      stopPinned(root, 'edge');
      expect(xdpProgramId(near)).toBeNull();
    });
  });

  test('a BPF file system behind a link is refused, and so is one in which others may rename', () => {
    const link = path.join(folder, 'link-to-bpffs');
    symlinkSync(bpffs, link);
    expect(failureOf(() => openPinRoot({ PKTC_BPFFS: link }))).toMatchObject({
      code: 'PKT6060',
      message: expect.stringContaining(`leads through a symbolic link, to \`${bpffs}\``),
    });
    chmodSync(bpffs, 0o777);
    expect(failureOf(() => openPinRoot({ PKTC_BPFFS: bpffs })).message).toContain('others may rename');
    expect(pinRootProblem({ PKTC_BPFFS: bpffs })?.code).toBe('PKT6060');
    chmodSync(bpffs, 0o1777);
    expect(openPinRoot({ PKTC_BPFFS: bpffs })).toBe(path.join(bpffs, 'pktc'));
  });

  test('TCX: programs that are asked first are named', async () => {
    const artifact = await compileRules('match tcp dport 22 -> drop', 'tc');
    await withNetwork(({ near }) => {
      using first = loadArtifact(artifact);
      using second = loadArtifact(artifact);
      expect(near.run(() => attach(first, near.ifname, 'auto')).note).toBeNull();
      const [ingress, egress] = first.programs.map(
        ({ at, id }) => `\`${at === 'tc ingress' ? 'pktc_tc_ingress' : 'pktc_tc_egress'}\` (program ${id})`,
      );
      expect(near.run(() => attach(second, near.ifname, 'auto')).note).toBe(
        `what is ahead on \`${near.ifname}\` decides first: ${ingress} at tc ingress; ${egress} at tc egress`,
      );
      const seen = near.run(() => checkInterfaces(inspectMachine())).find(({ name }) => name === near.ifname);
      expect(seen?.found).toContain(`at tc ingress ${ingress}, `);
    });
  });

  test('the object of `pktc compile` decides the same without pktc around it', async () => {
    const { object } = await compileRules('match tcp dport 22 -> log, drop\nmatch udp -> pass');
    const libbpf = openLibbpf();
    const opened = libbpf.object_open_mem(object, object.length, null);
    if (opened === null) throw new Error('libbpf cannot read it');
    try {
      expect(libbpf.object_load(opened)).toBe(0);
      const fd = libbpf.program_fd(libbpf.object_find_program_by_name(opened, 'pktc_xdp') as bigint);
      const run = createTestRun(libbpf, [{ at: 'xdp', fd }], null);
      expect([SYN, DNS].map((frame) => run(frame).returnValue)).toEqual([1, 2]);
    } finally {
      libbpf.object_close(opened);
    }
  });
});

describeKernel('native XDP', () => {
  test('an MTU above what the driver takes: generic with a note, or refused with `--mode native`', async () => {
    await withNetwork(({ near, far }) => {
      for (const end of [near, far]) ip('-n', end.name, 'link', 'set', end.ifname, 'mtu', '9000');
      // Without `xdp.frags`, as Linux before 5.18 has every program.
      using loaded = loadArtifact(FIXTURE);
      expect(failureOf(() => near.run(() => attach(loaded, near.ifname, 'native')))).toMatchObject({
        code: 'PKT6012',
        message: expect.stringContaining('most likely for its MTU of 9000'),
      });
      const attachment = near.run(() => attach(loaded, near.ifname, 'auto'));
      expect(attachment).toMatchObject({ mode: 'generic', note: expect.stringContaining('MTU of 9000') });
    });
  });
});

describeKernel('room that runs out', () => {
  test('a ring that nobody reads: each event is counted as lost, for its rule', async () => {
    using loaded = loadArtifact(await compileRules('scan: match tcp dport 22 -> log\nnames: match udp dport 53 -> log'));
    const counts = () => loaded.counters().map(({ logged, lost }) => ({ logged, lost }));
    while (counts()[0]?.lost === 0n) for (let frame = 0; frame < 5_000; frame++) loaded.testRun(SYN);
    while (counts()[1]?.lost === 0n) loaded.testRun(DNS);
    const full = counts();
    for (let frame = 0; frame < 300; frame++) loaded.testRun(frame % 3 === 0 ? SYN : DNS);
    const lost = (rule: number) => (counts()[rule]?.lost ?? 0n) - (full[rule]?.lost ?? 0n);
    expect([lost(0), lost(1)]).toEqual([100n, 200n]);
    expect(counts().map(({ logged }) => logged)).toEqual(full.map(({ logged }) => logged));
  });

  test('a map of interfaces that is full: says how many are unknown, and takes them when others go', async () => {
    const libbpf = openLibbpf();
    const libc = openLibc();
    const fd = libbpf.map_create(1, 'interfaces', 4, 8, 2, 0);
    expect(fd).toBeGreaterThan(0);
    try {
      await withNetwork(({ near }) => {
        const map = createInterfaceMap(libbpf, libc, fd, ['*']);
        expect(near.run(() => map.refresh())).toBe(0);
        near.exec('ip', ['link', 'add', 'third0', 'type', 'veth', 'peer', 'name', 'fourth0']);
        expect(near.run(() => map.refresh())).toBe(2);
        near.exec('ip', ['link', 'del', near.ifname]);
        expect(near.run(() => map.refresh())).toBe(1);
      });
    } finally {
      libc.close(fd);
    }
  });
});

describeKernel('a disk', () => {
  const disk = () => path.join(folder, 'small');
  const compileThere = (options: Readonly<Record<string, string>>) =>
    compile(
      { name: 'x.rules', text: 'match tcp flags SYN -> drop' },
      { hook: null, environment: { ...process.env, ...options } },
    );
  beforeAll(() => {
    mkdirSync(disk());
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=0700', 'none', disk()]);
    chownSync(disk(), 0, 0);
  });
  afterAll(() => execFileSync('umount', [disk()]));

  test('that is full keeps clang from its work, and nothing is left there', async () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = disk();
    try {
      const { artifact, diagnostics } = await compileThere({ PKTC_CACHE_DIR: path.join(folder, 'cache') });
      expect(artifact).toBeNull();
      expect(diagnostics).toContainEqual(
        expect.objectContaining({ code: 'PKT5004', message: expect.stringMatching(/no space left/i) }),
      );
      expect(readdirSync(disk())).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });

  test('that is full or read-only as object cache costs time and nothing else', async () => {
    const good = await compileThere({ PKTC_CACHE_DIR: path.join(folder, 'cache') });
    // The answer of clang is kept there, too, and needs less room than an object.
    const filler = path.join(disk(), 'filler');
    writeFileSync(filler, Buffer.alloc(16 << 10));
    expect((await compileThere({ PKTC_CACHE_DIR: disk() })).artifact).toEqual(good.artifact);
    expect(readdirSync(disk())).toEqual(['filler']);
    rmSync(filler);
    execFileSync('mount', ['-o', 'remount,ro', disk()]);
    expect((await compileThere({ PKTC_CACHE_DIR: disk() })).artifact).toEqual(good.artifact);
    expect(await cacheProblem(disk())).toContain('cannot be written');
    expect(await cacheProblem(path.join(disk(), 'deeper', 'still'))).toContain('cannot be made');
    expect(await cacheProblem(path.join(folder, 'not-yet', 'there'))).toBeNull();
    execFileSync('mount', ['-o', 'remount,rw', disk()]);
  });

  test('that is full takes no part of an artifact', async () => {
    const { artifact } = await compileThere({});
    if (artifact === null) throw new Error('it was to compile');
    const paths = await artifactPaths(path.join(disk(), 'x.bpf.o'), 'x.rules');
    await expect(writeArtifact(artifact, paths)).rejects.toThrow(/cannot write .*no space left/i);
    expect(readdirSync(disk())).toEqual([]);
  });
});

describeKernel('a clock', () => {
  test('another start of the machine (time namespace): events have the time of the world', () => {
    const at = (file: string) => path.join(ROOT, file);
    const code = `import { createEventClock } from '${at('runtime/event-clock.ts')}';
      import { openLibc } from '${at('runtime/ffi/libc.ts')}';
      process.stdout.write(String(createEventClock(openLibc())()));`;
    const node = [process.execPath, '--import', at('test/kernel/typescript-loader.mjs'), '--input-type=module', '-e', code];
    const there = BigInt(execFileSync('unshare', ['-T', '--boottime', '86400', '--fork', ...node], { encoding: 'utf8' }));
    const difference_ms = Number(createEventClock(openLibc())() - there) / 1e6;
    expect(Math.abs(difference_ms)).toBeLessThan(1_000);
  });
});

describeKernel('a machine that lacks something', () => {
  const said = (end: NetworkEnd, script: string) =>
    end.exec('unshare', ['-m', 'sh', '-c', `exec 2>&1\n${script}`, process.execPath, LAUNCHER, RULES, end.ifname]);

  test('BTF, libbpf or koffi: exit code 4, and what to do', async () => {
    openLibbpf();
    const maps = readFileSync('/proc/self/maps', 'utf8');
    const library = /(\/\S*libbpf\.so\S*)$/m.exec(maps)?.[1];
    const koffi = path.dirname(createRequire(import.meta.url).resolve('koffi'));
    await withNetwork(({ near }) => {
      const text = said(
        near,
        `mount -t tmpfs none /sys/kernel/btf
        "$0" "$1" run "$2" -i "$3" --for 50ms; echo "btf $?"
        "$0" "$1" run "$2" -i "$3" --for 50ms --hook tc; echo "tc $?"
        mount --bind /dev/null ${library}
        "$0" "$1" run "$2" -i "$3" --for 50ms; echo "libbpf $?"
        "$0" "$1" doctor
        mount -t tmpfs none ${koffi}
        "$0" -e 'require("${ROOT}/dist/pktc.cjs").main(process.argv.slice(1))' -- run "$2" -i "$3"; echo "koffi $?"`,
      );
      expect(text).toMatch(/error\[PKT6103\]: .*\n.*--hook tc ingress.*\nbtf 4$/m);
      expect(text).toMatch(/^tc 0$/m);
      expect(text).toMatch(/error\[PKT6002\]: libbpf cannot be loaded: .*(?:too short|invalid ELF header)[\s\S]*^libbpf 4$/m);
      expect(text).toMatch(/^✗ kernel BTF +.*no program for XDP/m);
      expect(text).toMatch(/^✗ libbpf +.*\n.*install.*libbpf/m);
      expect(text).toMatch(/error\[PKT6101\]: the module `koffi`.*\n.*npm install\nkoffi 4$/m);
    });
  });

  test('CAP_BPF: exit code 4, and its name', async () => {
    await withNetwork(({ near }) => {
      const text = said(
        near,
        `setpriv --inh-caps=-all --bounding-set=-all,+net_admin,+perfmon "$0" "$1" run "$2" -i "$3"; echo "exit $?"`,
      );
      expect(text).toMatch(/error\[PKT6005\]: .*: CAP_BPF missing\n.*sudo.*CAP_BPF\nexit 4$/m);
      expect(xdpProgramId(near)).toBeNull();
    });
  });
});
