/** Why the kernel did not take a program, told from the errno, the verifier's log and what libbpf said. */
import type { Manifest } from './abi/manifest.ts';
import { missingCapabilities } from './capabilities.ts';
import { errnoName, errnoNumber } from './ffi/libc.ts';
import { kernelOlderThan, kernelVersion } from './kernel-version.ts';
import { RuntimeError } from './runtime-error.ts';
import { rejectionPlace, rejectionReason } from './verifier-log.ts';

/** Ring buffers came with 5.8, XDP links with 5.9 (kernel/bpf/ringbuf.c, net/core/dev.c). */
const OLDEST_KERNEL = [5, 9] as const;

/** @param log what the verifier wrote; @param messages what libbpf said */
export function loadError(
  errno: number,
  log: string,
  messages: readonly string[],
  manifest: Manifest,
  kernel = kernelVersion(),
): RuntimeError {
  const name = errnoName(errno);
  const libbpfLog = messages.join('\n');
  if (errno === errnoNumber('EPERM')) return privilegeError(libbpfLog);
  if (errno === errnoNumber('EAGAIN')) {
    return new RuntimeError('PKT6100', `the kernel broke off the check of the program again and again (${name})`, {
      help: 'signals to pktc do that: look who sends them, a profiler or a timer say, and start it again',
      libbpfLog,
    });
  }
  if (
    /program load failed|load bpf program failed/.test(libbpfLog) &&
    (log !== '' || /BEGIN DUMP LOG|BEGIN PROG LOAD LOG/.test(libbpfLog))
  ) {
    return rejection(name, log === '' ? libbpfLog : log, libbpfLog, manifest);
  }
  if (kernelOlderThan(...OLDEST_KERNEL, kernel)) {
    return new RuntimeError('PKT6007', `this kernel is too old: pktc needs Linux ${OLDEST_KERNEL.join('.')} or later`, {
      libbpfLog,
    });
  }
  if (/kernel BTF|vmlinux BTF/.test(libbpfLog)) {
    return new RuntimeError('PKT6103', 'this kernel does not show its types (BTF), and programs for XDP need them', {
      help: 'see that /sys is mounted and the kernel built with CONFIG_DEBUG_INFO_BTF; `--hook tc ingress` does without',
      libbpfLog,
    });
  }
  if (errno === errnoNumber('ENOMEM')) {
    return new RuntimeError('PKT6008', 'the kernel has no memory for the maps of this program', {
      help: 'free some memory, raise the memory limit of this control group, or log in fewer rules',
      libbpfLog,
    });
  }
  return new RuntimeError('PKT6014', `the kernel did not take the program (${name})${lastMessage(messages)}`, {
    help: 'run `pktc doctor`: it says what this machine lacks',
    libbpfLog,
  });
}

/** What a process that may not use BPF is told. */
export function privilegeError(libbpfLog = ''): RuntimeError {
  const missing = missingCapabilities();
  const what = missing.length === 0 ? 'a security policy or a container forbids it' : `${missing.join(', ')} missing`;
  return new RuntimeError('PKT6005', `this process may not load and attach programs: ${what}`, {
    help:
      missing.length === 0
        ? 'look at the seccomp profile, the LSM (`dmesg`) and the capabilities of the container'
        : `run it with \`sudo\`, or give it ${missing.join(', ')}`,
    libbpfLog,
  });
}

function rejection(errno: string, verifierLog: string, libbpfLog: string, manifest: Manifest): RuntimeError {
  const { rule } = rejectionPlace(verifierLog, manifest);
  const reason = rejectionReason(verifierLog);
  const culprit = rule === null ? undefined : manifest.rules[rule];
  const where = culprit === undefined ? '' : `, in rule \`${culprit.name}\``;
  return new RuntimeError('PKT6006', `the kernel's verifier rejected the program${where}: ${reason ?? errno}`, {
    help:
      culprit === undefined
        ? 'this is a mistake in pktc, not in your rules: please report it with the rule file and the verifier log'
        : 'try the rule alone, and report it with the verifier log: pktc should not have made this program',
    verifierLog,
    rule,
    libbpfLog,
  });
}

function lastMessage(messages: readonly string[]): string {
  const last = messages.at(-1)?.replace(/^libbpf: /, '');
  return last === undefined ? '' : `: ${last}`;
}
