/** The two sides of the demo's conversation; each runs in its own namespace, in its own process. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAB } from './lab.ts';

export const READY = 'ready';

const WEB_PORTS = [80, 8080] as const;
const NAMES_PORT = 53;
const PACE_MS = 70;
const PATIENCE_MS = 250;

/** Answers whatever comes, and tells its parent when it listens. Never returns. */
export async function serve(hasIpv6: boolean): Promise<void> {
  for (const port of WEB_PORTS) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n'));
    });
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(port, hasIpv6 ? '::' : '0.0.0.0', resolve),
    );
  }
  for (const type of hasIpv6 ? (['udp4', 'udp6'] as const) : (['udp4'] as const)) {
    const socket = createSocket(type === 'udp6' ? { type, ipv6Only: true } : { type });
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(NAMES_PORT, resolve));
    socket.on('error', () => {});
    socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  }
  process.stdout.write(`${READY}\n`);
  await new Promise(() => {});
}

/** Goes through the visits again and again until it is killed. */
export async function visit(hasIpv6: boolean): Promise<void> {
  const { server4, server6 } = LAB;
  const steps: readonly (() => Promise<void>)[] = [
    () => request(server4, 80),
    () => ask(server4, NAMES_PORT),
    () => ping(server4, 56),
    () => request(server4, 23),
    ...(hasIpv6 ? [() => request(server6, 8080), () => ask(server6, NAMES_PORT), () => ping(server6, 56)] : []),
    () => ask(server4, 1900),
    () => request(server4, 8080),
    () => ping(server4, 1200),
    ...(hasIpv6 ? [() => request(server6, 23), () => ask(server6, 5353), () => ping(server6, 1200)] : []),
  ];
  for (;;) {
    for (const step of steps) {
      await step();
      await sleep(PACE_MS);
    }
  }
}

/** A TCP connection and a request; nobody waits long for a port that is closed to us. */
function request(host: string, port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const patience = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('connect', () => socket.write(`GET /hello HTTP/1.1\r\nHost: demo\r\n\r\n`));
    socket.on('data', () => {});
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(patience);
      resolve();
    });
  });
}

/** A datagram; the answer, if there is one, is not waited for. */
function ask(host: string, port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', () => {});
    socket.send('what is the address of example.org?', port, host, () => setTimeout(() => socket.close(() => resolve()), 20));
  });
}

function ping(host: string, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('ping', ['-n', '-c', '1', '-W', '0.25', '-s', String(bytes), host], { stdio: 'ignore' });
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}
