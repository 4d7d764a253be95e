/** `pktc reload --plan`: what would change, and for which packets; nothing does. */
import type { Sources } from '../../compiler/2-resolve/sources.ts';
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { openPinned, type PinnedProgram } from '../../runtime/pinned/pinned-program.ts';
import type { Obstacle } from '../../runtime/replace-rules.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { examine } from '../front-end.ts';
import { jsonLine } from '../json.ts';
import type { Terminal } from '../terminal.ts';
import { type Origin, unpackSources } from './origin.ts';
import { packetText } from './packet-text.ts';
import { otherMeanings, type RuleChanges, ruleChanges } from './rule-changes.ts';
import { findWitnesses, type Judged, type Witness, type Witnesses } from './witnesses.ts';

export interface NextRules {
  readonly artifact: Artifact;
  /** null: it was compiled before. */
  readonly sources: Sources | null;
  readonly origin: Origin;
}

const WHY: Readonly<Record<Obstacle, string>> = {
  program: 'the rules ask for what the program at work cannot do: other fields, conditions or actions',
  compiled: 'the rules are compiled into it',
  interfaces: 'the rules name other interfaces',
  room: 'the rules do not fit into the room that the program has',
  counters: 'there are not enough counters left for the new rules',
};

export async function planReload(
  root: string,
  name: string,
  next: NextRules,
  { json }: { readonly json: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const program = openPinned(root, name);
  try {
    checkHook(program, next.artifact);
    const obstacle = program.loaded.internals.obstacleTo(next.artifact);
    const programs = {
      before: await programOf(program.sources && unpackSources(program.sources), program.origin as Origin | null),
      now: await programOf(next.sources, next.origin),
    };
    const changes = ruleChanges(program.loaded.manifest, next.artifact.manifest, programs);
    const known = programs.before !== null && programs.now !== null;
    const witnesses = known ? witnessesFor(program, next.artifact, otherMeanings(programs)) : null;
    const planned = { name, obstacle, changes, witnesses };
    await terminal.print(json ? jsonLine(planJson(planned)) : planText(planned));
    return EXIT.ok;
  } finally {
    program.close();
  }
}

/** @throws Failure PKT6041, as the reload would */
function checkHook({ loaded }: PinnedProgram, { manifest }: Artifact): void {
  if (loaded.programs.every(({ at }) => manifest.programs.some((one) => one.at === at))) return;
  const message = `the rules cannot be replaced: the new rules are for \`${manifest.hook}\`, the old ones for \`${loaded.manifest.hook}\``;
  throw new Failure(message, { code: 'PKT6041', help: 'end the program and run it with the new ones' });
}

async function programOf(sources: Sources | null, origin: Origin | null) {
  return sources === null ? null : ((await examine(sources, origin?.hook ?? null)).sound?.program ?? null);
}

/** Both programs are loaded for this alone: what is at work counts no packet that never came. */
function witnessesFor(program: PinnedProgram, artifact: Artifact, meanings: Parameters<typeof findWitnesses>[2]): Witnesses {
  const before = loadArtifact(program.artifact(), { offline: true, eachPacket: true });
  try {
    const now = loadArtifact(artifact, { offline: true, eachPacket: true });
    try {
      const asks = before.manifest.interfaces.length + now.manifest.interfaces.length > 0;
      const iface = asks ? (program.attachments.find(({ ifname }) => ifname !== null)?.ifname ?? null) : null;
      return findWitnesses(before, now, meanings, iface);
    } finally {
      now.close();
    }
  } finally {
    before.close();
  }
}

interface Planned {
  readonly name: string;
  readonly obstacle: Obstacle | null;
  readonly changes: RuleChanges;
  /** null: one of the two was compiled elsewhere. */
  readonly witnesses: Witnesses | null;
}

function planJson({ name, obstacle, changes, witnesses }: Planned) {
  const rule = ({ name: called, text }: { readonly name: string; readonly text: string }) => ({ rule: called, text });
  return {
    name,
    change: obstacle === null ? 'data' : 'program',
    why: obstacle,
    changed: changes.changed.map(({ before, now }) => ({ rule: now.name, before: before.text, now: now.text })),
    added: changes.added.map(rule),
    removed: changes.removed.map(rule),
    reread: changes.reread.map(rule),
    moved: changes.moved,
    default: changes.default_verdict,
    sets: changes.sets.map(({ name: set, before, now }) => ({ set, before, now })),
    packets: witnesses?.found.map(witnessJson) ?? null,
    tried: witnesses?.tried ?? null,
    others: witnesses?.others ?? null,
  };
}

function witnessJson({ packet, frame, before, now }: Witness) {
  return { packet: packetText(packet), frame_hex: Buffer.from(frame).toString('hex'), before, now };
}

/** Rules of each kind that are named. */
const NAMED_MAX = 10;

function planText({ obstacle, changes, witnesses }: Planned): string {
  const how = obstacle === null ? 'data only, no new program' : `a new program: ${WHY[obstacle]}`;
  const lines = [`${changesText(changes)}: ${how}`, ...ruleLines(changes)];
  return `${[...lines, '', ...witnessLines(witnesses)].join('\n')}\n`;
}

/** `2 rules changed, 1 added, set bad grew by 30` */
function changesText({ changed, added, removed, reread, moved, default_verdict, sets }: RuleChanges): string {
  const counted = (
    [
      [changed.length, 'changed'],
      [added.length, 'added'],
      [removed.length, 'removed'],
    ] as const
  ).filter(([count]) => count > 0);
  const rules = counted.map(([count, what], index) => `${count}${index === 0 ? ` rule${count === 1 ? '' : 's'}` : ''} ${what}`);
  const parts = [
    ...rules,
    ...(reread.length === 0 || sets.length > 0
      ? []
      : [`${reread.length} rule${reread.length === 1 ? '' : 's'} with other values in a list`]),
    ...(moved ? ['others are in another order'] : []),
    ...(default_verdict === null ? [] : [`the default is ${default_verdict.now} instead of ${default_verdict.before}`]),
    ...sets.map(({ name, before, now }) => {
      if (before === null) return `set ${name} is new (${now})`;
      if (now === null) return `set ${name} is gone`;
      return now > before ? `set ${name} grew by ${now - before}` : `set ${name} shrank by ${before - now}`;
    }),
  ];
  return parts.length === 0 ? 'no rule changed' : parts.join(', ');
}

function ruleLines({ changed, added, removed, reread }: RuleChanges): readonly string[] {
  const shown = [
    ...changed
      .slice(0, NAMED_MAX)
      .flatMap(({ before, now }) =>
        before.text === now.text ? [`  ~ ${now.text}`] : [`  - ${before.text}`, `  + ${now.text}`],
      ),
    ...reread.slice(0, NAMED_MAX).map(({ text }) => `  ~ ${text}`),
    ...added.slice(0, NAMED_MAX).map(({ text }) => `  + ${text}`),
    ...removed.slice(0, NAMED_MAX).map(({ text }) => `  - ${text}`),
  ].map(visible);
  const more = [changed, added, removed, reread].reduce((sum, { length }) => sum + Math.max(0, length - NAMED_MAX), 0);
  return more === 0 ? shown : [...shown, `  and ${more} more`];
}

function witnessLines(witnesses: Witnesses | null): readonly string[] {
  if (witnesses === null) return ['no packets to show it: one of the two programs came without its rule file'];
  const { found, tried, others } = witnesses;
  if (tried === 0) return ['no packets were tried: no rule means anything else'];
  const said = `of ${tried} packets at the edges of these rules ${others === 0 ? 'none gets' : `${others} get${others === 1 ? 's' : ''}`} another verdict`;
  if (found.length === 0) return [said];
  return [
    `${said}:`,
    ...found.flatMap(({ packet, before, now }) => [
      `  packet ${visible(packetText(packet))}`,
      `    ${judgedText(before)} -> ${judgedText(now)}`,
    ]),
  ];
}

function judgedText({ verdict, rule }: Judged): string {
  return `${verdict} by ${rule === null ? 'the default' : visible(rule)}`;
}
