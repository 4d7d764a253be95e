/** Rule files of somebody who wants his text in the C: benign rules under names, comments, strings and files that are not. */
import type { SourceFile } from '../../grammar/source.ts';
import { generateRuleFile } from '../differential/generate-rules.ts';
import { printRuleFile } from '../differential/rule-file.ts';
import type { Random } from '../packets/random.ts';
import type { Files } from '../sets/files-in-memory.ts';

/** What ends comments, strings, lines or directives in C, or is worth something once it is out. */
const PAYLOADS: readonly string[] = [
  '*/',
  '*/ evil(); /*',
  '/* ',
  '//',
  '*\\/ evil();',
  '\\',
  '\\\\',
  'x \\',
  '??/',
  '???/',
  '*??/',
  '??=include <evil.h>',
  '?',
  '*',
  '/',
  '*/\n#include "/etc/shadow"\n/*',
  '#include "/etc/shadow"',
  '#define pktc_drop evil',
  '#pragma clang evil',
  '_Pragma("evil")',
  '"; evil(); "',
  "'",
  '"',
  '%:include <evil.h>',
  '__asm__("evil")',
  '__attribute__((section("evil")))',
  '\u2028evil();\u2029',
  '\u0085evil();',
  '\r*/evil();/*\r',
  '\v*/\f',
  '\\u002a\\u002f',
  '\uff0a\uff0f',
  '\ud83d\ude00*/',
  '\u202e/*evil*/',
  '\0*/',
  '}}}} int evil(void) { return 0; }',
  '*/ char evil[] SEC("license") = "GPL"; /*',
];

/** What a label or a list may be called. */
const NAMES: readonly string[] = [
  '__asm__',
  'asm',
  'evil',
  'return',
  'goto',
  'include',
  'define',
  '__attribute__',
  '__builtin_trap',
  'bpf_override_return',
  'pktc_evil',
  'PKTC_EVIL',
  'u8',
  'L',
  'R',
  'evil.evil',
  'evil-evil',
  'SEC',
];

export interface Attack {
  /** The rules that it began as, under harmless names, without comments. */
  readonly benign: SourceFile;
  /** Whether the rules are still the same: then the C must differ in comments alone. */
  readonly same: boolean;
  readonly source: SourceFile;
  readonly files: Files;
}

/** The file may not compile; then it never becomes C. */
export function attack(random: Random): Attack {
  const benign = printRuleFile(generateRuleFile(random));
  if (random.chance(0.4)) return withHostileValues(random, benign);
  return withHostileNames(random, benign);
}

function withHostileNames(random: Random, benign: string): Attack {
  let count = 0;
  const name = () => `${random.pick(NAMES)}${random.chance(0.5) ? '' : '_'}${count++}`;
  const lists = new Map([0, 1, 2].map((at) => [`list${at}`, name()]));
  const renamed = benign
    .replace(/\blist\d\b/g, (list) => lists.get(list) ?? list)
    .replace(/^rule_\d+:/gm, () => (count === 0 ? `${random.pick(NAMES)}:` : `${name()}:`));
  const lines = renamed
    .split('\n')
    .flatMap((line) => [...(random.chance(0.3) ? [comment(random)] : []), commented(random, line)]);
  return { benign: plain(benign), same: true, source: { name: fileName(random), text: lines.join('\n') }, files: {} };
}

function plain(text: string): SourceFile {
  return { name: 'plain.rules', text };
}

/** A comment is as long as its line; inside of a rule it becomes a part of what the C shows of it. */
function comment(random: Random): string {
  return `# ${payload(random).replace(/[\n\r]/g, ' ')}`;
}

function commented(random: Random, line: string): string {
  if (line === '' || line.includes('"')) return line;
  const inside = line.startsWith('match') || /^\S+: match/.test(line);
  const split = inside && random.chance(0.5) ? line.replace(' -> ', () => ` ${comment(random)}\n -> `) : line;
  return random.chance(0.4) ? `${split} ${comment(random)}` : split;
}

function withHostileValues(random: Random, benign: string): Attack {
  const rules = Array.from({ length: random.int(1, 3) }, (_, at) => {
    const label = random.chance(0.5) ? `${random.pick(NAMES)}${at}: ` : '';
    return `${label}match ${hostileCondition(random)} -> ${random.pick(['count', 'log', 'drop', 'log, drop', `redirect ${text(random)}`])}`;
  });
  const included = { 'evil.rules': `${rules.join('\n')}\n` };
  const name = fileName(random);
  if (random.chance(0.3)) {
    return { benign: plain(benign), same: false, source: { name, text: `${benign}include "evil.rules"\n` }, files: included };
  }
  return {
    benign: plain(benign),
    same: false,
    source: { name, text: `${benign}${rules.join('\n')}\n${comment(random)}` },
    files: {},
  };
}

function hostileCondition(random: Random): string {
  return random.pick([
    () => `payload within 100 contains ${text(random)}`,
    () => `payload within 90 contains nocase { ${text(random)}, ${text(random)} }`,
    () => `payload starts ${text(random)}`,
    () => `payload ends nocase ${text(random)}`,
    () => `iface ${text(random)}`,
    () => `iface { ${text(random)}, "lo" }`,
    () => `payload[0:4] = "*/ *"`,
    () => `payload[2:3] = "\\"*/"`,
  ])();
}

/** A string of the language; what it can not hold as it is is escaped now and then, and then as bytes. */
function text(random: Random): string {
  const escaped = payload(random).replace(/["\\]/g, (character) => `\\${character}`);
  return `"${escaped.replace(/[\0-\x1f\x7f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
}

function payload(random: Random): string {
  return Array.from({ length: random.int(1, 3) }, () => random.pick(PAYLOADS)).join(random.pick(['', ' ', 'evil']));
}

/** As the file system may have it. */
function fileName(random: Random): string {
  return random.chance(0.3) ? 'plain.rules' : `${payload(random).replaceAll('\0', '')}.rules${random.pick(['', '\\', '??/'])}`;
}
