import type { DiagnosticCode } from '../compiler/diagnostics/diagnostic.ts';
import { EXIT, type ExitCode } from './exit-code.ts';

export interface FailureDetail {
  /** Where there is a page that says more. */
  readonly code?: DiagnosticCode;
  readonly exit?: ExitCode;
  /** An imperative: what to do next. */
  readonly help?: string;
}

/** Ends a command with a message and an exit code; nothing has gone wrong in pktc itself. */
export class Failure extends Error {
  readonly code: DiagnosticCode | null;
  readonly exit: ExitCode;
  readonly help: string | null;

  constructor(message: string, detail: FailureDetail = {}) {
    super(message);
    this.name = 'Failure';
    this.code = detail.code ?? null;
    this.exit = detail.exit ?? EXIT.failure;
    this.help = detail.help ?? null;
  }
}
