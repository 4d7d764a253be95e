/** The running kernel, as `uname` has it. */
import { release } from 'node:os';

/** `6.18.44-custom` is [6, 18]; null when it does not look like a kernel's. */
export function kernelVersion(text: string = release()): readonly [number, number] | null {
  const match = /^(\d+)\.(\d+)/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : null;
}

/** Whether this kernel is older than a version; an unknown one is not. */
export function kernelOlderThan(major: number, minor: number, version = kernelVersion()): boolean {
  if (version === null) return false;
  return version[0] < major || (version[0] === major && version[1] < minor);
}
