/** What the kernel's verifier says when it rejects a program. */
import type { Manifest } from './abi/manifest.ts';

/**
 * The place in the generated C that the verifier was at last, and the rule that made it.
 *
 * From kernel 6.8 on, the log quotes source lines as `; text @ file.bpf.c:26`; an older kernel leaves both null. `rule` is null
 * for code that comes from our own headers or from before the first rule: that is our mistake, not the user's.
 */
export function rejectionPlace(
  log: string,
  manifest: Manifest,
): { readonly c_line: number | null; readonly rule: number | null } {
  let last: { readonly file: string; readonly line: number } | null = null;
  for (const match of log.matchAll(/^;.* @ (\S+):(\d+)$/gm)) last = { file: match[1] ?? '', line: Number(match[2]) };
  if (last === null) return { c_line: null, rule: null };
  if (!last.file.endsWith('.bpf.c')) return { c_line: null, rule: null };
  const { line } = last;
  const entry = manifest.line_map.findLast((candidate) => candidate.c_line <= line);
  return { c_line: line, rule: entry !== undefined && entry.rule >= 0 ? entry.rule : null };
}

/** The sentence that matters: the last one before the statistics. */
export function rejectionReason(log: string): string | null {
  const lines = log
    .split('\n')
    .filter(
      (line) => line.trim() !== '' && !/^(processed \d+ insns|verification time|stack depth|mark_precise|arg#)/.test(line),
    );
  return lines.at(-1)?.trim() ?? null;
}
