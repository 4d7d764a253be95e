import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createOutput } from '../../cli/events/output.ts';
import { widenPipe } from '../../cli/events/wide-pipe.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { type Libc, openLibc } from '../../runtime/ffi/libc.ts';

/** include/uapi/linux/fcntl.h */
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;

const libc = openLibc();

/** Both ends in one: nobody has to open the other. */
function withPipe(use: (fd: number) => void): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-pipe-'));
  const name = path.join(folder, 'pipe');
  try {
    execFileSync('mkfifo', [name]);
    const fd = openSync(name, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      use(fd);
    } finally {
      closeSync(fd);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How many bytes go in until it takes no more. */
function fill(fd: number): number {
  const chunk = new Uint8Array(4096);
  for (let written = 0; ; ) {
    try {
      written += writeSync(fd, chunk);
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' });
      return written;
    }
  }
}

test('a pipe takes a batch of lines as a whole, what is in it already stays', () => {
  withPipe((fd) => {
    writeSync(fd, 'first');
    widenPipe(libc, fd);
    expect(fill(fd)).toBeGreaterThan((1 << 20) - 8192);
    const bytes = new Uint8Array(5);
    readSync(fd, bytes);
    expect(Buffer.from(bytes).toString()).toBe('first');
  });
});

test('nothing changes where it is wider, where the kernel refuses (the output goes on), and where there is no pipe', () => {
  const asked: (readonly number[])[] = [];
  const pipeOf = (bytes: number): Pick<Libc, 'fcntl'> => ({
    fcntl(...call) {
      asked.push(call);
      return call[1] === F_GETPIPE_SZ ? bytes : -1;
    },
  });
  widenPipe(pipeOf(2 << 20), 1);
  createOutput({ out: { fd: 2 } } as Terminal, pipeOf(64 << 10) as Libc);
  expect(asked).toEqual([
    [1, F_GETPIPE_SZ, 0],
    [2, F_GETPIPE_SZ, 0],
    [2, F_SETPIPE_SZ, 1 << 20],
  ]);
  const file = openSync('/dev/null', 'w');
  widenPipe(libc, file);
  expect(writeSync(file, 'x')).toBe(1);
  closeSync(file);
});
