/** The search for patterns as the kernel runs it, against searches that are as plain as can be. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { planProgram } from '../../compiler/4-plan/plan-program.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import type { LoadedProgram } from '../../runtime/load.ts';
import { loadProgram } from '../differential/kernel-engine.ts';
import { programOf } from '../differential/program-of.ts';
import { concat, frameOf, ipv4, tcp, udp } from '../packets/build-packet.ts';
import { contains, patternOf } from '../payload/naive-search.ts';
import { randomBytes, randomNumbers, rulesFor, type Search, tcpFrame, udpFrame } from '../payload/search-rules.ts';
import { describeKernel } from './environment.ts';

/** PAYLOAD_SEARCH_BYTES_MAX */
const BOUND = 16_384;

interface Searcher extends Disposable {
  /** Indices of the rules that the packet matched. */
  matches(frame: Uint8Array): readonly number[];
  readonly loaded: LoadedProgram;
}

async function searcherOf(text: string): Promise<Searcher> {
  const loaded = await loadProgram(programOf(text));
  let before = loaded.counters();
  return {
    loaded,
    matches(frame) {
      loaded.testRun(frame);
      const after = loaded.counters();
      const rules = after.slice(0, -1).flatMap(({ packets }, at) => (packets === before[at]?.packets ? [] : [at]));
      before = after;
      return rules;
    },
    [Symbol.dispose]: () => loaded.close(),
  };
}

function expected(payload: Uint8Array, searches: readonly Search[]): readonly number[] {
  return searches.flatMap(({ patterns, within }, at) => (contains(payload, patterns, within ?? BOUND) ? [at] : []));
}

/** A payload of dots with the text at a place. */
function payloadWith(length: number, text: Uint8Array, place: number): Uint8Array {
  const payload = new Uint8Array(length).fill(0x2e);
  payload.set(text.subarray(0, Math.max(0, length - place)), place);
  return payload;
}

/** For each display filter, the indices of the frames that it takes. */
function framesThatTsharkTakes(frames: readonly Uint8Array[], filters: readonly string[]): readonly (readonly number[])[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-payload-'));
  try {
    const file = path.join(folder, 'frames.pcap');
    const header = Buffer.alloc(24);
    // struct pcap_file_header: magic, version 2.4, zone, accuracy, longest frame, Ethernet.
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(65_536, 16);
    header.writeUInt32LE(1, 20);
    const records = frames.flatMap((frame) => {
      const record = Buffer.alloc(16);
      record.writeUInt32LE(frame.length, 8);
      record.writeUInt32LE(frame.length, 12);
      return [record, frame];
    });
    writeFileSync(file, Buffer.concat([header, ...records]));
    return filters.map((filter) =>
      execFileSync('tshark', ['-n', '-r', file, '-Y', filter, '-T', 'fields', '-e', 'frame.number'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
        .split('\n')
        .slice(0, -1)
        .map((line) => Number(line) - 1),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describeKernel('payload contains', () => {
  test.each([1, 2, 3, 4, 5, 6])('finds what a naive search and the interpreter find, random rules %i', async (seed) => {
    const random = randomNumbers(seed * 7919);
    const alphabet = seed % 2 === 0 ? 'abAB' : 'abcdefghABCDEFGH\x00\xff';
    const searches = Array.from({ length: [1, 3, 20, 63, 64, 130][seed - 1] ?? 1 }, (): Search => {
      const texts = Array.from({ length: 1 + random(3) }, () =>
        randomBytes(random, 1 + random(seed % 2 === 0 ? 14 : 3), alphabet),
      );
      const nocase = random(2) === 0;
      return {
        patterns: texts.map((bytes) => patternOf(Buffer.from(bytes).toString('latin1'), nocase)),
        within: random(3) === 0 ? 14 + random(200) : null,
      };
    });
    const text = rulesFor(searches);
    const interpret = createInterpreter(programOf(text));
    using searcher = await searcherOf(text);
    let found = 0;
    for (let run = 0; run < 300; run++) {
      const length = run < 250 ? run : random(3000);
      const payload = randomBytes(random, length, `${alphabet}....`);
      const frame = random(2) === 0 ? tcpFrame(payload) : udpFrame(payload);
      const wanted = expected(payload, searches);
      expect(searcher.matches(frame), `payload ${Buffer.from(payload).toString('latin1')}`).toEqual(wanted);
      expect(interpret(frame).rules).toEqual(wanted);
      found += wanted.length;
    }
    expect(found).toBeGreaterThan(20);
  });

  test.each([1, 8, 9, 31, 256])(
    'a pattern of %i bytes at every place of payloads that one cursor or four search',
    async (length) => {
      const pattern = randomBytes(randomNumbers(length), length, 'abcdefgh');
      using searcher = await searcherOf(
        rulesFor([{ patterns: [patternOf(Buffer.from(pattern).toString('latin1'))], within: null }]),
      );
      for (const size of [1, 7, 8, 9, 64, 95, 96, 97, 100, 128, 255, 257, 767, 1024]) {
        for (let place = 0; place < size; place += size < 300 ? 1 : 3) {
          const payload = payloadWith(size, pattern, place);
          expect(searcher.matches(tcpFrame(payload)), `${size} bytes, at ${place}`).toEqual(place + length <= size ? [0] : []);
        }
      }
    },
  );

  test('a pattern that the end cuts off is not found, though the copy has the rest of it from an older packet', async () => {
    const pattern = randomBytes(randomNumbers(1), 20, 'abcdefgh');
    using searcher = await searcherOf(
      rulesFor([{ patterns: [patternOf(Buffer.from(pattern).toString('latin1'))], within: null }]),
    );
    for (const size of [20, 21, 24, 64, 95, 96, 128, 200, 1000]) {
      for (let missing = 1; missing < 20; missing++) {
        const whole = payloadWith(size + missing, pattern, size + missing - 20);
        expect(searcher.matches(tcpFrame(whole))).toEqual([0]);
        expect(searcher.matches(tcpFrame(whole.subarray(0, size))), `${size} bytes, ${missing} missing`).toEqual([]);
      }
    }
  });

  test('the bound is exact, and so is every `within`', async () => {
    const searches = [null, 64, 65, 100, 1000, 4096, BOUND - 1].map((within) => ({ patterns: [patternOf('needle')], within }));
    using searcher = await searcherOf(rulesFor(searches));
    for (const end of [
      6,
      63,
      64,
      65,
      66,
      99,
      100,
      101,
      999,
      1000,
      1001,
      4095,
      4096,
      4097,
      BOUND - 1,
      BOUND,
      BOUND + 1,
      BOUND + 7,
    ]) {
      for (const length of [end, end + 1, end + 30, 20_000, 60_000]) {
        if (length < end) continue;
        const payload = payloadWith(length, Buffer.from('needle'), end - 6);
        expect(searcher.matches(tcpFrame(payload)), `${length} bytes, the match ends at ${end}`).toEqual(
          expected(payload, searches),
        );
      }
    }
  });

  test('the parts into which a long payload is cut', async () => {
    const random = randomNumbers(12);
    const pattern = randomBytes(random, 40, 'abcdefgh');
    using searcher = await searcherOf(
      rulesFor([{ patterns: [patternOf(Buffer.from(pattern).toString('latin1'))], within: null }]),
    );
    for (const size of [2000, 4096, 8191, 16_377, BOUND, BOUND + 100]) {
      const part = Math.ceil(Math.min(size, BOUND) / 32) * 8;
      for (const seam of [part, 2 * part, 3 * part]) {
        for (let place = seam - 50; place <= seam + 10; place++) {
          const payload = payloadWith(size, pattern, place);
          expect(searcher.matches(tcpFrame(payload)), `${size} bytes, at ${place}`).toEqual([0]);
          payload[place + 39] = 0x2e;
          expect(searcher.matches(tcpFrame(payload)), `${size} bytes, at ${place}, cut`).toEqual([]);
        }
      }
    }
  });

  test('frames in several pieces are searched over every seam', async () => {
    using searcher = await searcherOf(rulesFor([{ patterns: [patternOf('0123456789abcdef', true)], within: null }]));
    // The first piece of a test frame ends near 3,500 bytes on x86, the next ones a page later.
    for (let place = 3000; place < 9000; place += 5) {
      const payload = payloadWith(12_000, Buffer.from('0123456789ABCdef'), place);
      expect(searcher.matches(tcpFrame(payload)), `at ${place}`).toEqual([0]);
    }
  });

  test('what tshark finds', async () => {
    const searches = ['GET /', 'user-agent: sqlmap', 'abcabd', 'zzz'].map((text, at) => ({
      patterns: [patternOf(text, at % 2 === 1)],
      within: null,
    }));
    const filters = ['contains "GET /"', 'matches "(?i)user-agent: sqlmap"', 'contains "abcabd"', 'matches "(?i)zzz"'];
    using searcher = await searcherOf(rulesFor(searches));
    const random = randomNumbers(99);
    const words = ['GET /', 'get /', 'User-Agent: SQLmap', 'user-agent: sqlma', 'abcabcabd', 'ZzZ', 'zz', ' ', '\r\n', 'abcab'];
    const frames = Array.from({ length: 300 }, () =>
      tcpFrame(Buffer.from(Array.from({ length: random(60) }, () => words[random(words.length)]).join(''))),
    );
    const ofTshark = framesThatTsharkTakes(
      frames,
      filters.map((filter) => `tcp.payload ${filter}`),
    );
    expect(ofTshark.map((matched) => matched.length > 20)).toEqual([true, true, true, true]);
    const ofKernel = frames.map((frame) => searcher.matches(frame));
    expect(searches.map((_, rule) => ofKernel.flatMap((rules, at) => (rules.includes(rule) ? [at] : [])))).toEqual(ofTshark);
  });

  test('a thousand patterns, each a rule, and in one rule', async () => {
    const random = randomNumbers(4711);
    const texts = [
      ...new Set(
        Array.from({ length: 1000 }, () =>
          Buffer.from(randomBytes(random, 6 + random(18), 'abcdefghijklmnopqrstuvwxyz')).toString(),
        ),
      ),
    ];
    using each = await searcherOf(rulesFor(texts.map((text) => ({ patterns: [patternOf(text, true)], within: null }))));
    using together = await searcherOf(rulesFor([{ patterns: texts.map((text) => patternOf(text, true)), within: null }]));
    for (let run = 0; run < 200; run++) {
      const picked = Array.from({ length: random(4) }, () => random(texts.length));
      const payload = concat(
        ...picked.map((at) => concat(randomBytes(random, random(400), '. /xyz'), Buffer.from(texts[at] ?? '', 'latin1'))),
        randomBytes(random, random(200), '. '),
      );
      const upper = Uint8Array.from(Buffer.from(Buffer.from(payload).toString('latin1').toUpperCase(), 'latin1'));
      const wanted = texts.flatMap((text, at) => (Buffer.from(payload).indexOf(text) >= 0 ? [at] : []));
      expect(wanted.length).toBeGreaterThanOrEqual(new Set(picked).size);
      expect(each.matches(tcpFrame(payload))).toEqual(wanted);
      expect(each.matches(tcpFrame(upper))).toEqual(wanted);
      expect(together.matches(udpFrame(payload))).toEqual(wanted.length > 0 ? [0] : []);
    }
  });

  test('payloads that are absent, empty or shorter than the pattern contain nothing, and `not` turns that round', async () => {
    using searcher = await searcherOf('match payload contains "\\x00" -> count\nmatch not payload contains "\\x00" -> count');
    const zero = Uint8Array.of(0);
    expect(searcher.matches(tcpFrame(zero))).toEqual([0]);
    expect(searcher.matches(tcpFrame(new Uint8Array()))).toEqual([1]);
    expect(searcher.matches(tcpFrame(Uint8Array.of(1)))).toEqual([1]);
    // A later fragment, and what is not TCP, UDP, SCTP or ICMP, has no payload; padding is none.
    expect(searcher.matches(frameOf(ipv4({ proto: 6, fragmentOffset: 1 }, tcp({}, zero))))).toEqual([1]);
    expect(searcher.matches(frameOf(ipv4({ proto: 99 }, zero)))).toEqual([1]);
    expect(searcher.matches(concat(tcpFrame(Uint8Array.of(1)), zero, zero))).toEqual([1]);
  });

  test('the verifier has no more to do for a thousand patterns than for one, and no more than was planned', async () => {
    const verified = async (text: string): Promise<number> => {
      using searcher = await searcherOf(text);
      const info = readFileSync(`/proc/self/fdinfo/${searcher.loaded.programs[0]?.fd}`, 'utf8');
      return Number(/^verified_insns:\s+(\d+)$/m.exec(info)?.[1]);
    };
    const listOf = (count: number) => Array.from({ length: count }, (_, at) => patternOf(`pattern number ${at} of some`));
    const one = await verified(rulesFor([{ patterns: listOf(1), within: null }]));
    expect(one).toBeGreaterThan(1000);
    expect(Math.abs((await verified(rulesFor([{ patterns: listOf(1000), within: null }]))) - one)).toBeLessThan(one / 100);
    for (const count of [1, 63, 64, 1024]) {
      const text = rulesFor(listOf(count).map((pattern) => ({ patterns: [pattern], within: null })));
      const planned = planProgram(programOf(text), targetFor('xdp')).value?.cost.instructions ?? 0;
      expect(await verified(text)).toBeLessThan(planned);
    }
  });

  test('what is as large as it may be loads: 1,024 searches, and patterns of 180,000 bytes', async () => {
    const texts = Array.from({ length: 1024 }, (_, at) => `search ${at};`);
    using many = await searcherOf(rulesFor(texts.map((text) => ({ patterns: [patternOf(text)], within: null }))));
    expect(many.matches(tcpFrame(Buffer.from('a search 0; and search 63; search 64; search 1023;')))).toEqual([
      0, 63, 64, 1023,
    ]);
    const random = randomNumbers(8);
    const long = Array.from({ length: 700 }, () => Buffer.from(randomBytes(random, 256, 'abcdefghijklmnop')).toString());
    using large = await searcherOf(rulesFor([{ patterns: long.map((text) => patternOf(text)), within: null }]));
    for (const text of long.slice(-20)) {
      expect(large.matches(tcpFrame(Buffer.from(`..${text}`)))).toEqual([0]);
      expect(large.matches(tcpFrame(Buffer.from(`..${text.slice(0, -1)}.`)))).toEqual([]);
    }
  });

  test('the packet in a tunnel is searched apart from the one around it', async () => {
    using searcher = await searcherOf(
      'match payload contains "needle" -> count\nmatch inner(payload contains "needle") -> count\nmatch inner(payload contains "hay") -> count',
    );
    const inner = (text: string) => tcpFrame(Buffer.from(text)).subarray(14);
    const ipip = (text: string) => frameOf(ipv4({ proto: 4 }, inner(text)));
    expect(searcher.matches(ipip('a needle'))).toEqual([1]);
    expect(searcher.matches(ipip('hay and a needle'))).toEqual([1, 2]);
    expect(searcher.matches(tcpFrame(Buffer.from('a needle in hay')))).toEqual([0]);
    // In VXLAN the payload of the outer packet holds the whole inner one.
    const vxlan = Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 1, 0]), tcpFrame(Buffer.from('a needle'))]);
    const frame = frameOf(ipv4({ proto: 17 }, udp({ dport: 4789 }, vxlan)));
    expect(searcher.matches(frame)).toEqual([0, 1]);
  });
});
