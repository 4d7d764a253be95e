/**
 * What can go wrong between an artifact and a running program. Thrown, because a caller can do nothing but report it; the CLI
 * prints it as a diagnostic. Each code has its entry in the diagnostic catalog and its page under `docs/diagnostics`.
 */
export const RUNTIME_CODES = [
  'PKT6001',
  'PKT6002',
  'PKT6003',
  'PKT6004',
  'PKT6005',
  'PKT6006',
  'PKT6007',
  'PKT6008',
  'PKT6009',
  'PKT6010',
  'PKT6011',
  'PKT6012',
  'PKT6013',
  'PKT6014',
  'PKT6015',
  'PKT6030',
  'PKT6031',
  'PKT6032',
  'PKT6033',
  'PKT6034',
  'PKT6040',
  'PKT6041',
  'PKT6060',
  'PKT6061',
  'PKT6062',
  'PKT6063',
  'PKT6070',
  'PKT6071',
  'PKT6100',
  'PKT6103',
  'PKT6120',
  'PKT6121',
  'PKT6122',
] as const;

export type RuntimeCode = (typeof RUNTIME_CODES)[number];

export interface RuntimeErrorDetail {
  /** Imperative: the way out. */
  readonly help?: string;
  /** What the kernel's verifier wrote, when it rejected the program. */
  readonly verifierLog?: string;
  /** Index of the rule the verifier was in when it rejected the program; null: our own headers, or unknown. */
  readonly rule?: number | null;
  /** What libbpf said meanwhile, one message a line; for bug reports. */
  readonly libbpfLog?: string;
}

export class RuntimeError extends Error {
  readonly code: RuntimeCode;
  readonly help: string | null;
  readonly verifierLog: string | null;
  readonly rule: number | null;
  readonly libbpfLog: string | null;

  constructor(code: RuntimeCode, message: string, detail: RuntimeErrorDetail = {}) {
    super(message);
    this.name = 'RuntimeError';
    this.code = code;
    this.help = detail.help ?? null;
    this.verifierLog = detail.verifierLog ?? null;
    this.rule = detail.rule ?? null;
    this.libbpfLog = detail.libbpfLog ?? null;
  }
}
