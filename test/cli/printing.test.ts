import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tcpFrame } from '../../cli/demo/frames.ts';
import { madeUpCapture } from '../../cli/demo/recorded-demo.ts';
import { durationFromOption } from '../../cli/duration.ts';
import { createEventLines } from '../../cli/events/event-json.ts';
import { createEventTable } from '../../cli/events/event-table.ts';
import { isoTime, payloadText } from '../../cli/events/packet-line.ts';
import { flagsText, icmpTypeName } from '../../cli/events/protocol-names.ts';
import { grouped, renderSummary, summaryJson } from '../../cli/events/rule-summary.ts';
import { jsonLine } from '../../cli/json.ts';
import { firstInvalidByte } from '../../cli/rule-source.ts';
import { wantsColor } from '../../cli/terminal.ts';
import { painter } from '../../compiler/diagnostics/paint.ts';
import type { Manifest, ManifestRule } from '../../runtime/abi/manifest.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import type { PacketEvent } from '../../runtime/events.ts';
import { RAW_CONTROL } from './pktc.ts';

const rule = (name: string) => ({ name, identity: '0'.repeat(16), line: 1, text: '', verdict: null, logs: true });
const MANIFEST: Manifest = {
  version: 10,
  data: null,
  pktc: '0',
  source: 'x.rules',
  hook: 'xdp',
  programs: [{ name: 'pktc_xdp', at: 'xdp' }],
  object_sha256: '',
  default_verdict: 'pass',
  rules: [rule('syn_scan'), rule('evil\x1b[2J\u202e')],
  events: { payload_bytes: 8, ring_bytes: 4096, rings_bytes: 4096 },
  interfaces: [],
  redirects: [],
  line_map: [],
};
const EVENT: PacketEvent = {
  time_ns: 1_763_716_473_128_421_123n,
  rule: 0,
  rule_name: 'syn_scan',
  verdict: 'drop',
  ifindex: 2,
  length: 54,
  sample: 1,
  ethertype: 0x0800,
  vlan: null,
  src: '10.0.0.1',
  dst: '10.0.0.2',
  proto: 6,
  sport: 40_000,
  dport: 22,
  flags: 0x12,
  icmp_type: null,
  icmp_code: null,
  payload: new Uint8Array(),
  frame: new Uint8Array(),
  direction: null,
};
const NOTHING: PacketEvent = {
  ...EVENT,
  rule: 1,
  rule_name: 'evil\x1b[2J\u202e',
  verdict: null,
  ethertype: null,
  src: null,
  dst: null,
  proto: null,
  sport: null,
  dport: null,
  flags: null,
};
const INTERFACES = new Map([[2, 'eth0']]);
const plain = painter(false);

describe('events for people', () => {
  test('columns line up with the header', () => {
    const table = createEventTable(MANIFEST, INTERFACES, plain);
    const row = table.row(EVENT);
    expect(row).toMatch(
      /\d\d:\d\d:\d\d\.128421 {2}syn_scan .* drop +54 {2}tcp SYN,ACK +10\.0\.0\.1:40000 +→ 10\.0\.0\.2:22\n$/,
    );
    for (const title of ['RULE', 'VERDICT', 'PROTOCOL', 'SOURCE']) {
      expect(row[table.header.indexOf(title)]).not.toBe(' ');
      expect(row[table.header.indexOf(title) - 1]).toBe(' ');
    }
  });

  test('a packet without anything, from a rule with a hostile name, after a payload', () => {
    const table = createEventTable(MANIFEST, INTERFACES, plain);
    const text = table.row(NOTHING) + table.row({ ...EVENT, payload: Buffer.from('GET \x1b[2J"\r\n\\'), vlan: 7, sample: 10 });
    expect(text.replaceAll('\n', '')).not.toMatch(RAW_CONTROL);
    expect(text).toContain('vlan 7  1/10  "GET \\x1b[2J\\"\\r\\n\\\\"');
  });

  test('with several interfaces their names stand in front', () => {
    const table = createEventTable(
      MANIFEST,
      new Map([
        [2, 'eth0'],
        [3, 'wlan0'],
      ]),
      plain,
    );
    expect(table.header).toMatch(/^IFACE {2}TIME/);
    expect(table.row(EVENT)).toMatch(/^eth0 {3}\d\d:/);
  });

  test('a rule that does not log takes no room', () => {
    const [rule] = MANIFEST.rules;
    const quiet = { ...rule, name: 'a_long_name_of_a_rule', verdict: 'redirect', logs: false } as ManifestRule;
    const header = (more: readonly ManifestRule[]) =>
      createEventTable({ ...MANIFEST, rules: [...MANIFEST.rules, ...more] }, INTERFACES, plain).header;
    expect(header([quiet])).toBe(header([]));
    expect(header([{ ...quiet, logs: true }])).not.toBe(header([]));
  });

  test('colour does not move a column', () => {
    const bare = createEventTable(MANIFEST, INTERFACES, plain).row(EVENT);
    const painted = createEventTable(MANIFEST, INTERFACES, painter(true)).row(EVENT);
    expect(painted).not.toBe(bare);
    expect(painted.replace(/\x1b\[[\d;]*m/g, '')).toBe(bare);
  });
});

describe('events as JSON', () => {
  const KEYS =
    'timestamp event_type v in_iface rule verdict sample ethertype vlan proto tcp_flags icmp_type icmp_code payload_hex src_ip src_port dest_ip dest_port len'.split(
      ' ',
    );
  const textOf = (...events: readonly PacketEvent[]) => Buffer.from(createEventLines(INTERFACES)(events)).toString('utf8');

  test('always the same keys', () => {
    expect(Object.keys(JSON.parse(textOf(EVENT)))).toEqual(KEYS);
    expect(Object.keys(JSON.parse(textOf(NOTHING)))).toEqual(KEYS);
    expect(JSON.parse(textOf(EVENT))).toEqual({
      timestamp: '2025-11-21T09:14:33.128421123Z',
      event_type: 'packet',
      v: 1,
      in_iface: 'eth0',
      rule: 'syn_scan',
      verdict: 'drop',
      sample: 1,
      ethertype: 'ip',
      vlan: null,
      proto: 'TCP',
      tcp_flags: 'SYN,ACK',
      src_ip: '10.0.0.1',
      src_port: 40_000,
      dest_ip: '10.0.0.2',
      dest_port: 22,
      len: 54,
      icmp_type: null,
      icmp_code: null,
      payload_hex: null,
    });
  });

  test('one line, whatever is in it, and nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = jsonLine({ text });
        expect(line.slice(0, -1)).not.toMatch(RAW_CONTROL);
        expect(line.endsWith('\n')).toBe(true);
        expect(JSON.parse(line)).toEqual({ text });
      }),
    );
  });

  test('64-bit counters are numbers', () => {
    expect(jsonLine({ packets: 2n ** 53n })).toBe('{"packets":9007199254740992}\n');
  });
});

describe('texts', () => {
  test.each([
    [0n, '0'],
    [999n, '999'],
    [1_000n, '1,000'],
    [18_446_744_073_709_551_615n, '18,446,744,073,709,551,615'],
  ])('%s is grouped', (count, text) => {
    expect(grouped(count)).toBe(text);
  });

  test('flags and ICMP types have the names of the rules', () => {
    expect(flagsText(0)).toBe('none');
    expect(flagsText(0xff)).toBe('FIN,SYN,RST,PSH,ACK,URG,ECE,CWR');
    expect(icmpTypeName(1, 8)).toBe('echo-request');
    expect(icmpTypeName(58, 128)).toBe('echo-request');
    expect(icmpTypeName(1, 200)).toBe('type 200');
  });

  test('payload: nothing but printable ASCII', () => {
    fc.assert(fc.property(fc.uint8Array(), (payload) => /^[\x20-\x7e]*$/.test(payloadText(payload))));
  });

  test('the time of 1970 and of the last nanosecond of a second', () => {
    expect(isoTime(0n)).toBe('1970-01-01T00:00:00.000000000Z');
    expect(isoTime(1_999_999_999n)).toBe('1970-01-01T00:00:01.999999999Z');
  });

  test('summary: the default is last, columns are as wide as they must be', () => {
    const rows = [
      { rule: 'a', verdict: 'drop', packets: 12n, bytes: 1_234_567n, logged: 12n, lost: 3n },
      { rule: null, verdict: 'pass', packets: 0n, bytes: 0n, logged: 0n, lost: 0n },
    ] as const;
    expect(renderSummary(rows, plain)).toBe(
      `RULE     VERDICT  PACKETS      BYTES  LOGGED  LOST
a        drop          12  1,234,567      12     3
default  pass           0          0       0     0
`,
    );
    expect(summaryJson(rows)).toEqual({
      rules: [{ rule: 'a', verdict: 'drop', packets: 12n, bytes: 1_234_567n, logged: 12n, lost: 3n }],
      default: { verdict: 'pass', packets: 0n, bytes: 0n },
    });
  });

  test('summary of very many rules: those that a packet matched', () => {
    const row = (index: number) => ({
      verdict: 'drop' as const,
      packets: index === 7 ? 2n : 0n,
      bytes: 0n,
      logged: null,
      lost: null,
    });
    const rows = [
      ...Array.from({ length: 1300 }, (_, index) => ({ ...row(index), rule: `r${index}` })),
      { ...row(0), rule: null },
    ];
    expect(renderSummary(rows, plain)).toBe(`RULE     VERDICT  PACKETS  BYTES
r7       drop           2      0
default  drop           0      0
1,299 more rules, which no packet matched
`);
  });

  test.each([
    ['10s', 10_000],
    ['10', 10_000],
    ['500ms', 500],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is a time', (text, time_ms) => {
    expect(durationFromOption('--for', text)).toBe(time_ms);
  });

  test.each(['', '0', '-1s', '1y', '1e3', 's', '25d', '0.0001ms', 'NaN', '١s'])('%j is none', (text) => {
    expect(() => durationFromOption('--for', text)).toThrow('--for');
  });
});

describe('colour', () => {
  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('%j, terminal %s: %s', (environment, isTerminal, color) => {
    expect(wantsColor(environment, isTerminal)).toBe(color);
  });
});

describe('UTF-8', () => {
  const isValid = (bytes: Uint8Array) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };

  test('the first invalid byte, against the decoder of the platform', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const bytes = Buffer.concat(pieces);
        const at = firstInvalidByte(bytes);
        expect(at === bytes.length).toBe(isValid(bytes));
        expect(isValid(bytes.subarray(0, at))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the capture that the demo makes up', () => {
  test('is one that the reader takes', () => {
    const { frames, damage } = readCapture(madeUpCapture(1n));
    expect({ frames: frames.length, damage }).toEqual({ frames: 16, damage: null });
  });

  test('a frame has the length its headers say', () => {
    expect(tcpFrame({ src: '10.0.0.1', dst: '10.0.0.2' }, [1, 2], 2, 'abc')).toHaveLength(14 + 20 + 20 + 3);
  });
});
