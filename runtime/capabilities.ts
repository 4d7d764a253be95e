/** What this process is allowed to do (capabilities(7)). */
import { readFileSync } from 'node:fs';

export type CapabilityName = 'CAP_DAC_OVERRIDE' | 'CAP_NET_ADMIN' | 'CAP_NET_RAW' | 'CAP_SYS_ADMIN' | 'CAP_PERFMON' | 'CAP_BPF';

/** include/uapi/linux/capability.h */
const BITS: Readonly<Record<CapabilityName, number>> = {
  CAP_DAC_OVERRIDE: 1,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
};

export function capabilityBit(name: CapabilityName): number {
  return BITS[name];
}

/** Effective capabilities by name; null when `/proc` does not tell. */
export function effectiveCapabilities(): Readonly<Record<CapabilityName, boolean>> | null {
  const bits = capabilitySet('CapEff');
  if (bits === null) return null;
  const has = (name: CapabilityName) => ((bits >> BigInt(BITS[name])) & 1n) === 1n;
  return {
    CAP_DAC_OVERRIDE: has('CAP_DAC_OVERRIDE'),
    CAP_NET_ADMIN: has('CAP_NET_ADMIN'),
    CAP_NET_RAW: has('CAP_NET_RAW'),
    CAP_SYS_ADMIN: has('CAP_SYS_ADMIN'),
    CAP_PERFMON: has('CAP_PERFMON'),
    CAP_BPF: has('CAP_BPF'),
  };
}

/** What the main thread may have, bit by bit; null when `/proc` does not tell. */
export function permittedCapabilities(): bigint | null {
  return capabilitySet('CapPrm');
}

function capabilitySet(name: 'CapEff' | 'CapPrm'): bigint | null {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'latin1');
  } catch {
    return null;
  }
  const set = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
  return set === undefined ? null : BigInt(`0x${set}`);
}

/** What is missing to load and attach a program that reads packets (a packet socket wants CAP_NET_RAW besides); CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON. */
export function missingCapabilities(): readonly CapabilityName[] {
  const have = effectiveCapabilities();
  if (have === null) return [];
  const needed: readonly CapabilityName[] = ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'];
  return needed.filter((name) => !have[name] && (name === 'CAP_NET_ADMIN' || !have.CAP_SYS_ADMIN));
}
