import { createHash } from 'node:crypto';
import type { RuleStatement } from '../../grammar/ast.ts';

/** What a rule says, without places, white space and comments: members of the syntax in a fixed order. */
function canonicalText(rule: RuleStatement): string {
  return JSON.stringify([rule.condition, rule.actions], (key, value: unknown) => (key === 'span' ? undefined : value));
}

/** 16 hex digits of a SHA-256: enough that two rules of one file do not meet, short enough to read out. */
function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 16);
}

/**
 * Gives each rule its identity, in file order: from its label; or from what it says, and how many rules before it say the same.
 * It survives a move and a reformatting, so that counters can be carried over a reload.
 */
export function createIdentities(): (rule: RuleStatement) => string {
  const seen = new Map<string, number>();
  return (rule) => {
    if (rule.label) return digest(`label ${rule.label.text}`);
    const text = canonicalText(rule);
    const occurrence = seen.get(text) ?? 0;
    seen.set(text, occurrence + 1);
    return digest(`text ${occurrence} ${text}`);
  };
}
