import type { Definitions } from '../definition.ts';

/** The runtime makes its messages itself (`RuntimeError`), for it knows the system's reason; what they mean is said here. */
const said = (p: { message: string }) => p.message;

/** PKT600x and PKT601x are the runtime's, PKT602x the command line's. */
export const RUNTIME = {
  PKT6001: { title: 'no such interface', severity: 'error', message: said },
  PKT6002: { title: 'libbpf is missing', severity: 'error', message: said },
  PKT6003: { title: 'damaged object file', severity: 'error', message: said },
  PKT6004: { title: 'object and manifest differ', severity: 'error', message: said },
  PKT6005: { title: 'privilege missing', severity: 'error', message: said },
  PKT6006: { title: 'rejected by the verifier', severity: 'error', message: said },
  PKT6007: { title: 'kernel too old', severity: 'error', message: said },
  PKT6008: { title: 'not enough memory', severity: 'error', message: said },
  PKT6009: { title: 'frame cannot be run', severity: 'error', message: said },
  PKT6010: { title: 'impossible interface name', severity: 'error', message: said },
  PKT6011: { title: 'interface in use', severity: 'error', message: said },
  PKT6012: { title: 'no native XDP', severity: 'error', message: said },
  PKT6013: { title: 'attaching failed', severity: 'error', message: said },
  PKT6014: { title: 'loading failed', severity: 'error', message: said },
  PKT6015: { title: 'interface went away', severity: 'error', message: said },
  PKT6030: { title: 'interface without Ethernet', severity: 'error', message: said },
  PKT6031: { title: 'no interface with such a name', severity: 'error', message: said },
  PKT6032: { title: 'no such control group', severity: 'error', message: said },
  PKT6033: { title: 'no control groups', severity: 'error', message: said },
  PKT6034: { title: 'interface above in use', severity: 'error', message: said },
  PKT6040: { title: 'kernel too old for so many rules', severity: 'error', message: said },
  PKT6041: { title: 'rules cannot be replaced', severity: 'error', message: said },
  PKT6050: { title: 'rules would cut off an SSH session', severity: 'error', message: said },
  PKT6060: { title: 'no safe place for detached programs', severity: 'error', message: said },
  PKT6061: { title: 'name of a program in use', severity: 'error', message: said },
  PKT6062: { title: 'no program of that name', severity: 'error', message: said },
  PKT6063: { title: 'program cannot be detached', severity: 'error', message: said },
  PKT6090: { title: 'no set of that name', severity: 'error', message: said },
  PKT6091: { title: 'no element of the set', severity: 'error', message: said },
  PKT6092: { title: 'set is full', severity: 'error', message: said },
  PKT6021: { title: 'file cannot be read', severity: 'error', message: said },
  PKT6022: { title: 'file is not UTF-8', severity: 'error', message: said },
} as const satisfies Definitions;
