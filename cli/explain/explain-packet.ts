/** `pktc explain FILE --packet … | --pcap …`: why the rules of a file decide as they do about one packet. */
import type { HookName } from '../../grammar/fields/field.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { examine, sayDiagnostics } from '../front-end.ts';
import { readSources, STDIN } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';
import { chooseRules } from './choose-rules.ts';
import { packetFromCapture, packetFromHex } from './read-packet.ts';

export interface PacketOptions {
  readonly packet: string | undefined;
  readonly pcap: string | undefined;
  readonly rule: string | undefined;
  readonly all: boolean;
  readonly limit: string;
  readonly iface: string | undefined;
  readonly mark: string | undefined;
  readonly direction: 'ingress' | 'egress' | undefined;
  readonly hook: HookName | undefined;
  readonly 'include-root': string[];
  readonly json: boolean;
}

/** @throws Failure */
export async function explainPacket(file: string, options: PacketOptions, terminal: Terminal): Promise<ExitCode> {
  const { packet, pcap, hook, iface = null, direction, rule, all, json } = options;
  if (file === STDIN && (packet === STDIN || packet === '-')) {
    throw new Failure('the rules and the packet cannot both come from standard input', { exit: EXIT.usage });
  }
  const limit = numberOption('--limit', options.limit, 1, 1_000_000);
  const mark = options.mark === undefined ? 0 : numberOption('--mark', options.mark, 0, 0xffff_ffff);
  const sources = await readSources(file, options['include-root']);
  const { sound, diagnostics } = await examine(sources, hook ?? null);
  await sayDiagnostics(diagnostics, terminal);
  if (sound === null) return EXIT.rules;
  const explained = pcap === undefined ? await packetFromHex(packet ?? '') : await packetFromCapture(pcap);
  const { traceProgram } = await import('../../compiler/interpret/trace-program.ts');
  const about = { iface, mark, ...(direction === undefined ? {} : { direction }) };
  const trace = traceProgram(sound.program, explained.frame, about);
  const chosen = chooseRules(trace, { rule, all, limit });
  if (json) {
    const { traceJson } = await import('./trace-json.ts');
    await terminal.print(traceJson(sound.program, explained, trace, chosen));
  } else {
    const { renderTrace } = await import('./render-trace.ts');
    await terminal.print(renderTrace(sound.program, explained, trace, chosen, terminal));
  }
  return EXIT.ok;
}

/** Decimal, or hexadecimal behind `0x`. */
function numberOption(name: string, text: string, least: number, most: number): number {
  const value = /^(\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Failure(`${name} takes a number from ${least} to ${most}`, { exit: EXIT.usage });
}
