/** The system packages that pktc and its tests use: which are missing, and how this machine installs them. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { SetupError, say } from './progress.mjs';

/**
 * What is needed, how to see that it is there (a program on the PATH, a shared library, or a file), and the package that has
 * it, by package manager. `tests`: only `npm test` needs it; `kernels`: only the tests on other kernels, which are Debian's.
 */
const NEEDS = [
  { program: /^clang(-\d+)?$/, packages: { apt: 'clang', dnf: 'clang', apk: 'clang', pacman: 'clang', zypper: 'clang' } },
  {
    library: /^libbpf\.so\.[01]$/,
    packages: { apt: 'libbpf1', dnf: 'libbpf', apk: 'libbpf', pacman: 'libbpf', zypper: 'libbpf1' },
  },
  {
    program: /^ip$/,
    packages: { apt: 'iproute2', dnf: 'iproute', apk: 'iproute2', pacman: 'iproute2', zypper: 'iproute2' },
  },
  {
    program: /^ping$/,
    packages: { apt: 'iputils-ping', dnf: 'iputils', apk: 'iputils-ping', pacman: 'iputils', zypper: 'iputils' },
  },
  {
    tests: true,
    program: /^llvm-objdump(-\d+)?$/,
    packages: { apt: 'llvm', dnf: 'llvm', apk: 'llvm', pacman: 'llvm', zypper: 'llvm' },
  },
  {
    tests: true,
    program: /^tcpdump$/,
    packages: { apt: 'tcpdump', dnf: 'tcpdump', apk: 'tcpdump', pacman: 'tcpdump', zypper: 'tcpdump' },
  },
  {
    tests: true,
    library: /^libpcap\.so\.(0\.8|1)$/,
    packages: { apt: 'libpcap0.8', dnf: 'libpcap', apk: 'libpcap', pacman: 'libpcap', zypper: 'libpcap1' },
  },
  {
    tests: true,
    program: /^tshark$/,
    packages: { apt: 'tshark', dnf: 'wireshark-cli', apk: 'tshark', pacman: 'wireshark-cli', zypper: 'wireshark' },
  },
  {
    tests: true,
    file: '/usr/include/linux/bpf.h',
    packages: {
      apt: 'linux-libc-dev',
      dnf: 'kernel-headers',
      apk: 'linux-headers',
      pacman: 'linux-api-headers',
      zypper: 'linux-glibc-devel',
    },
  },
  {
    tests: true,
    file: '/usr/include/bpf/bpf_endian.h',
    packages: { apt: 'libbpf-dev', dnf: 'libbpf-devel', apk: 'libbpf-dev', pacman: 'libbpf', zypper: 'libbpf-devel' },
  },
  {
    tests: true,
    program: /^systemd-analyze$/,
    packages: { apt: 'systemd', dnf: 'systemd', pacman: 'systemd', zypper: 'systemd' },
  },
  {
    tests: true,
    program: /^tmux$/,
    packages: { apt: 'tmux', dnf: 'tmux', apk: 'tmux', pacman: 'tmux', zypper: 'tmux' },
  },
  { tests: true, program: /^vim$/, packages: { apt: 'vim', dnf: 'vim-enhanced', apk: 'vim', pacman: 'vim', zypper: 'vim' } },
  { kernels: true, program: /^qemu-system-x86_64$/, packages: { apt: 'qemu-system-x86' } },
  { kernels: true, file: '/bin/busybox', packages: { apt: 'busybox-static' } },
  { kernels: true, library: /^libxdp\.so\.1$/, packages: { apt: 'libxdp1' } },
  { kernels: true, program: /^xdp-loader$/, packages: { apt: 'xdp-tools' } },
  { kernels: true, program: /^cpio$/, packages: { apt: 'cpio' } },
  { kernels: true, program: /^xz$/, packages: { apt: 'xz-utils' } },
];

/** How each package manager installs without asking; `refresh` fetches the lists of packages. */
const MANAGERS = [
  {
    name: 'apt',
    program: 'apt-get',
    environment: ['DEBIAN_FRONTEND=noninteractive'],
    refresh: ['apt-get', '-q', 'update'],
    install: ['apt-get', '-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'install'],
    hasLists: () => entriesOf('/var/lib/apt/lists').some((name) => /_Packages(\.\w+)?$/.test(name)),
  },
  { name: 'dnf', program: 'dnf', environment: [], refresh: null, install: ['dnf', '-y', 'install'], hasLists: () => true },
  {
    name: 'apk',
    program: 'apk',
    environment: [],
    refresh: ['apk', 'update'],
    install: ['apk', 'add'],
    hasLists: () => entriesOf('/var/cache/apk').length + entriesOf('/etc/apk/cache').length > 0,
  },
  {
    name: 'pacman',
    program: 'pacman',
    environment: [],
    refresh: ['pacman', '-Sy', '--noconfirm'],
    install: ['pacman', '-S', '--needed', '--noconfirm'],
    hasLists: () => entriesOf('/var/lib/pacman/sync').length > 0,
  },
  {
    name: 'zypper',
    program: 'zypper',
    environment: [],
    refresh: null,
    install: ['zypper', '--non-interactive', 'install', '--no-recommends'],
    hasLists: () => true,
  },
];

function entriesOf(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Root finds `ip` in /usr/sbin although the PATH of others does not have it. */
function searchPath() {
  return [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'].filter(Boolean);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Lists a folder once, however many programs are looked for. */
function programIndex() {
  const folders = [...new Set(searchPath())].map((folder) => ({ folder, names: entriesOf(folder) }));
  return (pattern) =>
    folders.some(({ folder, names }) => names.some((name) => pattern.test(name) && isExecutable(path.join(folder, name))));
}

function libraryIndex() {
  const roots = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib', '/usr/local/lib64'];
  const multiarch = ['/lib', '/usr/lib', '/usr/local/lib'].flatMap((root) =>
    entriesOf(root)
      .filter((name) => /-linux-(gnu|musl)/.test(name))
      .map((name) => path.join(root, name)),
  );
  const own = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean);
  const names = [...roots, ...multiarch, ...own].flatMap(entriesOf);
  return (pattern) => names.some((name) => pattern.test(name));
}

/** @param {{ tests: boolean, kernels?: boolean }} options @returns the entries of the table that this machine lacks */
export function missingNeeds({ tests, kernels = false }) {
  const hasProgram = programIndex();
  const hasLibrary = libraryIndex();
  // Their kernels come as Debian packages: nothing to install elsewhere.
  const boots = kernels && process.arch === 'x64' && managerOfThisMachine()?.name === 'apt';
  return NEEDS.filter((need) => (need.kernels ? boots : tests || !need.tests)).filter((need) => {
    if (need.program) return !hasProgram(need.program);
    return need.library ? !hasLibrary(need.library) : !existsSync(need.file);
  });
}

function managerOfThisMachine() {
  const hasProgram = programIndex();
  return MANAGERS.find(({ program }) => hasProgram(new RegExp(`^${program}$`))) ?? null;
}

/** Root runs a command as it is; anybody else through sudo, which may ask for a password. */
function asRoot(command, environment) {
  if (process.getuid?.() === 0) return environment.length > 0 ? ['env', ...environment, ...command] : command;
  if (!programIndex()(/^sudo$/)) {
    throw new SetupError(
      'system packages are missing, you are not root, and there is no `sudo`',
      `as root, run: ${command.join(' ')}`,
    );
  }
  return ['sudo', ...(environment.length > 0 ? ['env', ...environment] : []), ...command];
}

/** The package manager's own output goes to stderr: it is progress. */
function run(command) {
  say(`running: ${command.join(' ')}`);
  const [program, ...rest] = command;
  const { status, error } = spawnSync(program, rest, { stdio: ['inherit', 2, 2] });
  return !error && status === 0;
}

/**
 * Installs what is missing, or does nothing at all: no package manager is started when everything is there.
 * @param {{ tests: boolean, kernels?: boolean }} options
 * @throws SetupError
 */
export function installSystemPackages({ tests, kernels = false }) {
  const missing = missingNeeds({ tests, kernels });
  if (missing.length === 0) return;
  const manager = managerOfThisMachine();
  const names = (name) => missing.map((need) => need.packages[name]);
  if (manager === null) {
    throw new SetupError(
      `missing: ${names('apt').join(', ')} (Debian's names), and no package manager that pktc knows (apt-get, dnf, apk, pacman, zypper)`,
      'install them with whatever this machine has, and run the command again',
    );
  }
  const packages = names(manager.name);
  say(`installing ${packages.join(', ')} with ${manager.program}`);
  const install = asRoot([...manager.install, ...packages], manager.environment);
  const refresh = manager.refresh && asRoot(manager.refresh, manager.environment);
  let fresh = true;
  if (refresh && !manager.hasLists()) run(refresh);
  else fresh = refresh === null;
  // Lists that are old name packages that are gone from the server: fetch them anew and try once more.
  if (run(install) || (!fresh && refresh && run(refresh) && run(install))) return;
  throw new SetupError(
    `${manager.program} could not install ${packages.join(', ')}`,
    `read its messages above: no network, or a release without these packages? Then run: ${install.join(' ')}`,
  );
}
