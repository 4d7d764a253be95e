import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEventLines } from '../../cli/events/event-json.ts';
import { EXIT } from '../../cli/exit-code.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { codeBlocks, codeSpans, ROOT, tableRows } from './code-blocks.ts';
import { diagnose } from './compile-text.ts';

/** The file whose mistakes the README shows. */
const MISTAKEN = `let lan = { 10.0.0.0/8, fd00::/8 }

ssh: match prto tcp dport 22 src != lan -> drop
web: match tcp dport 443-80 -> log
`;

describe('README.md', () => {
  it('shows what the compiler really says', () => {
    const shown = codeBlocks('README.md').find((block) => block.language === 'text');
    const said = renderDiagnostics(diagnose(MISTAKEN, null, 'edge.rules'), { color: false });
    expect(said.trim()).toBe(shown?.text.trim());
  });

  it('shows rules that the compiler has nothing to say about, not even a warning', () => {
    const blocks = ['README.md', 'editors/vscode/README.md'].flatMap(codeBlocks).filter((block) => block.language === 'rules');
    expect(blocks.length).toBeGreaterThan(2);
    for (const block of blocks) expect(diagnose(block.text), block.text).toEqual([]);
  });

  it('lists every command, and none that is not there', () => {
    const listed = tableRows('README.md', 'command').map(
      ([cell]) => /^pktc ([\w-]+)/.exec(codeSpans(cell ?? '')[0] ?? '')?.[1] ?? '',
    );
    const commands = readdirSync(path.join(ROOT, 'cli/commands')).map((file) => path.basename(file, '.ts'));
    expect([...new Set(listed)].sort()).toEqual(commands.sort());
  });

  it('lists the exit codes there are', () => {
    const listed = tableRows('README.md', 'exit code').map(([code]) => Number(code));
    expect(listed).toEqual(Object.values(EXIT));
  });

  it('shows an event as `run --json` prints it', () => {
    const printed = createEventLines(new Map([[2, 'eth0']]))([
      {
        time_ns: 1_795_239_682_454_543_881n,
        rule: 0,
        rule_name: 'scan',
        verdict: 'drop',
        ifindex: 2,
        length: 74,
        sample: 10,
        ethertype: 0x0800,
        vlan: null,
        src: '203.0.113.9',
        dst: '192.0.2.1',
        proto: 6,
        sport: 35288,
        dport: 3389,
        flags: 0x02,
        icmp_type: null,
        icmp_code: null,
        payload: new Uint8Array(),
        frame: new Uint8Array(),
        direction: null,
      },
    ]);
    const shown = codeBlocks('README.md').find((block) => block.language === 'json');
    expect(Buffer.from(printed).toString('utf8')).toBe(shown?.text);
  });
});
