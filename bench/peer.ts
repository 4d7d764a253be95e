/** Programs that drop the packets of the same rules, each at its own place in the stack. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { attach } from '../runtime/attach.ts';
import { loadArtifact } from '../runtime/load.ts';
import { compileSet } from './compile-set.ts';
import type { Receiver } from './receiver.ts';
import { type BenchRule, isAny, lastAddress, type Ports, prefixText } from './rule.ts';

export interface Peer {
  readonly name: string;
  /** The command that has to be there; null: none. */
  readonly needs: string | null;
  /** More rules than this take minutes, or are refused. */
  readonly most: number;
  /** @returns a note for the row, or null. @throws Error when it does not take the rules */
  install(receiver: Receiver, rules: readonly BenchRule[]): Promise<Installed>;
}

export interface Installed {
  readonly note: string | null;
  close(): void;
}

const NOTHING: Installed = { note: null, close: () => {} };

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
]);

const pktc: Peer = {
  name: 'pktc, tc ingress',
  needs: null,
  most: 100_000,
  async install(receiver, rules) {
    const compiled = await compileSet(rules, 'tc ingress', { verdict: 'drop' });
    if (!compiled.ok) throw new Error(compiled.why);
    const loaded = loadArtifact(compiled.artifact);
    receiver.run(() => attach(loaded, receiver.ifname, 'auto'));
    return { note: compiled.plan.classifier.name, close: loaded.close };
  },
};

const nftRules: Peer = {
  name: 'nftables, a rule each, netdev ingress',
  needs: 'nft',
  most: 10_000,
  async install(receiver, rules) {
    receiver.exec(
      'nft',
      ['-f', '-'],
      nftTable(receiver, '', rules.map((rule) => `add rule netdev b c ${nftMatch(rule)} drop\n`).join('')),
    );
    return NOTHING;
  },
};

function nftTable({ ifname }: Receiver, sets: string, rules: string): string {
  return `add table netdev b\n${sets}add chain netdev b c { type filter hook ingress device ${ifname} priority 0; policy drop; }\n${rules}`;
}

function nftMatch({ family, src, dst, sport, dport, proto }: BenchRule): string {
  const parts: string[] = [];
  if (src.length > 0) parts.push(`ip saddr ${prefixText(src, family)}`);
  if (dst.length > 0) parts.push(`ip daddr ${prefixText(dst, family)}`);
  const name = proto === 6 ? 'tcp' : 'udp';
  if (proto !== null && isAny(sport) && isAny(dport)) parts.push(`meta l4proto ${proto}`);
  if (!isAny(sport)) parts.push(`${name} sport ${sport.join('-')}`);
  if (!isAny(dport)) parts.push(`${name} dport ${dport.join('-')}`);
  return parts.join(' ');
}

const nftSet: Peer = {
  name: 'nftables, a set with intervals',
  needs: 'nft',
  most: 10_000,
  async install(receiver, rules) {
    const kept = disjoint(rules);
    const elements = kept.map(({ src, dst, sport, dport, proto, family }) =>
      [prefixText(src, family), prefixText(dst, family), proto ?? '0-255', sport.join('-'), dport.join('-')].join(' . '),
    );
    const type = 'type ipv4_addr . ipv4_addr . inet_proto . inet_service . inet_service; flags interval;';
    const set = `add set netdev b s { ${type} }\nadd element netdev b s { ${elements.join(', ')} }\n`;
    const rule = 'add rule netdev b c ip saddr . ip daddr . meta l4proto . th sport . th dport @s drop\n';
    receiver.exec('nft', ['-f', '-'], nftTable(receiver, set, rule));
    return { ...NOTHING, note: kept.length === rules.length ? null : `${kept.length.toLocaleString('en')} without overlaps` };
  },
};

/** A set with intervals takes no two elements that overlap: the first of each such pair is kept. */
function disjoint(rules: readonly BenchRule[]): readonly BenchRule[] {
  const kept: { rule: BenchRule; ranges: readonly (readonly [number, number])[] }[] = [];
  for (const rule of rules) {
    const ranges: readonly (readonly [number, number])[] = [
      [Number(rule.src.address), Number(lastAddress(rule.src, 4))],
      [Number(rule.dst.address), Number(lastAddress(rule.dst, 4))],
      rule.proto === null ? [0, 255] : [rule.proto, rule.proto],
      rule.sport,
      rule.dport,
    ];
    const overlaps = kept.some((other) =>
      ranges.every(([first, last], at) => first <= (other.ranges[at]?.[1] ?? 0) && last >= (other.ranges[at]?.[0] ?? 0)),
    );
    if (!overlaps) kept.push({ rule, ranges });
  }
  return kept.map(({ rule }) => rule);
}

const iptables: Peer = {
  name: 'iptables-legacy, raw PREROUTING',
  needs: 'iptables-legacy-restore',
  most: 10_000,
  async install(receiver, rules) {
    const lines = rules.map((rule) => `-A PREROUTING${iptablesMatch(rule)} -j DROP\n`).join('');
    receiver.exec('iptables-legacy-restore', [], `*raw\n:PREROUTING DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines}COMMIT\n`);
    return NOTHING;
  },
};

function iptablesMatch({ src, dst, sport, dport, proto, family }: BenchRule): string {
  const parts: string[] = [];
  if (src.length > 0) parts.push(`-s ${prefixText(src, family)}`);
  if (dst.length > 0) parts.push(`-d ${prefixText(dst, family)}`);
  const name = proto === null ? null : (NAMES.get(proto) ?? String(proto));
  if (name !== null) parts.push(`-p ${name}`);
  if (!isAny(sport) || !isAny(dport)) parts.push(`-m ${name}`);
  if (!isAny(sport)) parts.push(`--sport ${sport.join(':')}`);
  if (!isAny(dport)) parts.push(`--dport ${dport.join(':')}`);
  return parts.map((part) => ` ${part}`).join('');
}

const libpcap: Peer = {
  name: 'libpcap filter, tc ingress (cls_bpf)',
  needs: 'tcpdump',
  // Classic programs have at most 4,096 instructions.
  most: 100,
  async install(receiver, rules) {
    const folder = mkdtempSync(path.join(tmpdir(), 'pktc-bench-'));
    try {
      const file = path.join(folder, 'filter');
      writeFileSync(file, rules.map((rule) => `(${libpcapMatch(rule)})`).join(' or '));
      const lines = execFileSync('tcpdump', ['-ddd', '-y', 'EN10MB', '-F', file], { encoding: 'utf8', stdio: 'pipe' });
      // What the filter returns is what becomes of the packet, and that is to be dropped whether it matches or not.
      const dropping = lines
        .trim()
        .split('\n')
        .map((line) => line.replace(RETURN, DROP));
      writeFileSync(file, dropping.join(','));
      classify(receiver, ['bytecode-file', file]);
      return NOTHING;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** `ret #…` of a classic program, and `ret #2`: TC_ACT_SHOT (include/uapi/linux/pkt_cls.h). */
const RETURN = /^6 0 0 \d+$/;
const DROP = '6 0 0 2';

function classify({ ifname, exec }: Receiver, program: readonly string[]): void {
  exec('tc', ['qdisc', 'add', 'dev', ifname, 'clsact']);
  exec('tc', ['filter', 'add', 'dev', ifname, 'ingress', 'bpf', 'direct-action', ...program]);
}

function libpcapMatch({ src, dst, sport, dport, proto, family }: BenchRule): string {
  const parts = ['ip'];
  const ports = (side: string, of: Ports) => {
    if (!isAny(of)) parts.push(`${side} portrange ${of.join('-')}`);
  };
  if (src.length > 0) parts.push(`src net ${prefixText(src, family)}`);
  if (dst.length > 0) parts.push(`dst net ${prefixText(dst, family)}`);
  if (proto !== null) parts.push(`ip proto ${proto}`);
  ports('src', sport);
  ports('dst', dport);
  return parts.join(' and ');
}

/** What is left when no rule is asked: the way of a packet to the hook, and its end there. */
const nothing: Peer = {
  name: 'a drop and no rule, tc ingress (cls_bpf)',
  needs: 'tc',
  most: 100_000,
  async install(receiver) {
    classify(receiver, ['bytecode', `1,${DROP}`]);
    return NOTHING;
  },
};

export const PEERS: readonly Peer[] = [nothing, pktc, nftRules, nftSet, iptables, libpcap];
