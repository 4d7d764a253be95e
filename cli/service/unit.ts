/** The systemd unit that puts rules to work when the machine starts (systemd.unit(5), systemd.service(5), systemd.exec(5)). */

export interface ServiceUnit {
  /** Of the detached program; `[A-Za-z0-9_-]`. */
  readonly name: string;
  /** How pktc is started: absolute paths of Node and of its script. */
  readonly pktc: readonly string[];
  /** Absolute. */
  readonly file: string;
  /** What `run` gets besides: where to attach, and how. */
  readonly options: readonly string[];
  /** What has to be there first; patterns are none. */
  readonly interfaces: readonly string[];
}

/** Loading, attaching, and reading kernel symbols for the verifier: nothing else that root may do. */
const CAPABILITIES = 'CAP_BPF CAP_NET_ADMIN CAP_PERFMON';

/**
 * What `pktc run --detach` leaves is in the kernel: no process has to stay, and none can die. Every text of the user's is quoted, so that
 * it stays one argument of one command.
 */
export function unitText({ name, pktc, file, options, interfaces }: ServiceUnit): string {
  const command = (...words: readonly string[]) => [...pktc, ...words].map(quoted).join(' ');
  const devices = interfaces.map(deviceUnit);
  const after = devices.length === 0 ? [] : [`BindsTo=${devices.join(' ')}`, `After=${devices.join(' ')}`];
  return `${[
    '# Made by `pktc install-service`, which makes it again with --force.',
    '[Unit]',
    `Description=${specifiers(`pktc: the rules of ${file}`)}`,
    `RequiresMountsFor=/sys/fs/bpf ${quoted(file)}`,
    ...after,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    `ExecStart=${command('run', file, '--detach', '--name', name, ...options)}`,
    `ExecReload=${command('reload', name, file)}`,
    `ExecStop=${command('stop', name)}`,
    `CapabilityBoundingSet=${CAPABILITIES}`,
    'NoNewPrivileges=yes',
    'CacheDirectory=pktc',
    'CacheDirectoryMode=0700',
    'Environment=PKTC_CACHE_DIR=/var/cache/pktc',
    'ProtectSystem=strict',
    'ReadWritePaths=/sys/fs/bpf',
    'ProtectHome=read-only',
    'PrivateTmp=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'LockPersonality=yes',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6 AF_PACKET',
    'SystemCallArchitectures=native',
    'UMask=0077',
    '',
    '[Install]',
    // With the device, it starts again when an interface comes back that had gone.
    `WantedBy=${['multi-user.target', ...devices].join(' ')}`,
  ].join('\n')}\n`;
}

/** Whether a file lies where a unit with `PrivateTmp` sees an empty directory of its own. @param file its real path */
export function unseenByUnit(file: string): boolean {
  return /^\/(var\/)?tmp\//.test(file);
}

/** What no unit file can carry in one line; null: it can. */
export function unitProblem(text: string): string | null {
  return /\p{Cc}/u.test(text) ? 'it contains a control character' : null;
}

/** One argument: quotes, backslashes, variables (`$`) and specifiers (`%`) stand for themselves. */
function quoted(text: string): string {
  if (/^[\w./:@,+=-]+$/.test(text)) return text;
  return `"${specifiers(text).replace(/[\\"]/g, '\\$&').replaceAll('$', '$$$$')}"`;
}

function specifiers(text: string): string {
  return text.replaceAll('%', '%%');
}

/** The unit that udev makes of an interface (systemd.device(5), escaped as by systemd-escape(1)). */
function deviceUnit(ifname: string): string {
  const escaped = [...Buffer.from(ifname)]
    .map((byte, at) => {
      const character = String.fromCharCode(byte);
      const plain = /[A-Za-z0-9:_]/.test(character) || (character === '.' && at > 0);
      return plain ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
  return `sys-subsystem-net-devices-${escaped}.device`;
}
