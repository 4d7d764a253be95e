import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../compiler/diagnostics/render.ts';
import { visible } from '../compiler/diagnostics/visible.ts';
import { CaptureError } from '../runtime/capture/capture-file.ts';
import { RuntimeError } from '../runtime/runtime-error.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Failure } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** What is missing on the machine, rather than wrong in what it was asked to do. */
const MACHINE_CODES: ReadonlySet<string> = new Set([
  'PKT5001',
  'PKT5002',
  'PKT6002',
  'PKT6005',
  'PKT6007',
  'PKT6012',
  'PKT6060',
  'PKT6101',
  'PKT6103',
  'PKT6120',
  'PKT6121',
]);

/** Prints to stderr what ended a command. @returns the exit code for it */
export async function reportError(thrown: unknown, terminal: Terminal): Promise<ExitCode> {
  const error = koffiFailure(thrown) ?? thrown;
  if (error instanceof Failure && error.code === null) {
    sayError(terminal, error.message, error.help);
    return error.exit;
  }
  if (error instanceof Failure || error instanceof RuntimeError) {
    terminal.say(renderDiagnostics([asDiagnostic(error)], { color: terminal.err.color }).trimEnd());
    if (error instanceof RuntimeError && error.verifierLog !== null) sayLog(terminal, error.verifierLog);
    return exitCodeOf(error);
  }
  if (error instanceof CaptureError) {
    sayError(terminal, `${error.message} (byte ${error.offset})`, error.help);
    return EXIT.failure;
  }
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  sayError(terminal, `this is a bug in pktc: ${shown}`, 'report it with the command that you ran and the lines above');
  return EXIT.failure;
}

/** What calls libbpf is a package with a binary for each machine: it may be missing, or of another machine. null: it is something else. */
function koffiFailure(error: unknown): Failure | null {
  if (!(error instanceof Error) || error instanceof RuntimeError || !/\bkoffi\b/i.test(error.message)) return null;
  const { code = '' } = error as NodeJS.ErrnoException;
  const missing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED'].includes(code);
  if (!missing && !/native koffi module/i.test(error.message)) return null;
  const reason = error.message.split('\n')[0] ?? '';
  return new Failure(`the module \`koffi\`, through which pktc calls libbpf, cannot be loaded: ${reason}`, {
    code: 'PKT6101',
    exit: EXIT.machine,
    help: 'in the folder of pktc: npm install',
  });
}

/** Why standard output takes no more. */
export function outputFailure({ code = '', message }: NodeJS.ErrnoException): Failure {
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const reason = full ? 'the disk is full' : message.replace(/, write$/, '');
  return new Failure(`cannot write to standard output: ${reason}`, {
    code: 'PKT6102',
    help: full ? 'make room, or write to another disk' : 'look at what it is, and write elsewhere',
  });
}

export function sayError(terminal: Terminal, message: string, help: string | null): void {
  const { paint } = terminal.err;
  terminal.say(`${paint('error', 'error')}${paint('bold', `: ${message.split('\n').map(visible).join('\n')}`)}`);
  if (help !== null) terminal.say(`  ${paint('frame', '=')} ${paint('help', 'help:')} ${visible(help)}`);
}

/** A failure with a code as the other diagnostics look. */
export function asDiagnostic(error: Failure | RuntimeError): Diagnostic {
  const code = error.code ?? 'PKT6000';
  return { code, severity: 'error', message: error.message, primary: null, related: [], help: error.help, fixes: [] };
}

export function exitCodeOf(error: Failure | RuntimeError): ExitCode {
  if (error instanceof Failure) return error.exit;
  return MACHINE_CODES.has(error.code) ? EXIT.machine : EXIT.failure;
}

/** The end of the verifier's log, where it says what it did not like. */
function sayLog(terminal: Terminal, log: string): void {
  const lines = log.trimEnd().split('\n').slice(-40);
  terminal.say(`the verifier's log ends:\n${lines.map((line) => `  ${visible(line)}`).join('\n')}`);
}
