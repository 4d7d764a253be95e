/** Names of network interfaces, as the kernel allows them (`dev_valid_name` in net/core/dev.c). */

/** `IFNAMSIZ` without the terminating zero. */
export const INTERFACE_NAME_BYTES_MAX = 15;

export type JudgedName =
  | { readonly ok: true; readonly name: string }
  /** `label`: a few words for under the caret. */
  | { readonly ok: false; readonly label: string; readonly help: string | null };

/** A name, or a pattern in which `*` stands for any characters; one `*` is as good as several. */
export function judgeInterfaceName(written: string): JudgedName {
  if (written === '') return bad('no name', '`iface any` is any interface that is known');
  if (/[\s/:\p{Cc}\p{Zs}]/u.test(written)) return bad('not in a name', 'a name has no white space, no `/` and no `:`');
  if (written === '.' || written === '..') return bad('not a name', null);
  const bytes = new TextEncoder().encode(written.replaceAll('*', '')).length;
  if (bytes > INTERFACE_NAME_BYTES_MAX) return bad(`${bytes} bytes`, `a name has at most ${INTERFACE_NAME_BYTES_MAX} bytes`);
  return { ok: true, name: written.replace(/\*+/g, '*') };
}

function bad(label: string, help: string | null): JudgedName {
  return { ok: false, label, help };
}
