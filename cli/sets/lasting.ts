import { judgeDuration } from '../../grammar/values/duration.ts';
import { EXIT } from '../exit-code.ts';
import { Failure } from '../failure.ts';

/** What `--timeout` says, in milliseconds; null: it is not given. @throws Failure */
export function lasting_ms(text: string | undefined): number | null {
  if (text === undefined) return null;
  const judged = judgeDuration(text);
  if (judged.ok && judged.value >= 1) return judged.value;
  throw new Failure('`--timeout` takes a time such as `10m`, `30s` or `7d`', { exit: EXIT.usage });
}
