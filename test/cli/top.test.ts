/** The picture that `pktc top` draws, and the keys that change it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clip } from '../../cli/top/clip.ts';
import { createRates } from '../../cli/top/rates.ts';
import { chosenRules, renderTop, short, type TopState } from '../../cli/top/render-top.ts';
import { FIRST_VIEW, keysFrom, pressed, type View } from '../../cli/top/view.ts';
import { painter } from '../../compiler/diagnostics/paint.ts';
import { displayWidth } from '../../compiler/diagnostics/visible.ts';
import { RAW_CONTROL } from './pktc.ts';

const rule = (name: string | null, packets: number, more: Partial<TopState['rules'][number]> = {}) => ({
  rule: name,
  verdict: 'drop' as const,
  packets: BigInt(packets),
  bytes: BigInt(packets * 60),
  logged: 0n,
  lost: 0n,
  order: 0,
  packets_per_s: packets,
  bytes_per_s: packets * 60,
  history: [0, packets / 2, packets],
  ...more,
});
const STATE: TopState = {
  name: 'edge',
  hook: 'xdp',
  where: 'eth0 (native)',
  age: '3 min',
  rules: [
    rule('scan', 1500, { order: 0 }),
    rule('web', 20, { order: 1, verdict: null, lost: 7n }),
    rule('ｅｖｉｌ名前', 300, { order: 2 }),
    rule(null, 5, { order: 3, history: [] }),
  ],
  events: ['09:14:33.128421  scan  drop  54  tcp SYN  10.0.0.1:40000 → 10.0.0.2:22', 'the newest'],
  lost: 0n,
  lost_before: 0n,
  ring_used: 0.03,
  sets: [],
  notice: '',
  view: FIRST_VIEW,
};
const plain = (text: string) => text.replace(/\x1b\[[\d;]*m/g, '');
const press = (view: View, ...keys: string[]) => keys.reduce(pressed, view);

describe('the picture', () => {
  test('says how full the sets are that rules fill, and marks those that refuse', () => {
    const sets = [
      { name: 'blocked', elements: 123, size: 100_000, refused: 0n },
      { name: 'block.src', elements: 64, size: 64, refused: 1234n },
      { name: 'nearly', elements: 95, size: 100, refused: 0n },
    ];
    const text = ' sets  blocked 123 of 100,000  block.src 64 of 64, 1,234 refused  nearly 95 of 100';
    expect(renderTop({ ...STATE, sets }, 120, 24).split('\n')[2]).toBe(text);
    const colored = renderTop({ ...STATE, sets }, 120, 24, painter(true)).split('\n')[2]!;
    expect(plain(colored)).toBe(text);
    expect(colored.split('\x1b[').length - 1).toBe(4);
    expect(renderTop(STATE, 120, 24)).not.toContain(' sets ');
  });

  test('says what there is, the busiest rule first', () => {
    const lines = renderTop(STATE, 120, 24).split('\n');
    expect(lines).toHaveLength(24);
    expect(lines[0]).toBe(' edge  xdp  eth0 (native)  for 3 min  3 rules');
    expect(lines[1]).toBe(' 1,805 packets/s  108k bytes/s  lost 0  ring 3%');
    expect(lines[2]).toMatch(/^ RULE +VERDICT +PACKETS\/S +BYTES\/S +PACKETS +LOST +LAST/);
    expect(lines[3]).toMatch(/^ scan +drop +1,500 +90\.0k +1,500 +0 + ▅█$/);
    expect(lines[4]).toMatch(/^ ｅｖｉｌ名前 +drop +300 /);
    expect(lines[5]).toMatch(/^ web +- +20 +1,200 +20 +7 /);
    expect(lines[6]).toMatch(/^ default +drop +5 /);
    expect(lines.indexOf(' LAST EVENTS')).toBeGreaterThan(6);
    expect(lines).toContain(' the newest');
    expect(lines[23]).toMatch(/^ q quit {2}space pause/);
    // Wide characters take two cells: what stands behind them stays in its column.
    const column = displayWidth(lines[3]?.split('drop')[0] ?? '');
    expect(displayWidth(lines[4]?.split('drop')[0] ?? '')).toBe(column);
  });

  test('of losses, a full ring, a pause, a notice', () => {
    const text = renderTop(
      {
        ...STATE,
        lost: 1234n,
        lost_before: 5n,
        ring_used: 0.999,
        notice: 'other rules\x1b[2J',
        view: { ...FIRST_VIEW, paused: true },
      },
      120,
      24,
      painter(true),
    );
    const lines = plain(text).split('\n');
    expect(lines[0]).toMatch(/^ PAUSED edge/);
    expect(lines[1]).toContain('lost 1,234, 5 before  ring 100% (nobody reads)');
    expect(lines[23]).toBe(' other rules\\x1b[2J');
    expect(text).toContain('\x1b[1;33m  lost 1,234');
  });

  test('where no rule logs there is nothing about losses and events', () => {
    const text = renderTop({ ...STATE, events: null }, 120, 30);
    expect(text).not.toMatch(/lost|ring|LAST EVENTS/);
  });

  test('in a narrow window what matters least goes first', () => {
    const titles = (columns: number) => (renderTop(STATE, columns, 24).split('\n')[2] ?? '').trim().split(/ +/);
    expect(titles(60)).toEqual(['RULE', 'VERDICT', 'PACKETS/S', 'BYTES/S', 'PACKETS']);
    expect(titles(40)).toEqual(['RULE', 'PACKETS/S', 'BYTES/S']);
    expect(titles(24)).toEqual(['RULE', 'PACKETS/S']);
  });

  test('fits any window, whatever names, filters and events have in them', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\x1b[2J', '名前'.repeat(30), '\u202eabc', 'a\nb'));
    fc.assert(
      fc.property(
        fc.nat(140),
        fc.nat(60),
        fc.array(text, { maxLength: 30 }),
        text,
        fc.boolean(),
        fc.boolean(),
        (columns, rows, names, filter, help, typing) => {
          const rules = names.map((name, order) => rule(name, order * 1000, { order }));
          const view = { ...FIRST_VIEW, filter, help, typing, scroll: names.length };
          const picture = renderTop({ ...STATE, name: 'edge', rules, notice: filter, view }, columns, rows, painter(true));
          const lines = picture === '' ? [] : picture.split('\n');
          expect(lines.length).toBeLessThanOrEqual(Math.max(rows, 0));
          for (const line of lines) {
            expect(displayWidth(plain(line))).toBeLessThanOrEqual(columns);
            expect(plain(line)).not.toMatch(RAW_CONTROL);
          }
        },
      ),
    );
  });

  test('a text is cut between characters', () => {
    expect(clip('名前名前', 5)).toBe('名前…');
    expect(clip('名前名前', 4)).toBe('名…');
    expect(clip('abc', 3)).toBe('abc');
    expect([clip('abc', 1), clip('abc', 0)]).toEqual(['…', '']);
  });

  test.each([
    [0, '0'],
    [9999.4, '9,999'],
    [10_000, '10.0k'],
    [99_960, '100k'],
    [999_600, '1.0M'],
    [1.5e9, '1.5G'],
    [3e17, '300P'],
  ])('%d a second', (value, text) => {
    expect(short(value)).toBe(text);
  });
});

describe('keys', () => {
  test('as terminals send them', () => {
    expect(keysFrom('q\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b\r\x7f\x03')).toEqual(
      'q up down pageup pagedown escape enter backspace interrupt'.split(' '),
    );
    expect(keysFrom('ü名\x1b[1;5Cx')).toEqual(['ü', '名', 'x']);
    expect(keysFrom('\x01\x0e')).toEqual([]);
  });

  test('choose what is shown', () => {
    const names = (view: View) => chosenRules({ ...STATE, view }).map((one) => one.rule);
    expect(names(press(FIRST_VIEW, 'n'))).toEqual([null, 'scan', 'web', 'ｅｖｉｌ名前']);
    expect(names(press(FIRST_VIEW, 'l'))).toEqual(['web', 'scan', 'ｅｖｉｌ名前', null]);
    expect(names(press(FIRST_VIEW, 'o'))).toEqual(['scan', 'web', 'ｅｖｉｌ名前', null]);
    expect(names(press(FIRST_VIEW, '/', 'n', '前'))).toEqual([]);
    expect(names(press(FIRST_VIEW, '/', 'q', 'backspace', 'w', 'e', 'enter'))).toEqual(['web']);
    expect(names(press(FIRST_VIEW, '/', 'w', 'e', 'escape'))).toHaveLength(4);
  });

  test('scroll no further than there are rules, pause, help, leave', () => {
    const rules = Array.from({ length: 50 }, (_, order) => rule(`r${order}`, 50 - order, { order }));
    const firstShown = (view: View) =>
      renderTop({ ...STATE, rules, events: null, view }, 100, 20)
        .split('\n')[3]
        ?.trim()
        .split(' ')[0];
    expect(firstShown(press(FIRST_VIEW, 'down', 'down', 'up'))).toBe('r1');
    expect(firstShown(press(FIRST_VIEW, ...new Array(9).fill('pagedown')))).toBe('r34');
    expect(firstShown(press(FIRST_VIEW, 'up'))).toBe('r0');
    expect(press(FIRST_VIEW, ' ')).toMatchObject({ paused: true });
    expect(press(FIRST_VIEW, ' ', ' ')).toMatchObject({ paused: false });
    expect(renderTop({ ...STATE, view: press(FIRST_VIEW, '?') }, 100, 24)).toContain('q or Ctrl-C  leave');
    expect(press(FIRST_VIEW, '?', 'x')).toMatchObject({ help: false, quit: false });
    for (const keys of [['q'], ['interrupt'], ['?', 'q'], ['/', 'interrupt']])
      expect(press(FIRST_VIEW, ...keys).quit).toBe(true);
    expect(press(FIRST_VIEW, '/', 'q').quit).toBe(false);
  });
});

describe('rates', () => {
  const row = (name: string | null, packets: bigint) => ({
    rule: name,
    verdict: null,
    packets,
    bytes: packets * 100n,
    logged: null,
    lost: null,
  });

  test('are what came in the time between, also when rules come, go, and begin again', () => {
    const rates = createRates(3);
    expect(rates.next([row('a', 1000n), row(null, 7n)], 1000)).toMatchObject([
      { packets_per_s: 0, order: 0, history: [] },
      { packets_per_s: 0, order: 1, history: [] },
    ]);
    expect(rates.next([row('new', 4n), row('a', 1500n), row(null, 7n)], 1500)).toMatchObject([
      { packets_per_s: 0 },
      { packets_per_s: 1000, bytes_per_s: 100_000, history: [1000] },
      { packets_per_s: 0, history: [] },
    ]);
    expect(rates.next([row('a', 10n)], 2500)).toMatchObject([{ packets_per_s: 0, history: [1000, 0] }]);
    rates.next([row('a', 20n)], 3500);
    expect(rates.next([row('a', 50n)], 4500)[0]?.history).toEqual([0, 10, 30]);
  });
});
