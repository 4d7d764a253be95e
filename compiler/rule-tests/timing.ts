/** When the packet of a test comes: `after 10m`, `times 6000 over 1s`. */
import type { PacketNode, PacketSetting } from '../../grammar/ast.ts';
import { judgeDuration } from '../../grammar/values/duration.ts';
import { judgeNumber } from '../../grammar/values/number.ts';
import type { Context } from '../2-resolve/context.ts';
import { accept } from '../2-resolve/value-problem.ts';
import type { Timing } from './rule-test.ts';

export const TIMING_WORDS: readonly string[] = ['after', 'times', 'over'];

export const TIMES_MAX = 1_000_000;

/** Null when something in it is wrong, which is reported here. */
export function readTiming(context: Context, { settings, protocol }: PacketNode): Timing | null {
  const given = new Map<string, number>();
  let sound = true;
  for (const setting of settings) {
    const { text: name, span } = setting.name;
    if (!TIMING_WORDS.includes(name)) continue;
    const value = given.has(name) ? null : settingValue(context, setting);
    if (given.has(name)) context.report('PKT2092', { setting: name, protocol: protocol.text }, span, 'given twice');
    if (value === null) sound = false;
    else given.set(name, value);
  }
  return sound ? { after_ms: given.get('after') ?? 0, times: given.get('times') ?? 1, over_ms: given.get('over') ?? 0 } : null;
}

function settingValue(context: Context, { name, value, span }: PacketSetting): number | null {
  const counts = name.text === 'times';
  if (value.kind !== 'literal' || value.to !== null) {
    const takes = counts ? 'a number' : 'a time';
    const help = counts ? 'write for example `times 100`' : `write for example \`${name.text} 10s\``;
    return context.report('PKT2093', { setting: name.text, takes }, span, `not ${takes}`, { help });
  }
  if (!counts) return accept(context, value, judgeDuration(value.text));
  const times = accept(context, value, judgeNumber(value.text));
  if (times === null || (times >= 1 && times <= TIMES_MAX)) return times;
  return context.report('PKT2114', { text: value.text }, value.span, `1 to ${TIMES_MAX}`, {
    help: `a packet comes from once to ${TIMES_MAX} times`,
  });
}
