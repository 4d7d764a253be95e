/**
 * What a search costs, as docs/performance.md has it, in a table:
 *
 *     sudo node --import ./test/kernel/typescript-loader.mjs test/payload/measure.ts
 *
 * Nothing else should run on the machine. The kernel repeats each run and gives the mean (BPF_PROG_TEST_RUN); this is the
 * median of many such means, in nanoseconds.
 */
import { findClang } from '../../compiler/6-build/find-clang.ts';
import { runClang } from '../../compiler/6-build/run-clang.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { compile } from '../../compiler/index.ts';
import { allocate, openLibbpf, TEST_RUN_OPTIONS } from '../../runtime/ffi/libbpf.ts';
import { stableMemory } from '../../runtime/ffi/libc.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { patternOf } from './naive-search.ts';
import { randomBytes, randomNumbers, rulesFor, tcpFrame } from './search-rules.ts';

const SIZES: readonly number[] = [64, 256, 1024, 1460];
const MEANS = 31;
const RUN_MS = 2;

const libbpf = openLibbpf();
const memory = stableMemory(1 << 16);

function meanOf(program_fd: number, frame: Uint8Array, repeat: number): number {
  const options = allocate(TEST_RUN_OPTIONS);
  memory.bytes.set(frame);
  options.set('data_in', memory.address);
  options.set('data_size_in', frame.length);
  options.set('repeat', repeat);
  const result = libbpf.prog_test_run_opts(program_fd, options.bytes);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN: errno ${-result}`);
  return options.get('duration');
}

function medianOf(program_fd: number, frame: Uint8Array): number {
  const repeat = Math.ceil((RUN_MS * 1e6) / Math.max(20, meanOf(program_fd, frame, 100)));
  const means = Array.from({ length: MEANS }, () => meanOf(program_fd, frame, repeat)).sort((a, b) => a - b);
  return means[Math.floor(MEANS / 2)] ?? 0;
}

function printRow(name: string, values: readonly number[]): void {
  console.log(`| ${name} | ${values.map((value) => value.toLocaleString('en')).join(' | ')} |`);
}

const random = randomNumbers(20_261_121);
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const words = Array.from({ length: 1000 }, () => Buffer.from(randomBytes(random, 8 + random(16), LETTERS)).toString());

const REQUEST =
  'GET /index.html?session=8f3a9c7be1&lang=en HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) ' +
  'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\r\nAccept: text/html,application/xml;q=0.9,*/*;q=0.8\r\n' +
  'Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n';

/** Requests, one behind the other. */
const benign = (size: number) => Buffer.from(REQUEST.repeat(10).slice(0, size));

/** Patterns without their last letters: as many states as there can be, and never a match. */
const adversarial = (size: number) =>
  Buffer.from(
    Array.from({ length: 400 }, () => `${words[random(words.length)]?.slice(0, -1)}.`)
      .join('')
      .slice(0, size),
  );

/** A match with every byte. */
const matching = (size: number) => Buffer.alloc(size, 'ab');

async function measureRules(name: string, text: string, payload: (size: number) => Buffer): Promise<void> {
  const { artifact, diagnostics } = await compile({ name: 'measure.rules', text }, { hook: 'xdp' });
  if (artifact === null) throw new Error(diagnostics.map((one) => one.message).join('\n'));
  using loaded = loadArtifact(artifact);
  const fd = loaded.programs[0]?.fd ?? -1;
  printRow(
    name,
    SIZES.map((size) => medianOf(fd, tcpFrame(payload(size)))),
  );
}

async function measureEmptyProgram(): Promise<void> {
  const clang = await findClang();
  if (!clang.found) throw new Error('no clang');
  const c =
    '#include <pktc/context.h>\nchar pktc_license[] SEC("license") = "GPL";\nSEC("xdp") int empty(struct xdp_md *ctx)\n{\n\treturn ctx ? XDP_PASS : XDP_DROP;\n}\n';
  const built = await runClang(clang.path, c, readTemplates());
  if (!built.ok) throw new Error(JSON.stringify(built));
  const object = libbpf.object_open_mem(built.object, built.object.length, null);
  if (object === null || libbpf.object_load(object) < 0) throw new Error('the empty program does not load');
  const program = libbpf.object_find_program_by_name(object, 'empty');
  const fd = program === null ? -1 : libbpf.program_fd(program);
  printRow(
    'an empty XDP program',
    SIZES.map((size) => medianOf(fd, tcpFrame(benign(size)))),
  );
  libbpf.object_close(object);
}

const oneList = (count: number) =>
  rulesFor([{ patterns: words.slice(0, count).map((word) => patternOf(word, true)), within: null }]);

console.log(
  `| ns a packet, payload of | ${SIZES.map((size) => `${size} B`).join(' | ')} |\n|---|${SIZES.map(() => '---:|').join('')}`,
);
await measureEmptyProgram();
await measureRules(
  'rules that ask for a port the packet has not',
  oneList(1000).replaceAll('match', 'match tcp dport 81'),
  benign,
);
for (const count of [1, 100, 1000])
  await measureRules(`${count.toLocaleString('en')} patterns in a list, requests`, oneList(count), benign);
await measureRules(
  '1,000 rules with a pattern each, requests',
  rulesFor(words.map((word) => ({ patterns: [patternOf(word, true)], within: null }))),
  benign,
);
await measureRules('1,000 patterns, beginnings of patterns', oneList(1000), adversarial);
await measureRules(
  'patterns `a`, `b`, `xyz`, all `ab`',
  rulesFor(['a', 'b', 'xyz'].map((text) => ({ patterns: [patternOf(text)], within: null }))),
  matching,
);
await measureRules('1,000 patterns within 64, requests', oneList(1000).replace('payload', 'payload within 64'), benign);
