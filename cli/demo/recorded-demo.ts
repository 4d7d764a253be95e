/** The demo for a machine without the privilege or the kernel: the same rules, the same conversation, in the interpreter. */
import path from 'node:path';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { examine, sayDiagnostics } from '../front-end.ts';
import { packageRoot } from '../package-root.ts';
import { interpreterEngine } from '../replay/engine.ts';
import { replayCapture } from '../replay/replay-capture.ts';
import { readRuleSource } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';
import { pingFrame, type Route, tcpFrame, udpFrame } from './frames.ts';
import { LAB } from './lab.ts';
import { QUICKSTART } from './live-demo.ts';

const SYN = 0x02;
const PSH_ACK = 0x18;
const PACE_NS = 70_000_000n;

export async function recordedDemo(terminal: Terminal): Promise<ExitCode> {
  terminal.say(`$ pktc replay ${QUICKSTART} made-up.pcap --engine interpreter\n`);
  const source = await readRuleSource(path.join(packageRoot(), QUICKSTART));
  const { sound, diagnostics } = await examine(source, null);
  await sayDiagnostics(diagnostics, terminal);
  if (sound === null) return EXIT.rules;
  const { program } = sound;
  const capture = readCapture(madeUpCapture(BigInt(Date.now()) * 1_000_000n));
  await replayCapture(capture, program, interpreterEngine(program), false, terminal);
  return EXIT.ok;
}

/** What the visitors of the live demo send, as a pcap file. */
export function madeUpCapture(start_ns: bigint): Uint8Array {
  const routes: readonly Route[] = [
    { src: LAB.client4, dst: LAB.server4 },
    { src: LAB.client6, dst: LAB.server6 },
  ];
  const frames = routes.flatMap((route, index) => {
    const port = 40_000 + index;
    return [
      tcpFrame(route, [port, 80], SYN),
      tcpFrame(route, [port, 80], PSH_ACK, 'GET /hello HTTP/1.1\r\nHost: demo\r\n\r\n'),
      udpFrame(route, [port, 53], 'what is the address of example.org?'),
      pingFrame(route, 56),
      tcpFrame(route, [port + 10, 23], SYN),
      udpFrame(route, [port, 1900], 'M-SEARCH * HTTP/1.1\r\n\r\n'),
      tcpFrame(route, [port + 20, 8080], SYN),
      pingFrame(route, 1200),
    ];
  });
  return writePcap(frames.map((data, index) => ({ time_ns: start_ns + BigInt(index) * PACE_NS, data })));
}
