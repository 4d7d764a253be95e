import { readFileSync } from 'node:fs';
import { networkInterfaces, release } from 'node:os';
import { describe, expect, test } from 'vitest';
import { kernelOlderThan, kernelVersion } from '../../runtime/kernel-version.ts';
import { inspectMachine } from '../../runtime/machine.ts';

describe('the machine', () => {
  const report = inspectMachine();

  test('is what the system says it is', () => {
    expect(report.kernel.release).toBe(release());
    expect(report.uid).toBe(process.getuid?.());
    const bits = BigInt(`0x${/^CapEff:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`);
    expect(report.capabilities?.CAP_BPF).toBe(((bits >> 39n) & 1n) === 1n);
    expect(report.interfaces.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(networkInterfaces())));
  });

  test('has a loopback that is up and knows no native XDP', () => {
    const loopback = report.interfaces.find(({ name }) => name === 'lo');
    expect(loopback).toMatchObject({ ifindex: 1, up: true });
    expect(loopback?.nativeXdp).not.toBe(true);
  });
});

describe('kernel version', () => {
  test.each([
    ['6.18.44-custom', [6, 18]],
    ['5.10.0-28-amd64', [5, 10]],
    ['what', null],
  ])('%s', (text, version) => {
    expect(kernelVersion(text)).toEqual(version);
  });

  test.each([
    [[5, 8], true],
    [[5, 9], false],
    [[5, 10], false],
    [[4, 19], true],
    [[6, 0], false],
    [null, false],
  ] as const)('%j is older than 5.9: %s', (version, older) => {
    expect(kernelOlderThan(5, 9, version)).toBe(older);
  });
});
