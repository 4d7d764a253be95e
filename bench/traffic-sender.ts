/** A thread that sends packets into the stack of a namespace, so that the thread that has it can read events meanwhile. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openLiveSender } from '../runtime/timing/live-sender.ts';
import { enterNamespace } from './receiver.ts';

export interface Sending {
  readonly namespace: string;
  readonly ifindex: number;
  readonly packets: number;
}

export interface Sent {
  /** Of the sending thread's processor time, in which the packets go their way. */
  readonly ns_per_packet: number;
  /** As the clock has it, between the first packet and the last. */
  readonly rate: number;
}

export interface TrafficSender {
  send(sending: Sending): Promise<Sent>;
  close(): Promise<unknown>;
}

interface Traffic {
  readonly driver: Uint8Array;
  readonly frames: readonly Uint8Array[];
}

/** What a call takes however many packets there are is measured with one batch, and taken off. */
const FEW_PACKETS = 64;

export function openTrafficSender(traffic: Traffic): TrafficSender {
  // A thread does not inherit what reads TypeScript.
  const loader = new URL('../test/kernel/typescript-loader.mjs', import.meta.url);
  const start = `require('node:module').register('${loader.href}'); import('${import.meta.url}')`;
  const worker = new Worker(start, { eval: true, workerData: traffic });
  return {
    async send(sending) {
      worker.postMessage(sending);
      const [sent] = await once(worker, 'message');
      return sent as Sent;
    },
    close: () => worker.terminate(),
  };
}

function serve({ driver, frames }: Traffic): void {
  const sender = openLiveSender(driver, frames);
  parentPort?.on('message', ({ namespace, ifindex, packets }: Sending) => {
    const timed = (count: number) => {
      const begin_ms = performance.now();
      const spent_ns = sender.send(ifindex, count);
      return { spent_ns, took_ms: performance.now() - begin_ms };
    };
    const sent = enterNamespace(namespace)((): Sent => {
      const few = timed(FEW_PACKETS);
      const all = timed(FEW_PACKETS + packets);
      const seconds = (all.took_ms - few.took_ms) / 1000;
      return { ns_per_packet: (all.spent_ns - few.spent_ns) / packets, rate: packets / seconds };
    });
    parentPort?.postMessage(sent);
  });
}

if (!isMainThread && workerData !== null) serve(workerData as Traffic);
