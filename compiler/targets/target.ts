/** What a hook offers a program: where it is attached in C, which verdicts it can give, what it knows without looking. */
import type { HookName } from '../../grammar/fields/field.ts';
import type { Verdict } from '../2-resolve/program.ts';
import { xdp } from './xdp.ts';

export interface Target {
  readonly hook: HookName;
  /** File under `templates/hooks` that the program is made from. */
  readonly skeleton: string;
  /** Name of the program in the object. */
  readonly program: string;
  readonly verdicts: readonly Verdict[];
  /** Context fields whose value is the same for every packet here; a context field that is not listed cannot be seen. */
  readonly constants: Readonly<Record<string, number>>;
}

/** The hooks that this version makes programs for. */
export const TARGETS: readonly Target[] = [xdp];

/** null: this version makes no program for the hook. */
export function targetFor(hook: HookName): Target | null {
  return TARGETS.find((target) => target.hook === hook) ?? null;
}
