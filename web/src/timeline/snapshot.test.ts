import { expect, test } from 'vitest';

import { ServerChannel } from './server.fixture';
import { keptHead, restore, snapshotOf } from './snapshot';
import { emptyTimeline, needsSync, reduce, syncFrom } from './timeline';

function channel(messages: number): ServerChannel {
  const server = new ServerChannel();
  for (let made = 0; made < messages; made++) server.send();
  return server;
}

test('a snapshot holds the newest rows, and a sync from it misses nothing', () => {
  const server = channel(120);
  const open = reduce(emptyTimeline('channel', 'self', server.head, 0), server.older(121, 100));
  const snapshot = snapshotOf(open);
  expect(snapshot?.rows.map((row) => row.seq)).toStrictEqual(Array.from({ length: 50 }, (_, at) => 71 + at));

  server.edit(80);
  server.send();
  server.edit(3);
  const back = restore(snapshot ?? expect.fail(), 'self', keptHead(open), 0);
  const told = reduce(back, { type: 'head', head: server.head });
  expect(needsSync(told)).toBe(true);
  const synced = reduce(told, server.sync(syncFrom(told)));
  expect(synced.rows).toStrictEqual(server.current().slice(70));
});

test('a snapshot older than the record of its channel is synced from its own cursor', () => {
  const server = channel(10);
  const open = reduce(emptyTimeline('channel', 'self', server.head, 0), server.older(11, 100));
  const snapshot = snapshotOf(open) ?? expect.fail();
  server.send();
  const back = restore(snapshot, 'self', server.head, 0);
  expect(syncFrom(back)).toBe(10);
  expect(needsSync(back)).toBe(true);
});

test('a window that does not reach the end is not kept: an older snapshot still holds', () => {
  const server = channel(10);
  const open = reduce(emptyTimeline('channel', 'self', server.head, 0), server.older(11, 100));
  expect(snapshotOf(reduce(open, { type: 'trim', side: 'newest', keep: 3 }))).toBeNull();
});

test('what is kept of a channel that was never opened misses nothing that was told too early', () => {
  const server = channel(3);
  const idle = emptyTimeline('channel', 'self', server.head, 0);
  server.send();
  const early = server.edit(1);
  const told = reduce(idle, { type: 'message', message: early });

  const back = emptyTimeline('channel', 'self', keptHead(told), 0);
  const synced = reduce(back, server.sync(syncFrom(back)));
  expect(synced.rows.map((row) => row.seq)).toStrictEqual([4]);
});
