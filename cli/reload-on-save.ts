/** `run --watch`: rules that are saved take the place of those at work, and rules with an error do not. */
import path from 'node:path';
import type { Sources } from '../compiler/2-resolve/sources.ts';
import type { Manifest } from '../runtime/abi/manifest.ts';
import type { LoadedProgram } from '../runtime/load.ts';
import { changedRules } from './detached/rule-changes.ts';
import { reportError } from './report-error.ts';
import type { Prepared } from './runnable-program.ts';
import type { Terminal } from './terminal.ts';
import { type FileWatch, watchFiles } from './watch-files.ts';

/** For who waits for the rules, whether they come or not. */
export interface ReloadReports {
  begins(): void;
  ended(): void;
}

export interface Reloading {
  /** What the rules at work were made of, and what would make others of them. @param read_ms when reading began, `Date.now()` */
  follow(sources: Sources, read_ms: number): void;
  begin(loaded: LoadedProgram, reports: ReloadReports): void;
  /** Resolves when nothing changes the rules any more. */
  close(): Promise<void>;
}

/** @param file the rule file, as it was named */
export function reloadOnSave(file: string, prepare: () => Promise<Prepared>, terminal: Terminal): Reloading {
  let loaded: LoadedProgram | null = null;
  let reports: ReloadReports | null = null;
  let open = true;
  let updating: Promise<unknown> = Promise.resolve();

  const reload = async () => {
    const started_ms = performance.now();
    reports?.begins();
    // Should the file not be there to be read, it is waited for.
    watch.follow([file], null);
    try {
      const prepared = await prepare();
      if (loaded === null || !open) return;
      if ('exit' in prepared) return sayKept(terminal);
      const before = loaded.manifest;
      const update = loaded.update(prepared.artifact);
      updating = update.catch(() => {});
      const how = await update;
      if (open) terminal.say(`${changeText(before, loaded.manifest, how)} (${Math.round(performance.now() - started_ms)} ms)`);
    } catch (error) {
      if (!open) return;
      await reportError(error, terminal);
      sayKept(terminal);
    } finally {
      if (open) reports?.ended();
    }
  };
  const watch: FileWatch = watchFiles(reload);
  return {
    follow: (sources, read_ms) => watch.follow(filesOf(file, sources), read_ms),
    begin(program, told) {
      loaded = program;
      reports = told;
      terminal.say(`watching \`${file}\`: when it or a file that it names is saved, its rules take over`);
    },
    async close() {
      open = false;
      watch.close();
      await updating;
    },
  };
}

function sayKept(terminal: Terminal): void {
  terminal.say('the rules from before stay at work');
}

/** All that were read, and those that could not be: they may come. */
export function filesOf(main: string, { files }: Sources): ReadonlySet<string> {
  const named = new Set([main]);
  for (const [from, references] of files) {
    for (const [written, reference] of references) {
      if (reference.found) named.add(reference.source.name);
      else if (!written.includes('\0')) named.add(path.resolve(path.dirname(from.name), written));
    }
  }
  return named;
}

/** `2 rules new, 1 rule gone, 7 stayed with their counters` */
export function changeText(before: Manifest, now: Manifest, how: 'replaced' | 'switched'): string {
  const { added, removed, changed } = changedRules(before, now);
  const rules = ({ length }: { readonly length: number }, what: string) =>
    length === 0 ? [] : [`${length} rule${length === 1 ? '' : 's'} ${what}`];
  const verdict = before.default_verdict === now.default_verdict ? [] : [`the default is ${now.default_verdict} now`];
  const parts = [...rules(added, 'new'), ...rules(removed, 'gone'), ...rules(changed, 'changed'), ...verdict];
  const kept = now.rules.length - added.length;
  const what = parts.length === 0 ? 'every rule reads as before' : `${parts.join(', ')}, ${kept} stayed with their counters`;
  return `loaded again: ${what}; ${how === 'replaced' ? 'the same program with other data' : 'another program'}`;
}
