/** A thread that sends packets into the stack of a namespace, so that the thread that has it can read events meanwhile. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { openLiveSender } from '../runtime/timing/live-sender.ts';
import { enterNamespace } from './receiver.ts';
import { openThread, type Thread } from './thread.ts';

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

export type TrafficSender = Thread<Sending, Sent>;

interface Traffic {
  readonly driver: Uint8Array;
  readonly frames: readonly Uint8Array[];
}

/** What a call takes however many packets there are is measured with one batch, and taken off. */
const FEW_PACKETS = 64;

export const openTrafficSender = (traffic: Traffic): TrafficSender => openThread(import.meta.url, traffic);

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
