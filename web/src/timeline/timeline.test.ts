import { describe, expect, test } from 'vitest';

import { ServerChannel } from './server.fixture';
import { rowsOf } from './shown';
import type { Stored, Unsent } from './stored';
import { emptyTimeline, needsSync, reduce, syncFrom, type Action, type Timeline } from './timeline';

/** A client that holds everything of a channel with that many messages. */
function whole(messages: number): { server: ServerChannel; timeline: Timeline } {
  const server = new ServerChannel();
  for (let made = 0; made < messages; made++) server.send();
  const empty = emptyTimeline('channel', 'self', server.head, 0);
  return { server, timeline: reduce(empty, server.older(server.head.seq + 1, 100)) };
}

function all(timeline: Timeline, ...actions: Action[]): Timeline {
  return actions.reduce(reduce, timeline);
}

function event(message: Stored): Action {
  return { type: 'message', message };
}

function pending(clientId: string): Unsent {
  return { clientId, content: 'hello', createdAt: 5, refusal: null };
}

describe('cursor', () => {
  test('the next change advances it', () => {
    const { server, timeline } = whole(3);
    const next = reduce(timeline, event(server.send()));
    expect(next.cursor).toBe(4);
    expect(needsSync(next)).toBe(false);
  });

  test('a change that comes too early is shown, and leaves the cursor where it was', () => {
    const { server, timeline } = whole(3);
    const lost = server.send();
    const next = reduce(timeline, event(server.send()));
    expect(next.rows.map((row) => row.seq)).toStrictEqual([1, 2, 3, 5]);
    expect(syncFrom(next)).toBe(3);
    expect(needsSync(next)).toBe(true);

    const repaired = reduce(next, event(lost));
    expect(repaired.cursor).toBe(5);
    expect(needsSync(repaired)).toBe(false);
  });

  test('a lost last event shows in the heads', () => {
    const { server, timeline } = whole(3);
    server.send();
    expect(needsSync(reduce(timeline, { type: 'head', head: server.head }))).toBe(true);
  });

  test('an old version of a row never replaces a newer one', () => {
    const { server, timeline } = whole(1);
    const first = server.edit(1);
    const second = server.edit(1);
    const next = all(timeline, event(second), event(first));
    expect(next.rows).toStrictEqual([second]);
    expect(next.cursor).toBe(3);
  });

  test('a page that was read before the cursor is synced from where it was read', () => {
    const { server, timeline } = whole(10);
    const trimmed = reduce(timeline, { type: 'trim', side: 'oldest', keep: 2 });
    const page = server.older(trimmed.floor, 100);
    const edited = server.edit(1);
    const next = all(trimmed, event(edited), page);
    expect(next.cursor).toBe(11);
    expect(syncFrom(next)).toBe(10);

    const synced = reduce(next, server.sync(syncFrom(next)));
    expect(synced.rows).toStrictEqual(server.current());
    expect(needsSync(synced)).toBe(false);
  });

  test.each(['oldest', 'newest'] as const)(
    'what was remembered of a row counts no more once it is trimmed: %s',
    (side) => {
      const { server, timeline } = whole(4);
      const seq = side === 'oldest' ? 1 : 4;
      const window = reduce(timeline, { type: 'trim', side, keep: 2 });
      const late = side === 'oldest' ? server.older(window.floor, 9) : server.newer(window.ceiling ?? 0, 9);
      const lost = server.edit(2);
      const early = server.edit(seq);

      const next = all(timeline, event(early), { type: 'trim', side, keep: 2 }, late, event(lost));
      expect(needsSync(next)).toBe(true);
      expect(reduce(next, server.sync(syncFrom(next))).rows).toStrictEqual(server.current());
    },
  );

  test('what was remembered of a row counts no more once the window went elsewhere', () => {
    const { server, timeline } = whole(4);
    const window = reduce(timeline, { type: 'trim', side: 'oldest', keep: 2 });
    const late = server.newer(0, 9);
    const lost = server.edit(1);
    const early = server.edit(3);
    const next = all(window, event(early), { type: 'to', seq: 0 }, late, event(lost));
    expect(needsSync(next)).toBe(true);
    expect(reduce(next, server.sync(syncFrom(next))).rows).toStrictEqual(server.current());
  });

  test('an answer from beyond the cursor does not advance it', () => {
    const { server, timeline } = whole(4);
    server.send();
    const answer = server.sync(4);
    const behind = { ...timeline, cursor: 2 };
    expect(reduce(behind, answer).cursor).toBe(2);
  });
});

describe('truncated', () => {
  test('leaves an empty window at the end, to which the newest page is loaded', () => {
    const { server, timeline } = whole(3);
    for (let missed = 0; missed < 301; missed++) server.send();
    const reset = reduce(timeline, server.sync(3));
    expect(reset.rows).toStrictEqual([]);
    expect(reset.floor).toBe(305);
    expect(needsSync(reset)).toBe(false);

    const loaded = reduce(reset, server.older(reset.floor, 50));
    expect(loaded.rows.map((row) => row.seq)).toStrictEqual(Array.from({ length: 50 }, (_, at) => 255 + at));
  });

  test('a server that went back to a backup takes the cursor and the mark back with it', () => {
    const { timeline } = whole(9);
    const read = reduce(timeline, { type: 'read', upTo: 9 });
    const backup = whole(4).server;
    const reset = reduce(read, backup.sync(9));
    expect(reset).toMatchObject({ cursor: 4, floor: 5, readUpTo: 4, head: { seq: 4, rev: 4 } });

    const next = reduce(reset, event(backup.send()));
    expect(next.rows.map((row) => row.seq)).toStrictEqual([5]);
    expect(needsSync(next)).toBe(false);
  });

  test('an answer that is too late to matter throws nothing away', () => {
    const { server, timeline } = whole(3);
    for (let missed = 0; missed < 301; missed++) server.send();
    const late = server.sync(3);
    const current = all(timeline, late, server.older(305, 50), event(server.send()));
    expect(reduce(current, late).rows).toHaveLength(51);
  });
});

describe('window', () => {
  test('holds back what is behind its end, and shows it once that is loaded', () => {
    const { server, timeline } = whole(10);
    const up = reduce(timeline, { type: 'trim', side: 'newest', keep: 4 });
    const next = reduce(up, event(server.send()));
    expect(next.rows).toHaveLength(4);
    expect(next.head.seq).toBe(11);
    expect(needsSync(next)).toBe(false);

    const loaded = reduce(next, server.newer(4, 50));
    expect(loaded.ceiling).toBeNull();
    expect(loaded.rows).toStrictEqual(server.current());
  });

  test('a page of a window that was left is not taken for a part of this one', () => {
    const { server, timeline } = whole(20);
    const late = server.older(6, 3);
    const elsewhere = all(timeline, { type: 'trim', side: 'oldest', keep: 2 }, late);
    expect(elsewhere.rows.map((row) => row.seq)).toStrictEqual([19, 20]);
    expect(elsewhere.floor).toBe(19);
  });

  test('opens in the middle and grows both ways', () => {
    const { server, timeline } = whole(100);
    const end = all(timeline, { type: 'trim', side: 'oldest', keep: 5 }, { type: 'to', seq: 40 });
    expect(end).toMatchObject({ rows: [], floor: 41, ceiling: 40 });
    const both = all(end, server.newer(40, 10), server.older(41, 10));
    expect(both.rows.map((row) => row.seq)).toStrictEqual(Array.from({ length: 20 }, (_, at) => 31 + at));
  });
});

describe('own messages', () => {
  test('a pending row keeps its key when it is stored, and is shown once', () => {
    const { server, timeline } = whole(1);
    const waiting = reduce(timeline, { type: 'unsent', unsent: [pending('a'), pending('b')] });
    const stored = server.send('self', 'a');
    const next = all(waiting, event(stored), event(stored));
    expect(rowsOf(waiting).map((row) => [row.key, row.state])).toStrictEqual([
      ['s:1', 'sent'],
      ['c:a', 'pending'],
      ['c:b', 'pending'],
    ]);
    expect(rowsOf(next).map((row) => [row.key, row.state])).toStrictEqual([
      ['s:1', 'sent'],
      ['c:a', 'sent'],
      ['c:b', 'pending'],
    ]);
  });

  test('one whose answer was lost is not pending any more when a sync brings it', () => {
    const { server, timeline } = whole(1);
    const waiting = reduce(timeline, { type: 'unsent', unsent: [pending('a')] });
    server.send('self', 'a');
    const next = reduce(waiting, server.sync(1));
    expect(next.unsent).toStrictEqual([]);
    // A tab that read the outbox before the answer came says again that it is unsent.
    expect(reduce(next, { type: 'unsent', unsent: [pending('a')] }).unsent).toStrictEqual([]);
  });

  test("somebody else's clientId takes nothing off the list", () => {
    const { server, timeline } = whole(1);
    const waiting = reduce(timeline, { type: 'unsent', unsent: [pending('a')] });
    const next = reduce(waiting, event(server.send('other', 'a')));
    expect(rowsOf(next).map((row) => row.key)).toStrictEqual(['s:1', 's:2', 'c:a']);
  });

  test('are not unread, nor is what stands above them', () => {
    const { server, timeline } = whole(2);
    expect(timeline.readUpTo).toBe(0);
    expect(reduce(timeline, event(server.send('self', 'a'))).readUpTo).toBe(3);
  });

  test('rows that did not change stay the same objects', () => {
    const { server, timeline } = whole(3);
    const before = rowsOf(timeline);
    const after = rowsOf(reduce(timeline, event(server.edit(2))));
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after[2]).toBe(before[2]);
  });
});

describe('read mark', () => {
  test('only rises, and not beyond the head', () => {
    const { timeline } = whole(3);
    const read = all(timeline, { type: 'read', upTo: 9 }, { type: 'read', upTo: 1 });
    expect(read.readUpTo).toBe(3);
  });
});
