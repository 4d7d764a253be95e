/** Events as pcapng files: what tshark and tcpdump read in them, how files follow one another, and which names are refused. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Failure } from '../../cli/failure.ts';
import { openPacketFile, type PacketFileOptions } from '../../cli/packet-file.ts';
import { packetFileOptions } from '../../cli/packet-file-options.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import type { PacketEvent } from '../../runtime/events.ts';
import { framesOfTshark, wiresharkMissing } from '../capture/wireshark.ts';
import { frameOf, ipv4, udp } from '../packets/build-packet.ts';
import { pktc } from './pktc.ts';

const FRAME = frameOf(ipv4({ proto: 17 }, udp({}, new TextEncoder().encode('what is in it'))));
const EVENT: PacketEvent = {
  time_ns: 1_763_716_473_128_421_123n,
  rule: 0,
  rule_name: 'syn_scan',
  verdict: 'drop',
  ifindex: 2,
  length: FRAME.length,
  sample: 1,
  ethertype: 0x0800,
  vlan: null,
  src: '10.0.0.1',
  dst: '10.0.0.2',
  proto: 17,
  sport: 40_000,
  dport: 53,
  flags: null,
  icmp_type: null,
  icmp_code: null,
  payload: new Uint8Array(),
  frame: FRAME,
  direction: 'ingress',
};
const XDP = { hook: 'xdp', pktc: '0.1.0', source: 'edge.rules' };
const INTERFACES = new Map([
  [2, 'eth0'],
  [3, 'eth1'],
]);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pktc-packets-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (name: string) => path.join(folder, name);
const options = (over: Partial<PacketFileOptions> = {}): PacketFileOptions => ({
  file: inFolder('trace.pcapng'),
  snapLength: 256,
  overwrite: false,
  rotateSize_bytes: null,
  rotateTime_ms: null,
  keep: null,
  ...over,
});
const neverAsked = (problem: Failure) => {
  throw problem;
};

function writeAll(events: readonly PacketEvent[], over: Partial<PacketFileOptions> = {}, manifest = XDP) {
  const file = openPacketFile(options(over), neverAsked);
  file.begin(manifest, INTERFACES);
  file.write(events);
  file.close();
  return file.state;
}

/** One row a packet. */
function tshark(file: string, ...fields: readonly string[]): readonly (readonly string[])[] {
  const asked = fields.flatMap((field) => ['-e', field]);
  return execFileSync('tshark', ['-n', '-r', file, '-T', 'fields', ...asked], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => row.split('\t'));
}

const missing = wiresharkMissing();
if (missing !== null) console.warn(`skipped: packet files and Wireshark: ${missing}`);

describe.skipIf(missing !== null)('what Wireshark reads', () => {
  test('bytes, lengths and times as they were; rule, verdict, interface and way of each', () => {
    const events: PacketEvent[] = [
      EVENT,
      { ...EVENT, time_ns: EVENT.time_ns + 1n, ifindex: 3, verdict: 'pass', rule_name: 'edge.rules:12', sample: 100 },
      {
        ...EVENT,
        time_ns: 2_000_000_000_999_999_999n,
        verdict: null,
        rule_name: 'a\x1b[2J',
        length: 9000,
        direction: 'egress',
      },
      { ...EVENT, ifindex: 77, verdict: 'redirect', frame: FRAME.subarray(0, 33), direction: null },
      { ...EVENT, verdict: 'reject', frame: new Uint8Array() },
      { ...EVENT, verdict: 'audit' },
    ];
    expect(writeAll(events)).toMatchObject({ files: 1, packets: 6, lost: 0, problem: null });
    const file = inFolder('trace.pcapng');
    expect(framesOfTshark(file)).toEqual(
      events.map(({ time_ns, frame, length }) => ({ time_ns, data: Uint8Array.from(frame), original_len: length })),
    );
    const rows = tshark(file, 'frame.comment', 'frame.interface_name', 'frame.packet_flags_direction', 'frame.cap_len');
    const size = String(FRAME.length);
    expect(rows).toEqual([
      ['rule=syn_scan verdict=drop', 'eth0', '0x00000001', size],
      ['rule=edge.rules:12 verdict=pass sample=100', 'eth1', '0x00000001', size],
      ['rule=a\\x1b[2J verdict=none', 'eth0', '0x00000002', size],
      ['rule=syn_scan verdict=redirect', 'ifindex 77', '', '33'],
      ['rule=syn_scan verdict=reject', 'eth0', '0x00000001', '0'],
      ['rule=syn_scan verdict=audit', 'eth0', '0x00000001', size],
    ]);
    const codes = tshark(file, 'frame.number', 'frame.verdict.ebpf_xdp').map(([, code]) => code);
    expect(codes).toEqual(['1', '2', '', '4', '', '2']);
  });

  test('what the programs of other hooks return', () => {
    const events = (['drop', 'pass', 'reject', 'redirect', 'audit', null] as const).map((verdict) => ({ ...EVENT, verdict }));
    writeAll(events, {}, { ...XDP, hook: 'tc egress' });
    const codes = (field: string) => tshark(inFolder('trace.pcapng'), 'frame.number', field).map(([, code]) => code);
    expect(codes('frame.verdict.ebpf_tc')).toEqual(['2', '-1', '', '7', '-1', '']);
    expect(codes('frame.verdict.ebpf_xdp')).toEqual(['', '', '', '', '', '']);
    writeAll(events, { overwrite: true }, { ...XDP, hook: 'socket' });
    expect(codes('frame.verdict')).toEqual(['', '', '', '', '', '']);
  });

  test('packets of a control group, which begin with the IP header', () => {
    writeAll([{ ...EVENT, frame: FRAME.subarray(14), length: FRAME.length - 14 }], {}, { ...XDP, hook: 'cgroup egress' });
    expect(tshark(inFolder('trace.pcapng'), 'ip.src', 'udp.dstport', 'frame.protocols')).toEqual([
      ['10.0.0.1', '53', expect.stringMatching(/^raw:ip:udp/)],
    ]);
  });

  test('cut at the snap length, which the interfaces have too; tcpdump and our own reader take it', () => {
    const frame = new Uint8Array(256).fill(0xff);
    writeAll([{ ...EVENT, frame, length: 1514 }, EVENT], { snapLength: 100 });
    const file = inFolder('trace.pcapng');
    expect(tshark(file, 'frame.cap_len', 'frame.len')).toEqual([
      ['100', '1514'],
      [String(FRAME.length), String(FRAME.length)],
    ]);
    const capinfos = execFileSync('capinfos', [file], { encoding: 'utf8' });
    expect(capinfos).toMatch(/Capture length = 100/);
    expect(capinfos).toMatch(/Time precision = nanoseconds \(9\)/);
    expect(capinfos).toMatch(/Capture application: +pktc 0\.1\.0/);
    expect(capinfos).toMatch(/Capture comment: +rules=edge\.rules hook=xdp/);
    const tcpdump = execFileSync('tcpdump', ['-n', '-r', file, 'udp'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(tcpdump).toMatch(/IP 10\.0\.0\.1\.40000 > 10\.0\.0\.2\.53/);
    expect(readCapture(readFileSync(file))).toMatchObject({
      format: 'pcapng',
      damage: null,
      frames: [{ original_len: 1514 }, { time_ns: EVENT.time_ns, data: Buffer.from(FRAME) }],
    });
  });

  test('a file without packets, and one with a name of any length', () => {
    writeAll([]);
    expect(framesOfTshark(inFolder('trace.pcapng'))).toEqual([]);
    execFileSync('tcpdump', ['-r', inFolder('trace.pcapng')], { stdio: 'pipe' });
    writeAll([{ ...EVENT, rule_name: 'r'.repeat(5000) }, EVENT], { overwrite: true });
    expect(tshark(inFolder('trace.pcapng'), 'frame.comment').map(([comment]) => comment?.length)).toEqual([
      1024,
      'rule=syn_scan verdict=drop'.length,
    ]);
  });

  test('files that follow one another by size: each is whole, none is larger, and together they have every packet', () => {
    const frame = new Uint8Array(256).fill(7);
    const events = Array.from({ length: 1500 }, (_, at) => ({
      ...EVENT,
      time_ns: BigInt(at),
      frame,
      length: 256,
      ifindex: 2 + (at % 3),
    }));
    const limit = 64 << 10;
    const state = writeAll(events, { rotateSize_bytes: limit });
    const names = readdirSync(folder).sort(
      (a, b) => Number(a === 'trace.pcapng' ? -1 : 0) - Number(b === 'trace.pcapng' ? -1 : 0),
    );
    expect(state).toMatchObject({ files: names.length, packets: 1500, file: inFolder(names.at(-1) ?? '') });
    expect(names).toEqual([
      'trace.pcapng',
      ...names.slice(1).map((_, at) => `trace.${String(at + 1).padStart(5, '0')}.pcapng`),
    ]);
    expect(names.length).toBeGreaterThan(5);
    const sizes = names.map((name) => statSync(inFolder(name)).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limit);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(limit - 5000);
    const frames = names.flatMap((name) =>
      tshark(inFolder(name), 'frame.interface_id', 'frame.interface_name', 'frame.time_epoch'),
    );
    expect(frames.map(([, , time]) => Math.round(Number(time) * 1e9))).toEqual(events.map((_, at) => at));
    expect(frames.map(([, name]) => name)).toEqual(events.map((_, at) => ['eth0', 'eth1', 'ifindex 4'][at % 3]));
  });
});

describe('files that follow one another', () => {
  const packetsIn = (name: string) => readCapture(readFileSync(inFolder(name))).frames.length;

  test('by time, and only when a packet comes', () => {
    let now_ms = 0;
    const file = openPacketFile(options({ rotateTime_ms: 1000 }), neverAsked, () => now_ms);
    file.begin(XDP, INTERFACES);
    now_ms = 5000;
    file.write([EVENT]);
    now_ms = 5001;
    file.write([EVENT, EVENT]);
    now_ms = 6000;
    file.write([EVENT]);
    now_ms = 9000;
    file.close();
    expect(readdirSync(folder).sort()).toEqual(['trace.00001.pcapng', 'trace.pcapng']);
    expect([packetsIn('trace.pcapng'), packetsIn('trace.00001.pcapng')]).toEqual([1, 3]);
  });

  test('the newest stay; what others put there is not touched', () => {
    let now_ms = 0;
    const file = openPacketFile(options({ rotateTime_ms: 1, keep: 2 }), neverAsked, () => now_ms++);
    file.begin(XDP, INTERFACES);
    rmSync(inFolder('trace.pcapng'));
    writeFileSync(inFolder('trace.pcapng'), 'somebody else');
    for (let packet = 0; packet < 5; packet++) file.write([EVENT]);
    file.close();
    expect(file.state).toMatchObject({ files: 5, packets: 5, file: inFolder('trace.00004.pcapng') });
    expect(readdirSync(folder).sort()).toEqual(['trace.00003.pcapng', 'trace.00004.pcapng', 'trace.pcapng']);
    expect(readFileSync(inFolder('trace.pcapng'), 'utf8')).toBe('somebody else');
  });

  test('a name that is taken meanwhile ends it: what was not written is counted, what was is whole', () => {
    const problems: Failure[] = [];
    let now_ms = 0;
    const file = openPacketFile(
      options({ rotateTime_ms: 1 }),
      (problem) => problems.push(problem),
      () => now_ms++,
    );
    file.begin(XDP, INTERFACES);
    symlinkSync('/etc/passwd', inFolder('trace.00001.pcapng'));
    file.write([EVENT, EVENT, EVENT]);
    file.write([EVENT]);
    file.close();
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('trace.00001.pcapng` is a symbolic link')]);
    expect(file.state).toMatchObject({ packets: 1, lost: 3, problem: problems[0] });
    expect(packetsIn('trace.pcapng')).toBe(1);
  });

  test('files of another run are in the way, unless they are to be replaced', () => {
    writeFileSync(inFolder('trace.00007.pcapng'), 'old');
    expect(() => openPacketFile(options({ rotateTime_ms: 1 }), neverAsked)).toThrow(/trace\.00007\.pcapng` is there already/);
    expect(readdirSync(folder)).toEqual(['trace.00007.pcapng']);
    writeAll([EVENT]);
    writeAll([EVENT], { rotateTime_ms: 1000, overwrite: true });
    expect(readFileSync(inFolder('trace.00007.pcapng'), 'utf8')).toBe('old');
  });
});

describe('the file', () => {
  test('is for its owner only', () => {
    const old = process.umask(0);
    try {
      writeAll([EVENT]);
    } finally {
      process.umask(old);
    }
    expect(statSync(inFolder('trace.pcapng')).mode & 0o777).toBe(0o600);
  });

  test('goes when nothing was begun', () => {
    openPacketFile(options(), neverAsked).close();
    expect(readdirSync(folder)).toEqual([]);
  });

  const inTheWay: readonly (readonly [string, (file: string) => void, RegExp, force: boolean])[] = [
    ['a file', (file) => writeFileSync(file, 'precious'), /is there already/, false],
    ['a link to a file', (file) => symlinkSync(inFolder('elsewhere'), file), /is a symbolic link/, false],
    ['a link to a file, with force', (file) => symlinkSync(inFolder('elsewhere'), file), /is a symbolic link/, true],
    ['a link to nothing, with force', (file) => symlinkSync(inFolder('nothing'), file), /is a symbolic link/, true],
    ['a directory', (file) => mkdirSync(file), /no regular file/, true],
    ['a pipe', (file) => void execFileSync('mkfifo', [file]), /no regular file/, true],
  ];
  test.each(inTheWay)('refuses %s', (_, put, message, force) => {
    writeFileSync(inFolder('elsewhere'), 'precious');
    put(inFolder('trace.pcapng'));
    const before = readdirSync(folder);
    expect(() => openPacketFile(options({ overwrite: force }), neverAsked)).toThrow(message);
    expect(readdirSync(folder)).toEqual(before);
    expect(readFileSync(inFolder('elsewhere'), 'utf8')).toBe('precious');
    if (message.source.includes('already')) expect(readFileSync(inFolder('trace.pcapng'), 'utf8')).toBe('precious');
  });

  test('says what is wrong with the folder', () => {
    expect(() => openPacketFile(options({ file: inFolder('no/such/trace.pcapng') }), neverAsked)).toThrow(/cannot write/);
  });

  test('with force another file takes its place; a second name of the old one keeps what it has', () => {
    writeFileSync(inFolder('trace.pcapng'), 'old', { mode: 0o644 });
    linkSync(inFolder('trace.pcapng'), inFolder('second'));
    writeAll([EVENT], { overwrite: true });
    expect(readFileSync(inFolder('second'), 'utf8')).toBe('old');
    expect(statSync(inFolder('trace.pcapng')).mode & 0o777).toBe(0o600);
    expect(readCapture(readFileSync(inFolder('trace.pcapng'))).frames).toHaveLength(1);
  });
});

describe('options', () => {
  const none = {
    write: undefined,
    snaplen: undefined,
    'rotate-size': undefined,
    'rotate-time': undefined,
    'rotate-keep': undefined,
    overwrite: false,
  };

  test('sizes, times and the usual snap length', () => {
    expect(packetFileOptions(none, 'x.rules')).toBeNull();
    const given = { ...none, write: 'a.pcapng', 'rotate-size': '100M', 'rotate-time': '1h', 'rotate-keep': '3' };
    expect(packetFileOptions(given, 'x.rules')).toEqual({
      file: 'a.pcapng',
      snapLength: 256,
      overwrite: false,
      rotateSize_bytes: 100 << 20,
      rotateTime_ms: 3_600_000,
      keep: 3,
    });
  });

  test.each([
    [['-w', '-'], /takes the name of a file/],
    [['-w', 'x', '-w', 'y'], /takes the name of a file/],
    [['-w', 'x', '--snaplen', '63'], /64 to 2048/],
    [['-w', 'x', '--snaplen', '2049'], /64 to 2048/],
    [['-w', 'x', '--rotate-size', '63K'], /--rotate-size.*from 64K/],
    [['-w', 'x', '--rotate-size', '1T'], /--rotate-size/],
    [['-w', 'x', '--rotate-time', 'soon'], /--rotate-time/],
    [['-w', 'x', '--rotate-keep', '3'], /--rotate-keep/],
    [['--rotate-size', '1M'], /`--rotate-size` is about the file of `-w`/],
    [['--overwrite'], /`--overwrite` is about/],
  ])('%j', async (parameters, message) => {
    const { code, stdout, stderr } = await pktc(['run', '-e', 'match any', '-i', 'lo', ...parameters], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a compiled program has no bytes of packets', async () => {
    const { code, stderr } = await pktc(['run', 'x.bpf.o', '-i', 'lo', '-w', 'x.pcapng'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/records no bytes of packets/);
    expect(existsSync(inFolder('x.pcapng'))).toBe(false);
  });
});
