import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../compiler/2-resolve/program.ts';
import { emit } from '../../compiler/5-emit/emit.ts';
import { commentText } from '../../compiler/5-emit/printer.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { analyse, compile } from '../../compiler/index.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { FIELDS } from '../../grammar/fields/index.ts';

const cOf = (text: string, name = 'edge.rules'): string => {
  const { plan, diagnostics } = analyse({ name, text }, { hook: null });
  if (plan === null) throw new Error(diagnostics.map((one) => one.message).join('\n'));
  return emit(plan, readTemplates()).c;
};

/** The C without its comments: what clang sees. */
const codeOf = (c: string): string => c.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

describe('emit', () => {
  it('is the same for the same rules', () => {
    const text = 'a: match src 10.0.0.0/8 tcp dport { 22, 80 } -> log, drop';
    expect(cOf(text)).toBe(cOf(text));
  });

  it('maps each rule to the first of its lines', () => {
    const text = 'a: match arp -> count\nb: match tcp -> drop\n';
    const { plan } = analyse({ name: 'x.rules', text }, { hook: null });
    const { c, lineMap } = emit(plan!, readTemplates());
    const lines = c.split('\n');
    expect(lineMap.map(({ c_line }) => lines[c_line - 1]?.trim()).slice(0, 2)).toEqual([
      '/* line 1: a: match arp -> count */',
      '/* line 2: b: match tcp -> drop */',
    ]);
  });

  it('lets nothing that a user writes become code', () => {
    const hostile = [
      '*/ int evil(void) { return 1; } /*',
      '\\\nint evil;',
      '??/\nint evil;',
      '/* int evil; */ */ int evil;',
      '#include "/etc/passwd"',
      '\u2028int evil;',
      '\u0000int evil;',
    ];
    const plain = codeOf(cOf('a: match arp -> drop\n'));
    for (const text of hostile) {
      const inComment = cOf(`a: match # ${text.replaceAll('\n', '\n# ')}\narp -> drop\n`);
      expect(codeOf(inComment), text).toBe(plain);
      const inName = cOf('a: match arp -> drop\n', `${text}.rules`);
      expect(codeOf(inName), text).toBe(plain);
    }
  });

  it('keeps comments closed, on one line, and plain ASCII', () => {
    for (const text of ['*/', '**//', '/*/', '\\', 'a\\', 'a\n*\n/', '??/', 'é\u202e', '\x1b[31m']) {
      const printed = commentText(text);
      expect(printed).toMatch(/^[\x20-\x7e]*$/);
      expect(printed).not.toMatch(/\*\/|\/\*|\?\?|\\$/);
    }
  });

  it.each(['xdp', 'tc ingress', 'socket', 'cgroup ingress'] as const)(
    'compiles every example of the field and action table that %s can carry out',
    async (hook) => {
      const target = targetFor(hook);
      const able = ({ name }: { name: string }) => {
        const verdict = VERDICTS[name];
        return name === 'mark' ? target.marks : verdict === undefined || target.verdicts.includes(verdict);
      };
      const rules = [
        ...ACTIONS.flatMap(({ declares }) => declares ?? []),
        ...FIELDS.filter(({ hooks }) => hooks?.includes(hook) ?? true).map((field) => `match ${field.example} -> count`),
        ...ACTIONS.filter(able).map((action) => `match arp -> ${action.example}`),
      ];
      expect(rules.length).toBeGreaterThan(30);
      const { artifact, diagnostics } = await compile({ name: 'all.rules', text: rules.join('\n') }, { hook });
      expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
      expect(artifact).not.toBeNull();
    },
  );
});

/** Actions that are verdicts; the others observe, or are `mark`. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  pass: 'pass',
  drop: 'drop',
  reject: 'reject',
  redirect: 'redirect',
  audit: 'audit',
};

/** The condition of the only rule, on one line. */
function conditionIn(text: string): string {
  const lines = cOf(text).split('\n');
  const start = lines.findIndex((line) => line.startsWith('\t/* line '));
  const end = lines.findIndex((line, at) => at > start && line === '');
  const whole = lines
    .slice(start + 1, end)
    .map((line) => line.trim())
    .join(' ');
  return /^if \((.*)\) (?:\{|return|pktc_)/.exec(whole)?.[1] ?? whole;
}

describe('a condition', () => {
  it.each([
    // What is cheap comes first, and presence before everything.
    [
      'transport[0:2] 22 proto tcp',
      'pktc_known(f, PKTC_HAS_PROTO | PKTC_HAS_TRANSPORT_OFF) && pktc_value(f->proto) == 6 && ' +
        'pktc_raw(ctx, pktc_value(f->transport_off), 2, pktc_value(f->datagram_end)) == 0x0016',
    ],
    // The bit of an absent read is asked for, too: it must not pass for a value.
    [
      'network[9:1] & 0x0f = 0',
      'pktc_known(f, PKTC_HAS_NETWORK_OFF) && (pktc_raw(ctx, pktc_value(f->network_off) + 9, 1, ' +
        'pktc_value(f->datagram_end)) & 0x800000000000000fULL) == 0x00',
    ],
    ['frame[12:2] 0x0806', 'pktc_raw_frame(ctx, 12, 2) == 0x0806'],
    [
      'payload ends "ab"',
      'pktc_known(f, PKTC_HAS_PAYLOAD_LEN) && pktc_value(f->payload_len) >= 2 && ' +
        'pktc_raw(ctx, pktc_value(f->datagram_end) - 2, 2, pktc_value(f->datagram_end)) == 0x6162',
    ],
    ['tcp.option md5', 'pktc_known(f, PKTC_HAS_TCP_OPTION) && (pktc_value(f->tcp_option) & 0x1) != 0'],
    ['tcp.option != md5', 'pktc_known(f, PKTC_HAS_TCP_OPTION) && (pktc_value(f->tcp_option) & 0x1) == 0'],
    ['tcp.option any', 'pktc_known(f, PKTC_HAS_TCP_OPTION)'],
    ['iface "veth*"', 'pktc_known(f, PKTC_HAS_IFACE) && (pktc_value(f->iface) & 0x1) != 0'],
    ['src & 255.0.255.0 = 10.0.0.0', 'pktc_known(f, PKTC_HAS_SRC4) && (pktc_value(f->src4) & 0xff00ff00U) == 0x0a000000'],
    // An address of the other family is another address.
    [
      'src & 255.0.255.0 != 10.0.0.0',
      '(pktc_known(f, PKTC_HAS_SRC4) && (pktc_value(f->src4) & 0xff00ff00U) != 0x0a000000) || pktc_known(f, PKTC_HAS_SRC6)',
    ],
    ['inner(dport 22)', 'pktc_has(in, PKTC_HAS_LEN) && pktc_has(in, PKTC_HAS_DPORT) && pktc_read(in->dport) == 22'],
    // A packet that is no tunnel's has no packet in it, of which something could be untrue.
    ['inner(not dport 22)', 'pktc_has(in, PKTC_HAS_LEN) && !(pktc_has(in, PKTC_HAS_DPORT) && pktc_read(in->dport) == 22)'],
    // The interface is that of the outer packet.
    ['inner(iface lo)', 'pktc_has(in, PKTC_HAS_LEN) && pktc_has(f, PKTC_HAS_IFACE) && (pktc_read(f->iface) & 0x1) != 0'],
    [
      'inner(frame[0:1] 0x45)',
      'pktc_has(in, PKTC_HAS_LEN) && pktc_raw(ctx, pktc_read(in->frame_off), 1, pktc_read(in->frame_off) + ' +
        'pktc_read(in->len)) == 0x45',
    ],
  ])('%s', (condition, expected) => {
    const c = conditionIn(`match ${condition} -> drop\n`);
    expect(c.replaceAll(/ +/g, ' ').replaceAll('( ', '(')).toBe(expected);
  });

  it.each(['> 5', '>= 5', '200-255', '!= 5'])(
    'payload[0:1] %s does not take an absent byte, a large number, for a value',
    (values) => {
      expect(conditionIn(`match payload[0:1] ${values} -> drop\n`)).toMatch(/pktc_in64\(pktc_raw\(|pktc_list_0\(/);
    },
  );
});
