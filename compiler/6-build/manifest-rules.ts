/** What the manifest says of the rules. */
import type { ManifestRule } from '../../runtime/abi/manifest.ts';
import type { Rule } from '../2-resolve/program.ts';
import { inManifest, manifestRule } from '../2-resolve/row-rule.ts';

/** Up to so many rules are plain objects. */
const PLAIN_RULES = 1024;

export function manifestRules(rules: readonly Rule[]): readonly ManifestRule[] {
  return rules.map(rules.length <= PLAIN_RULES ? inManifest : manifestRule);
}
