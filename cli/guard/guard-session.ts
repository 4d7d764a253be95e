/** The rule that locks its own author out is asked about before it is at work. */
import { readFileSync } from 'node:fs';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import type { Artifact, Manifest, ManifestRule, VerdictName } from '../../runtime/abi/manifest.ts';
import type { TcpEnd } from '../../runtime/tcp-sockets.ts';
import { ask, canAsk } from '../ask.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { asDiagnostic } from '../report-error.ts';
import type { Stop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';
import { canLockOut, type Lockout } from './find-lockouts.ts';

export interface Guarded {
  /** Names and patterns. */
  readonly interfaces: readonly string[];
  /** Goes on with a warning. */
  readonly force: boolean;
  /** Whether `--confirm` is there to say instead. */
  readonly canConfirm?: boolean;
  /** Rules that are at work already are to be others; default: nothing is attached yet. */
  readonly reloading?: boolean;
}

/**
 * Tries the flows of SSH that come by on the interfaces against the program. On a terminal it asks what to do about one that would not
 * come through.
 * @returns null: go on; else the exit code, and why has been printed
 * @throws Failure PKT6050 where there is nobody to ask; RuntimeError as `loadArtifact` and `expandPatterns` do
 */
export async function guardSession(
  artifact: Artifact,
  { interfaces, force, canConfirm = false, reloading = false }: Guarded,
  stop: Stop,
  terminal: Terminal,
): Promise<ExitCode | null> {
  const { manifest } = artifact;
  if (interfaces.length === 0 || !canLockOut(manifest)) return null;
  const [first, ...more] = await lockoutsOf(artifact, interfaces);
  if (first === undefined) return null;
  const failure = lockoutFailure(manifest, first, more.length, canConfirm);
  const asked = !force && canAsk(terminal);
  if (!force && !asked) throw failure;
  const shown = { ...asDiagnostic(failure), severity: 'warning' as const };
  terminal.say(renderDiagnostics([shown], { color: terminal.err.color }).trimEnd());
  if (force || (await ask(`${reloading ? 'reload' : 'attach'} all the same? [y/N] `, stop))) return null;
  terminal.say(reloading ? 'the rules from before stay at work' : 'not attached');
  return EXIT.failure;
}

/** Asks the network only when there is something to attach to it. */
async function lockoutsOf(artifact: Artifact, interfaces: readonly string[]): Promise<readonly Lockout[]> {
  const { expandPatterns } = await import('../../runtime/interfaces.ts');
  const { readSshFlows } = await import('../../runtime/ssh-flows.ts');
  const { carriedFlows } = await import('./carried-flows.ts');
  const { readNetworkFacts } = await import('./network-facts.ts');
  const { findLockouts } = await import('./find-lockouts.ts');
  const flows = readSshFlows({ proc: '/proc', environment: process.env, parent_pid: process.ppid });
  if (flows.session === null && flows.listeners.length === 0) return [];
  return findLockouts(artifact, carriedFlows(flows, [...new Set(expandPatterns(interfaces))], readNetworkFacts()));
}

/** No label has a colon. */
const PLACE = /:\d+$/;
const RULE_TEXT_MAX = 80;

const DOES: Readonly<Record<VerdictName, string>> = {
  pass: 'passes',
  audit: 'passes',
  drop: 'drops',
  reject: 'rejects',
  redirect: 'redirects',
};

function lockoutFailure(manifest: Manifest, lockout: Lockout, more: number, canConfirm: boolean): Failure {
  const { carried, what, rule } = lockout;
  const who = rule === null ? 'the default' : `the rule \`${rule.name}\``;
  const does = DOES[rule?.verdict ?? manifest.default_verdict];
  const also = more === 0 ? '' : ` (and there ${more === 1 ? 'is 1' : `are ${more}`} more like it)`;
  const message = `on \`${carried.ifname}\` ${who} ${does} ${what} of ${whoseText(lockout)}${also}`;
  const where = rule === null ? `before \`default ${manifest.default_verdict}\` holds` : `above \`${shortened(rule.text)}\``;
  const place = rule === null ? manifest.source : placeOf(manifest, rule);
  const confirmed = canConfirm ? '; with `--confirm 30s` it goes back by itself when you cannot confirm it' : '';
  const help = `put \`${passRule(manifest, lockout)}\` ${where} (${place}), or go on with \`--force\`${confirmed}`;
  return new Failure(message, { code: 'PKT6050', help });
}

function whoseText({ carried: { kind, server, flows } }: Lockout): string {
  const client = flows[0]?.client;
  if (kind === 'listener' || client === undefined) return `everybody who would log in through SSH at port ${server.port}`;
  const flow = `${endText(client)} to ${endText(server)}`;
  return kind === 'session' ? `the SSH session that you are in, ${flow}` : `an SSH session, ${flow}`;
}

function shortened(text: string): string {
  return text.length <= RULE_TEXT_MAX ? text : `${text.slice(0, RULE_TEXT_MAX)}…`;
}

function endText({ address, port }: TcpEnd): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A rule without a label is called after its place. One with a label may be of a file that the rule file includes, which nobody has noted. */
function placeOf({ source }: Manifest, { name, line }: ManifestRule): string {
  if (PLACE.test(name)) return name;
  return lineOf(source, line).includes(name) ? `${source}:${line}` : `line ${line}`;
}

/** Empty: the file is not there, as where only the object is, or not so long. */
function lineOf(file: string, line: number): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[line - 1] ?? '';
  } catch {
    return '';
  }
}

/** A rule that lets the flow through wherever the program is asked. */
function passRule({ programs }: Manifest, { carried: { kind, server, flows }, direction }: Lockout): string {
  const both = programs.length > 1;
  const [address, port] = both ? ['addr', 'port'] : direction === 'ingress' ? ['src', 'dport'] : ['dst', 'sport'];
  const client = kind === 'listener' ? '' : `${address} ${flows[0]?.client.address} `;
  return `match ${client}proto tcp ${port} ${server.port} -> pass`;
}
