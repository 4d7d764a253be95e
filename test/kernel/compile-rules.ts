/** A rule file as an artifact, for tests of programs that run. */

import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { compile } from '../../compiler/index.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';

export async function compileRules(text: string): Promise<Artifact> {
  const { artifact, diagnostics } = await compile({ name: 'test.rules', text }, { hook: 'xdp' });
  if (artifact === null) throw new Error(renderDiagnostics(diagnostics, { color: false }));
  return artifact;
}
