/** What `pktc doctor` finds, as a list of checks. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  describeHolder,
  type InterfaceReport,
  inspectMachine,
  type MachineReport,
  programsText,
  wayToHave,
} from '../../runtime/machine.ts';

export interface Check {
  readonly name: string;
  /** `note`: pktc works, perhaps not as well as it could. */
  readonly state: 'ok' | 'note' | 'missing';
  readonly found: string;
  /** An imperative; null: nothing to do. */
  readonly help: string | null;
}

export interface Examination {
  readonly checks: readonly Check[];
  readonly machine: MachineReport;
}

/** The name of a package by the program that installs it. */
const PACKAGES: Readonly<Record<'clang' | 'libbpf' | 'iproute', Readonly<Record<string, string>>>> = {
  clang: { 'apt-get': 'clang', dnf: 'clang', apk: 'clang', pacman: 'clang', zypper: 'clang' },
  libbpf: { 'apt-get': 'libbpf1', dnf: 'libbpf', apk: 'libbpf', pacman: 'libbpf', zypper: 'libbpf1' },
  iproute: { 'apt-get': 'iproute2', dnf: 'iproute', apk: 'iproute2', pacman: 'iproute2', zypper: 'iproute2' },
};

const INSTALL: Readonly<Record<string, string>> = {
  'apt-get': 'apt-get install',
  dnf: 'dnf install',
  apk: 'apk add',
  pacman: 'pacman -S',
  zypper: 'zypper install',
};

/** Changes nothing. */
export async function examineMachine(): Promise<Examination> {
  const machine = inspectMachine();
  const checks = [
    checkKernel(machine),
    checkBtf(machine),
    checkJit(machine),
    checkPrivilege(machine),
    await checkClang(),
    checkLibbpf(machine),
    checkIp(),
    await checkCache(),
    await checkSpace(),
    checkDetaching(machine),
    checkMemlock(machine),
    ...checkHooks(machine),
    ...checkInterfaces(machine),
  ];
  return { checks: checks.filter((check) => check !== null), machine };
}

function checkKernel({ kernel }: MachineReport): Check {
  const found = `Linux ${kernel.release} (${kernel.arch})`;
  if (kernel.supported) return { name: 'kernel', state: 'ok', found, help: null };
  return {
    name: 'kernel',
    state: 'missing',
    found: `${found} is too old`,
    help: 'pktc needs Linux 5.9 or newer, 5.15 or newer is better',
  };
}

/** Programs for XDP look into a structure of the kernel's own, which no two kernels lay out alike. */
function checkBtf({ btf }: MachineReport): Check {
  if (btf) return { name: 'kernel BTF', state: 'ok', found: '/sys/kernel/btf/vmlinux', help: null };
  return {
    name: 'kernel BTF',
    state: 'missing',
    found: '/sys/kernel/btf/vmlinux is not there: no program for XDP can be loaded, those for other hooks can',
    help: 'mount /sys, take a kernel with CONFIG_DEBUG_INFO_BTF, or use `--hook tc ingress`',
  };
}

function checkJit({ jit }: MachineReport): Check {
  if (jit === null) return { name: 'BPF JIT', state: 'note', found: 'cannot be told', help: null };
  if (jit) return { name: 'BPF JIT', state: 'ok', found: 'on', help: null };
  return {
    name: 'BPF JIT',
    state: 'note',
    found: 'off: programs are interpreted, several times slower',
    help: 'as root: sysctl net.core.bpf_jit_enable=1',
  };
}

function checkPrivilege({ uid, missingCapabilities: missing }: MachineReport): Check {
  const who = uid === 0 ? 'root' : `uid ${uid}`;
  if (missing.length === 0) return { name: 'privilege', state: 'ok', found: `${who}, may load and attach`, help: null };
  const help =
    uid === 0
      ? 'this container or sandbox keeps them back: start it with more capabilities, or run on the host'
      : 'use sudo, or give the capabilities: setpriv, systemd AmbientCapabilities';
  return { name: 'privilege', state: 'missing', found: `${who}, without ${missing.join(', ')}`, help };
}

async function checkClang(): Promise<Check> {
  const { findClang, OLDEST_CLANG } = await import('../../compiler/6-build/find-clang.ts');
  const clang = await findClang();
  const missing = (found: string) => ({ name: 'clang', state: 'missing' as const, found, help: installHelp('clang') });
  if (clang.found && clang.major >= OLDEST_CLANG)
    return { name: 'clang', state: 'ok', found: `${clang.version} (${clang.path})`, help: null };
  if (clang.found) return missing(`${clang.version} (${clang.path}) is too old: pktc needs ${OLDEST_CLANG} or newer`);
  return missing(
    clang.reason === 'missing'
      ? '`clang`, which compiles the rules, is not installed'
      : `${clang.path} does not work: ${clang.message}`,
  );
}

function checkLibbpf({ libbpf }: MachineReport): Check {
  if (libbpf.found) return { name: 'libbpf', state: 'ok', found: libbpf.version ?? 'older than 0.6', help: null };
  return { name: 'libbpf', state: 'missing', found: libbpf.reason, help: installHelp('libbpf') };
}

/** Only the demo uses it. */
function checkIp(): Check {
  const found = programPath('ip');
  if (found !== null) return { name: 'iproute2', state: 'ok', found, help: null };
  return {
    name: 'iproute2',
    state: 'note',
    found: 'the program `ip`, which only `pktc demo` uses, is not installed',
    help: installHelp('iproute'),
  };
}

/** Without it everything works, and each start compiles. */
async function checkCache(): Promise<Check> {
  const { cacheFolder, cacheProblem } = await import('../../compiler/6-build/object-cache.ts');
  const folder = cacheFolder(process.env);
  const problem = await cacheProblem(folder);
  const name = 'object cache';
  if (problem === null) return { name, state: 'ok', found: folder, help: null };
  const help = 'every start compiles anew: name another folder with `PKTC_CACHE_DIR`';
  return { name, state: 'note', found: problem, help };
}

/** What clang writes for the largest programs is below that. */
const SMALL_SPACE_BYTES = 32 * 2 ** 20;

async function checkSpace(): Promise<Check | null> {
  const folder = tmpdir();
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: 0, bsize: 0 }));
  if (bavail * bsize >= SMALL_SPACE_BYTES) return null;
  const found = `${Math.floor((bavail * bsize) / 2 ** 20)} MiB free in ${folder}, where clang works`;
  return { name: 'disk space', state: 'note', found, help: 'make room, or name another folder with `TMPDIR`' };
}

function checkDetaching({ detaching, bpffs }: MachineReport): Check {
  const name = 'run --detach';
  if (detaching === null) return { name, state: 'ok', found: bpffs ?? 'there is a BPF file system', help: null };
  return { name, state: 'note', found: detaching.problem, help: detaching.help };
}

const SMALL_MEMLOCK_BYTES = 64n * 2n ** 20n;

function checkMemlock({ memlock_bytes, kernel }: MachineReport): Check | null {
  const [major = 0, minor = 0] = kernel.release.split('.').map((part) => Number.parseInt(part, 10));
  const counts = major < 5 || (major === 5 && minor < 11);
  if (!counts || memlock_bytes === null || memlock_bytes >= SMALL_MEMLOCK_BYTES) return null;
  return {
    name: 'memory limit',
    state: 'note',
    found: `RLIMIT_MEMLOCK is ${memlock_bytes} bytes, and this kernel counts maps against it`,
    help: 'run as root, or raise it: ulimit -l unlimited',
  };
}

/** One line a hook: what it takes here, and what it does without. */
function checkHooks({ kernel, hooks, capabilities }: MachineReport): readonly Check[] {
  const ok = (name: string, found: string): Check => ({ name, state: 'ok', found, help: null });
  const note = (name: string, found: string, help: string): Check => ({ name, state: 'note', found, help });
  const xdp = hooks.xdpFragments
    ? ok('hook xdp', 'any MTU that the driver takes')
    : note(
        'hook xdp',
        'frames of one page, as Linux before 5.18 has them',
        'for jumbo frames: `--mode generic`, or another hook',
      );
  const tc = hooks.tcx
    ? ok('hook tc', 'TCX: detached when the process ends')
    : note(
        'hook tc',
        'filters of clsact, as Linux before 6.6 has no TCX',
        'a killed process leaves them: tc qdisc del dev IFACE clsact',
      );
  const raw = capabilities?.CAP_NET_RAW !== false;
  const socket = raw
    ? ok('hook socket', 'packet sockets')
    : note('hook socket', 'without CAP_NET_RAW', 'use sudo, or give it CAP_NET_RAW');
  const { cgroupRoot } = hooks;
  const cgroup =
    cgroupRoot === null
      ? note('hook cgroup', 'control groups of version 2 are not mounted', 'as root: mount -t cgroup2 none /sys/fs/cgroup')
      : ok('hook cgroup', cgroupRoot);
  return kernel.supported ? [xdp, tc, socket, cgroup] : [];
}

export function checkInterfaces({ interfaces }: MachineReport): readonly Check[] {
  return interfaces.map(checkInterface);
}

function checkInterface({ name, up, driver, ethernet, nativeXdp, holders, tcx }: InterfaceReport): Check {
  if (ethernet === false) {
    const help = 'attach to the interface below it, or use `hook cgroup`';
    return { name, state: 'note', found: 'no Ethernet header: pktc cannot attach to it', help };
  }
  const native = nativeXdp === null ? 'native XDP unknown' : nativeXdp ? 'native XDP' : 'generic XDP only';
  const chains = (['ingress', 'egress'] as const).flatMap((way) =>
    tcx === null || tcx[way].length === 0 ? [] : [`at tc ${way} ${programsText(tcx[way])}`],
  );
  const parts = [native, ...(driver === null ? [] : [`driver ${driver}`]), ...(up === false ? ['down'] : []), ...chains];
  const [holder] = holders ?? [];
  if (holder === undefined) return { name, state: 'ok', found: parts.join(', '), help: null };
  return {
    name,
    state: 'note',
    found: `${parts.join(', ')}; for XDP it has ${describeHolder(holder)}`,
    help: `to have the interface for XDP: ${wayToHave(holder, name)}`,
  };
}

function installHelp(what: keyof typeof PACKAGES): string {
  const manager = Object.keys(INSTALL).find((program) => programPath(program) !== null);
  const name = PACKAGES[what][manager ?? 'apt-get'] ?? what;
  return manager === undefined ? `install it (Debian calls the package ${name})` : `as root: ${INSTALL[manager]} ${name}`;
}

/** Also where only root's PATH looks. */
function programPath(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return (
    folders
      .filter(Boolean)
      .map((folder) => path.join(folder, name))
      .find((file) => existsSync(file)) ?? null
  );
}
