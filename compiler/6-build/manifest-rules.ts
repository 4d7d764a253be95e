/** What the manifest says of a rule. Of many rules hardly anybody asks: it is made when it is read. */
import type { ManifestRule } from '../../runtime/abi/manifest.ts';
import type { Rule } from '../2-resolve/program.ts';
import { rowOf } from '../2-resolve/row-rule.ts';
import { visible } from '../diagnostics/visible.ts';

/** Up to so many rules are plain objects. */
const PLAIN_RULES = 1024;

export function manifestRules(rules: readonly Rule[]): readonly ManifestRule[] {
  if (rules.length <= PLAIN_RULES) return rules.map(plain);
  return rules.map((rule) => (rowOf(rule) === null ? plain(rule) : new ManifestRow(rule)));
}

/** A class, for its members are made when they are read. */
class ManifestRow implements ManifestRule {
  readonly #rule: Rule;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  get identity(): string {
    return this.#rule.identity;
  }

  get name(): string {
    return this.#rule.name;
  }

  get line(): number {
    return this.#rule.line;
  }

  get text(): string {
    return textOf(this.#rule);
  }

  get verdict(): ManifestRule['verdict'] {
    return this.#rule.actions.verdict;
  }

  get logs(): boolean {
    return this.#rule.actions.log !== null;
  }

  toJSON(): ManifestRule {
    return plain(this.#rule);
  }
}

function plain(rule: Rule): ManifestRule {
  const { name, identity, line, actions } = rule;
  return { name, identity, line, text: textOf(rule), verdict: actions.verdict, logs: actions.log !== null };
}

/** On one line. */
function textOf({ source, span }: Rule): string {
  return visible(source.text.slice(span.start, span.end).replace(/\s+/g, ' '));
}
