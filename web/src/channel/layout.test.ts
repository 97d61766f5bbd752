import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Comings } from '../members/comings';
import type { Row } from '../timeline/row';
import { layOut, type Item } from './layout';

const NOON = new Date(2026, 4, 4, 12).getTime();
const MINUTE = 60_000;
const ME = 'me';

function row(seq: number | null, from: string, createdAt: number): Row {
  return {
    key: `k${seq ?? `p${createdAt}`}`,
    state: seq === null ? 'pending' : 'sent',
    channelId: 'c',
    seq,
    from,
    content: 'x',
    createdAt,
    editedAt: null,
    deletedAt: null,
    clientId: null,
    refusal: null,
  };
}

function draw(rows: Row[], dividerAfter: number | null = null, atStart = true, comings: Comings[] = []): string {
  return layOut({ rows, dividerAfter, atStart, hasNewer: false }, ME, comings).map(word).join(' ');
}
function word(item: Item): string {
  if (item.kind === 'day') return 'day';
  if (item.kind === 'new') return 'new';
  if (item.kind === 'comings') return `+${item.joined.join()}-${item.left.join()}`;
  return (item.lead ? 'LEAD:' : '') + (item.row.seq ?? 'pending');
}

describe('who came and left', () => {
  const rows = [row(3, 'a', NOON), row(4, 'a', NOON + MINUTE), row(null, ME, NOON + 2 * MINUTE)];
  const comings: Comings[] = [
    { afterSeq: 1, joined: ['x'], left: [] },
    { afterSeq: 3, joined: ['b', 'c'], left: ['d'] },
    { afterSeq: 4, joined: ['e'], left: [] },
  ];

  it('stands behind the message that was the newest then, begins no day, and ends a group', () => {
    expect(draw(rows, null, false, comings)).toBe('day LEAD:3 +b,c-d LEAD:4 +e- LEAD:pending');
  });
  it('stands at the end where nothing was said since', () => {
    expect(draw(rows.slice(0, 2), null, false, comings.slice(2))).toBe('day LEAD:3 4 +e-');
    expect(draw([], null, true, comings.slice(0, 1))).toBe('+x-');
  });
});

describe('grouping', () => {
  it('joins one author within five minutes', () => {
    expect(draw([row(1, 'a', NOON), row(2, 'a', NOON + 4.9 * MINUTE), row(3, 'a', NOON + 9.7 * MINUTE)])).toBe(
      'day LEAD:1 2 3',
    );
  });
  it('begins anew after five minutes', () => {
    expect(draw([row(1, 'a', NOON), row(2, 'a', NOON + 5 * MINUTE)])).toBe('day LEAD:1 LEAD:2');
  });
  it('begins anew with another author', () => {
    expect(draw([row(1, 'a', NOON), row(2, 'b', NOON + 1), row(3, 'a', NOON + 2)])).toBe('day LEAD:1 LEAD:2 LEAD:3');
  });
  it('begins anew at midnight, and says the day', () => {
    const late = new Date(2026, 4, 4, 23, 59).getTime();
    expect(draw([row(1, 'a', late), row(2, 'a', late + 2 * MINUTE)])).toBe('day LEAD:1 day LEAD:2');
  });
  it('joins what is on its way, even if this clock is behind', () => {
    expect(draw([row(1, ME, NOON), row(null, ME, NOON - 3 * MINUTE)])).toBe('day LEAD:1 pending');
  });
});

describe('the divider', () => {
  const three = [row(5, 'a', NOON), row(6, ME, NOON + 1), row(7, 'a', NOON + 2)];

  it('stands before the first unread message and begins a group', () => {
    expect(draw([row(5, 'a', NOON), row(6, 'a', NOON + 1)], 5)).toBe('day LEAD:5 new LEAD:6');
  });
  it('passes one’s own messages', () => {
    expect(draw(three, 5)).toBe('day LEAD:5 LEAD:6 new LEAD:7');
  });
  it('is not there when only oneself wrote', () => {
    expect(draw([row(5, 'a', NOON), row(6, ME, NOON + 1), row(null, ME, NOON + 2)], 5)).toBe(
      'day LEAD:5 LEAD:6 pending',
    );
  });
  it('is not drawn where its place is not loaded', () => {
    expect(draw(three, 2, false)).toBe('day LEAD:5 LEAD:6 LEAD:7');
    expect(draw(three, 4, false)).toBe('day new LEAD:5 LEAD:6 LEAD:7');
  });
  it('comes after the day', () => {
    const next = NOON + 24 * 60 * MINUTE;
    expect(draw([row(5, 'a', NOON), row(6, 'a', next)], 5)).toBe('day LEAD:5 day new LEAD:6');
  });
});

it('keeps every row once, in order, whatever the times', () => {
  const step = fc.record({ from: fc.constantFrom(ME, 'a', 'b'), gap: fc.integer({ min: -400, max: 90_000_000 }) });
  fc.assert(
    fc.property(fc.array(step), fc.option(fc.nat(40)), (steps, divider) => {
      let time = NOON;
      const rows = steps.map(({ from, gap }, i) => row(i + 1, from, (time += gap)));
      const items = layOut({ rows, dividerAfter: divider, atStart: true, hasNewer: false }, ME);
      expect(items.flatMap((item) => (item.kind === 'message' ? [item.row] : []))).toEqual(rows);
      expect(items.filter((item) => item.kind === 'new').length).toBeLessThanOrEqual(1);
      expect(new Set(items.map((item) => item.key)).size).toBe(items.length);
      expect(rows.length === 0 || items[0]?.kind === 'day').toBe(true);
    }),
  );
});
