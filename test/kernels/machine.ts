/** A virtual machine with another kernel: Debian's, booted by qemu from an initramfs that holds Node, pktc's runtime and its work. */
import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundled } from '../bundle.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '../..');

/** Modules that a guest needs to attach programs; what they depend on is built in. */
const MODULES = ['veth', 'sch_ingress', 'cls_bpf', 'llc', 'stp', 'garp', 'mrp', '8021q', 'bridge'];

export interface Kernel {
  /** As `uname -r` says it. */
  readonly release: string;
  /** Folder of the unpacked package. */
  readonly folder: string;
}

/**
 * The newest of Debian's cloud kernels of a series, such as `6.1`: downloaded once and unpacked under `cache`.
 * @throws when the package manager does not have it.
 */
export async function kernelOf(series: string, cache: string): Promise<Kernel> {
  try {
    return await kernelInLists(series, cache);
  } catch {
    // The machine may have no lists of this series, or old ones that name what is gone from the server.
    await run('apt-get', ['-q', 'update']);
    return kernelInLists(series, cache);
  }
}

async function kernelInLists(series: string, cache: string): Promise<Kernel> {
  const { stdout } = await run('apt-cache', ['search', '--names-only', `^linux-image-${series}\\.[0-9].*-cloud-amd64$`]);
  const names = stdout
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '');
  const newest = names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new Error(`the package manager has no Debian kernel ${series}`);
  const folder = path.join(cache, newest);
  const release = newest.replace('linux-image-', '');
  if (await exists(path.join(folder, 'boot', `vmlinuz-${release}`))) return { release, folder };
  const download = path.join(cache, `${newest}.download`);
  await rm(download, { recursive: true, force: true });
  await mkdir(download, { recursive: true });
  // apt drops its rights for a download and says so on stderr when it cannot.
  await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', newest], { cwd: download });
  const [file] = await readdir(download);
  await run('dpkg-deb', ['-x', path.join(download, file ?? ''), folder]);
  await rm(download, { recursive: true, force: true });
  return { release, folder };
}

async function exists(file: string): Promise<boolean> {
  return realpath(file).then(
    () => true,
    () => false,
  );
}

/**
 * Packs what a guest needs: Node, `ip`, `xdp-loader` and the libraries of all of them, the built command, busybox, modules, `guest` in one file with what it imports, and
 * `work`, the folder that it runs in.
 */
export async function packInitramfs(kernel: Kernel, work: string, folder: string, guest = 'guest.mjs'): Promise<string> {
  const root = path.join(folder, 'root');
  for (const name of ['proc', 'sys', 'tmp', 'run', 'dev', 'bin', 'pktc/node_modules', 'pktc/cli', 'modules', 'work']) {
    await mkdir(path.join(root, name), { recursive: true });
  }
  const node = await realpath(process.execPath);
  const ip = await realpath('/sbin/ip');
  const loader = await realpath('/usr/sbin/xdp-loader');
  const loaded = await Promise.all(['libbpf.so', 'libxdp.so'].map(libraryNamed));
  const libraries = new Set((await Promise.all([node, ip, loader, ...loaded].map(librariesOf))).flat());
  const dispatcher = path.join(path.dirname(await realpath(loaded[1] ?? '')), 'bpf/xdp-dispatcher.o');
  for (const file of [...loaded, ...libraries, dispatcher]) await place(file, root, file);
  await place(node, root, '/bin/node');
  await place(ip, root, '/bin/ip');
  await place(loader, root, '/bin/xdp-loader');
  await place('/bin/busybox', root, '/bin/busybox');
  for (const name of ['sh', 'mount', 'insmod', 'poweroff']) await symlink('busybox', path.join(root, 'bin', name));
  for (const name of MODULES) await placeModule(kernel, name, path.join(root, 'modules', `${name}.ko`));
  await writeFile(path.join(root, 'pktc/guest.mjs'), await bundled(path.join(import.meta.dirname, guest)));
  for (const name of ['koffi', '@koromix']) {
    await run('cp', ['-rL', path.join(ROOT, 'node_modules', name), path.join(root, 'pktc/node_modules', name)]);
  }
  await copyFile(path.join(ROOT, 'package.json'), path.join(root, 'pktc/package.json'));
  for (const name of ['launcher.cjs', 'load-program.cjs']) {
    await copyFile(path.join(ROOT, 'cli', name), path.join(root, 'pktc/cli', name));
  }
  await run('cp', ['-r', path.join(ROOT, 'dist'), path.join(root, 'pktc/dist')]);
  await run('cp', ['-r', `${work}/.`, path.join(root, 'work')]);
  await writeFile(path.join(root, 'init'), INIT, { mode: 0o755 });
  const packed = path.join(folder, 'initramfs.cpio');
  await run('sh', ['-c', 'cd "$1" && find . | cpio -o -H newc --quiet > "$2"', 'sh', root, packed]);
  return packed;
}

const INIT = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 none /sys/fs/cgroup
for module in ${MODULES.map((name) => `/modules/${name}.ko`).join(' ')}; do insmod $module; done
ip link set lo up
cd /work
node /pktc/guest.mjs
poweroff -f
`;

async function place(file: string, root: string, at: string): Promise<void> {
  const to = path.join(root, at);
  await mkdir(path.dirname(to), { recursive: true });
  await copyFile(file, to);
}

async function placeModule(kernel: Kernel, name: string, to: string): Promise<void> {
  const folder = path.join(kernel.folder, 'lib/modules', kernel.release);
  const { stdout } = await run('find', [folder, '-name', `${name}.ko*`]);
  const [file] = stdout.split('\n');
  if (!file) throw new Error(`${kernel.release} has no module ${name}`);
  const { stdout: bytes } = await run(file.endsWith('.xz') ? 'xz' : 'cat', file.endsWith('.xz') ? ['-dc', file] : [file], {
    encoding: 'buffer',
    maxBuffer: 64 << 20,
  });
  await writeFile(to, bytes);
}

/** Absolute paths of the shared libraries that a file is linked with. */
async function librariesOf(file: string): Promise<readonly string[]> {
  const { stdout } = await run('ldd', [file]);
  return [...stdout.matchAll(/(\/\S+\.so[.\d]*)/g)].map((match) => match[1] ?? '');
}

async function libraryNamed(start: string): Promise<string> {
  const { stdout } = await run('ldconfig', ['-p']);
  const line = stdout.split('\n').find((one) => one.trim().startsWith(`${start}.`));
  const file = line?.split(' => ')[1];
  if (file === undefined) throw new Error(`no ${start} on this machine`);
  return file;
}

/** What came out of the guest's serial line between these marks is its answer. */
const ANSWER = /^pktc-answer (.*)$/m;

export interface Boot {
  /** What the guest printed behind `pktc-answer`; null: it did not come so far. */
  readonly answer: unknown;
  readonly console: string;
}

/** Boots and waits for the guest to power off; a guest that takes longer than `limit_ms` is ended. */
export async function boot(kernel: Kernel, initramfs: string, limit_ms: number): Promise<Boot> {
  const argv = [
    // Emulated: a nested KVM is often there and does not work.
    ...['-accel', 'tcg', '-cpu', 'max', '-m', '2048', '-smp', '1'],
    ...['-nographic', '-no-reboot', '-nodefaults', '-serial', 'stdio'],
    ...['-kernel', path.join(kernel.folder, 'boot', `vmlinuz-${kernel.release}`), '-initrd', initramfs],
    ...['-append', 'console=ttyS0 panic=-1 quiet'],
  ];
  const qemu = spawn('qemu-system-x86_64', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  qemu.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  qemu.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const timer = setTimeout(() => qemu.kill('SIGKILL'), limit_ms);
  await new Promise((resolve) => qemu.on('close', resolve).on('error', resolve));
  clearTimeout(timer);
  const found = ANSWER.exec(text.replaceAll('\r', ''))?.[1];
  return { answer: found === undefined ? null : (JSON.parse(found) as unknown), console: text };
}
