/** Real TCP connections and datagrams from within a namespace: a process of its own, since sockets live where they were made. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Namespace } from './environment.ts';

export interface Peer extends Disposable {
  readonly pid: number;
  /** An echo server; gives its port. */
  listen(argument: { host: string; port?: number }): Promise<number>;
  /** `echoed`: there and back; `timeout`; or an errno name. */
  connect(argument: {
    host: string;
    port: number;
    localAddress?: string;
    localPort?: number;
    say: string;
    timeout_ms: number;
  }): Promise<{ readonly outcome: string; readonly localPort: number | null }>;
  /** With it go its sockets, and what the kernel still would have sent for them. */
  end(): Promise<void>;
  /** One datagram over a connected socket: an errno name when an ICMP error comes back, `answered`, or `timeout`. */
  ask(argument: { host: string; port: number; say: string; timeout_ms: number }): Promise<string>;
  udp(argument: { host: string; port: number; localPort?: number; messages: readonly string[] }): Promise<null>;
}

export function startPeer(namespace: Namespace): Peer {
  const child = namespace.run(() => fork(new URL('peer.mjs', import.meta.url).pathname, { execArgv: [] }));
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  child.on('message', (message: { id: number; value?: unknown; error?: string }) => {
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) call?.resolve(message.value);
    else call?.reject(new Error(message.error));
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the peer process ended'));
  });
  const request = (command: string, argument: object) =>
    new Promise<never>((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      child.send({ id, command, argument });
    });
  const ended = once(child, 'exit').then(() => {});
  const end = () => {
    if (child.connected) child.disconnect();
    return ended;
  };
  return {
    pid: child.pid ?? 0,
    end,
    listen: (argument) => request('listen', argument),
    connect: (argument) => request('connect', argument),
    ask: (argument) => request('ask', argument),
    udp: (argument) => request('udp', argument),
    [Symbol.dispose]: () => void end(),
  };
}
