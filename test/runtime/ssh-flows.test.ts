/** Who is logged in through SSH, read from a proc file system that the test has written. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { addressBytes, addressText } from '../../runtime/address-bytes.ts';
import { LITTLE_ENDIAN } from '../../runtime/byte-order.ts';
import { parseSshConnection, readSshFlows } from '../../runtime/ssh-flows.ts';
import { parseTcpSockets } from '../../runtime/tcp-sockets.ts';
import { temporaryFolder } from '../cli/pktc.ts';

const folder = temporaryFolder();

/** As a kernel of this machine's byte order writes it; the texts below are a little-endian machine's. */
const native = (text: string): string =>
  LITTLE_ENDIAN ? text : text.replace(/([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})(?=[0-9A-F]*:)/g, '$4$3$2$1');

const REST = '00000000:00000000 00:00000000 00000000     0        0';
const TCP = native(`  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A ${REST} 501 1 0000000000000000 100 0 0 10 0
   1: 0100007F:07E6 00000000:0000 0A ${REST} 502 1 0000000000000000 100 0 0 10 0
   2: 010200C0:0016 097100CB:C822 01 ${REST} 503 4 0000000000000000 20 4 30 10 -1
   3: 010200C0:0016 0A7100CB:C823 06 ${REST} 0 3 0000000000000000
   4: 010200C0:9C40 097100CB:0016 01 ${REST} 504 1 0000000000000000 20 4 30 10 -1
   5: 00000000:0050 00000000:0000 0A ${REST} 505 1 0000000000000000 100 0 0 10 0
`);
const TCP6 =
  native(`  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A ${REST} 601 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF0000010200C0:0016 0000000000000000FFFF00000B7100CB:D431 01 ${REST} 602 1 0000000000000000 20 4 30 10 -1
   2: B80D0120000000000000000001000000:0016 B80D0120000000000000000009000000:EA60 01 ${REST} 603 1 0000000000000000 20 4 30 10 -1
`);

interface Written {
  readonly pid: number;
  readonly parent: number;
  readonly comm: string;
  readonly environ: string;
  readonly sockets: readonly string[];
}

function writeProc(
  name: string,
  processes: readonly Written[],
  tables: Readonly<Record<string, string>> = { tcp: TCP, tcp6: TCP6 },
) {
  const proc = path.join(folder, name);
  mkdirSync(path.join(proc, 'self/net'), { recursive: true });
  for (const [table, text] of Object.entries(tables)) writeFileSync(path.join(proc, 'self/net', table), text);
  for (const { pid, parent, comm, environ, sockets } of processes) {
    const of = path.join(proc, String(pid));
    mkdirSync(path.join(of, 'fd'), { recursive: true });
    writeFileSync(path.join(of, 'comm'), `${comm}\n`);
    writeFileSync(path.join(of, 'status'), `Name:\t${comm}\nPid:\t${pid}\nPPid:\t${parent}\n`);
    writeFileSync(path.join(of, 'environ'), environ);
    for (const [fd, inode] of sockets.entries()) symlinkSync(`socket:[${inode}]`, path.join(of, 'fd', String(fd)));
  }
  return proc;
}

describe('addresses', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::', '::'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('%s is %s', (text, canonical) => {
    const bytes = addressBytes(text);
    expect(bytes === null ? null : addressText(bytes)).toBe(canonical);
  });

  test.each(['', '1.2.3', '1:2', 'fe80:::1', 'host'])('%j is none', (text) => expect(addressBytes(text)).toBeNull());
});

describe('/proc/net/tcp', () => {
  test('IPv4: what listens and what is connected, addresses and ports as people write them', () => {
    expect(parseTcpSockets(TCP)).toEqual([
      { state: 'listening', local: { address: '0.0.0.0', port: 22 }, remote: { address: '0.0.0.0', port: 0 }, inode: '501' },
      {
        state: 'listening',
        local: { address: '127.0.0.1', port: 2022 },
        remote: { address: '0.0.0.0', port: 0 },
        inode: '502',
      },
      {
        state: 'established',
        local: { address: '192.0.2.1', port: 22 },
        remote: { address: '203.0.113.9', port: 51234 },
        inode: '503',
      },
      {
        state: 'established',
        local: { address: '192.0.2.1', port: 40000 },
        remote: { address: '203.0.113.9', port: 22 },
        inode: '504',
      },
      { state: 'listening', local: { address: '0.0.0.0', port: 80 }, remote: { address: '0.0.0.0', port: 0 }, inode: '505' },
    ]);
  });

  test('IPv6, and IPv4 in its clothes', () => {
    expect(parseTcpSockets(TCP6).map(({ local, remote }) => [local, remote])).toEqual([
      [
        { address: '::', port: 22 },
        { address: '::', port: 0 },
      ],
      [
        { address: '192.0.2.1', port: 22 },
        { address: '203.0.113.11', port: 54321 },
      ],
      [
        { address: '2001:db8::1', port: 22 },
        { address: '2001:db8::9', port: 60000 },
      ],
    ]);
  });

  test('lines that are none are left out', () => {
    expect(parseTcpSockets('\n  0: 0100007F 00000000:0000 0A\n  1: 0100:0016 00000000:0000 0A\n garbage')).toEqual([]);
  });
});

describe('flows', () => {
  const sshd: Written = { pid: 7, parent: 1, comm: 'sshd', environ: '', sockets: ['9', '502'] };

  test('connections to what listens on port 22 or is sshd, and nobody’s own', () => {
    const proc = writeProc('flows', [sshd, { ...sshd, pid: 8, comm: 'nginx', sockets: ['505'] }]);
    const { session, connections, listeners } = readSshFlows({ proc, environment: {}, parent_pid: 0 });
    expect(session).toBeNull();
    expect(
      connections.map(({ client, server }) => `${client.address} ${client.port} > ${server.address} ${server.port}`),
    ).toEqual(['203.0.113.9 51234 > 192.0.2.1 22', '203.0.113.11 54321 > 192.0.2.1 22', '2001:db8::9 60000 > 2001:db8::1 22']);
    expect(listeners).toEqual([
      { address: '0.0.0.0', port: 22 },
      { address: '127.0.0.1', port: 2022 },
      { address: '::', port: 22 },
    ]);
  });

  test('the session: its own environment, else a process above; a circle ends', () => {
    const variable = 'SSH_CONNECTION=203.0.113.9 51234 192.0.2.1 22';
    const shell: Written = { pid: 20, parent: 7, comm: 'bash', environ: `HOME=/root\0${variable}\0`, sockets: [] };
    const sudo: Written = {
      pid: 21,
      parent: 20,
      comm: 'sudo',
      environ: 'HOME=/root\0XSSH_CONNECTION=1.1.1.1 1 2.2.2.2 22\0',
      sockets: [],
    };
    const loop: Written = { ...sudo, pid: 30, parent: 30 };
    const proc = writeProc('session', [sshd, shell, sudo, loop]);
    const ask = (parent_pid: number, environment = {}) => readSshFlows({ proc, environment, parent_pid }).session;
    expect(ask(21)).toMatchObject({
      client: { address: '203.0.113.9', port: 51234 },
      server: { address: '192.0.2.1', port: 22 },
    });
    expect(ask(21, { SSH_CONNECTION: '::ffff:10.0.0.2 4 ::ffff:10.0.0.1 2222' })).toEqual({
      client: { address: '10.0.0.2', port: 4 },
      server: { address: '10.0.0.1', port: 2222 },
      zone: null,
    });
    expect(ask(30)).toBeNull();
    expect(ask(99)).toBeNull();
  });

  test('without anything to read there is nothing', () => {
    expect(readSshFlows({ proc: path.join(folder, 'none'), environment: {}, parent_pid: 4 })).toEqual({
      session: null,
      connections: [],
      listeners: [],
    });
  });
});

describe('SSH_CONNECTION', () => {
  test('a zone is kept', () => {
    expect(parseSshConnection('fe80::2%eth0 51234 fe80::1%eth0 22')).toEqual({
      client: { address: 'fe80::2', port: 51234 },
      server: { address: 'fe80::1', port: 22 },
      zone: 'eth0',
    });
  });

  test.each([
    '',
    'UNKNOWN 65535 UNKNOWN 65535',
    '10.0.0.1 22 10.0.0.2',
    '10.0.0.1 0 10.0.0.2 22',
    '10.0.0.1 99999 10.0.0.2 22',
    '10.0.0.1 x 10.0.0.2 22',
  ])('%j is none', (text) => expect(parseSshConnection(text)).toBeNull());
});
