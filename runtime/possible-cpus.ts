import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** CPUs that the kernel may ever number, `bpf_get_smp_processor_id() + 1` at most; there may be gaps, as in `0-3,8-11`. */
export function possibleCpus(): number {
  try {
    const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'latin1'))?.[1];
    if (last !== undefined) return Number(last) + 1;
  } catch {
    // No sysfs here: those that are there now must do.
  }
  return cpus().length;
}
