import 'fake-indexeddb/auto';
import { deleteDB, openDB } from 'idb';
import { afterEach, describe, expect, test, vi } from 'vitest';

import type { Channel } from '../protocol';
import { newId } from './id';
import { memoryStorage } from './memory';
import { openStorage, type Storage } from './storage';

const channel: Channel = {
  id: 'general',
  name: 'General',
  type: 'public',
  direct: false,
  topic: null,
  users: [],
  userCount: 2,
  unreadCount: 0,
  seq: 3,
  rev: 4,
  readUpTo: 3,
  lastMessageAt: 1,
  role: 'member',
};
const row = { clientId: 'a', channelId: 'general', content: 'x', tries: 0, createdAt: 1, refusal: null };

let users = 0;
const kinds: [string, () => Promise<Storage>][] = [
  ['indexed', () => openStorage(`storage-${++users}`)],
  ['memory', async () => memoryStorage()],
];

describe.each(kinds)('%s storage', (_kind, open) => {
  test('keeps the outbox in the order of writing', async () => {
    const storage = await open();
    const first = await storage.addToOutbox({ ...row, state: 'queued' });
    const second = await storage.addToOutbox({ ...row, clientId: 'b', state: 'queued' });
    const moved = await storage.moveToEnd(first);
    expect(await storage.outbox()).toStrictEqual([second, moved]);
  });

  test('a row that is gone is not brought back by a change', async () => {
    const storage = await open();
    const added = await storage.addToOutbox({ ...row, state: 'queued' });
    await storage.removeFromOutbox(added.position);
    expect(await storage.updateOutbox(added.position, { tries: 1 })).toBe(false);
    expect(await storage.outbox()).toStrictEqual([]);
  });

  test('forgets the cache without what was written', async () => {
    const storage = await open();
    await storage.addToOutbox({ ...row, state: 'queued' });
    await storage.save([channel], [{ channelId: 'general', cursor: 4, floor: 1, rows: [] }], []);
    await storage.saveDraft('general', { text: 'half a', place: '#general' }, '');
    await storage.saveEpoch('one');
    expect(await storage.channels()).toStrictEqual([channel]);
    expect(await storage.epoch()).toBe('one');

    await storage.clearCache();
    expect(await storage.channels()).toStrictEqual([]);
    expect(await storage.snapshots()).toStrictEqual([]);
    expect(await storage.epoch()).toBeNull();
    expect(await storage.outbox()).toHaveLength(1);
    expect(await storage.drafts()).toStrictEqual(new Map([['general', { text: 'half a', place: '#general' }]]));

    await storage.clear();
    expect(await storage.outbox()).toStrictEqual([]);
    expect(await storage.drafts()).toStrictEqual(new Map());
  });

  test('forgets a channel but not what one was writing there', async () => {
    const storage = await open();
    await storage.save([channel], [], []);
    await storage.saveDraft('general', { text: 'half a', place: '#general' }, '');
    await storage.removeChannel('general');
    expect(await storage.channels()).toStrictEqual([]);
    expect(await storage.drafts()).toStrictEqual(new Map([['general', { text: 'half a', place: '#general' }]]));
    await storage.saveDraft('general', { text: '', place: '#general' }, 'half a');
    expect(await storage.drafts()).toStrictEqual(new Map());
  });

  test('keeps a draft that another tab wrote unseen, in front of what is written now', async () => {
    const storage = await open();
    const place = '#general';
    const text = async () => (await storage.drafts()).get('general')?.text;
    await storage.saveDraft('general', { text: 'one', place }, '');
    expect(await storage.saveDraft('general', { text: 'two', place }, '')).toBe('one');
    expect(await text()).toBe('one\n\ntwo');
    expect(await storage.saveDraft('general', { text: 'one, seen', place }, 'one\n\ntwo')).toBe('');
    expect(await text()).toBe('one, seen');
    expect(await storage.saveDraft('general', { text: '', place }, 'two')).toBe('one, seen');
    expect(await text()).toBe('one, seen');
    expect(await storage.saveDraft('general', { text: 'at the door', place }, null)).toBe('');
    expect(await text()).toBe('at the door');
  });
});

describe('newId', () => {
  test('is a UUID version 7 that the server takes as a clientId', () => {
    expect(newId()).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  test('rises, whatever the clock does', () => {
    const start = Date.now() + 1_000;
    const ids = [start, start, start - 5_000, ...Array.from({ length: 5_000 }, () => start), start + 1].map(newId);
    expect(ids).toStrictEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('a draft that an older page left is still there', async () => {
  const old = await openDB('hearth:older', 1, {
    upgrade(fresh) {
      for (const store of ['outbox', 'channels', 'snapshots', 'drafts', 'facts']) fresh.createObjectStore(store);
    },
  });
  await old.put('drafts', 'half a thought', 'general');
  old.close();
  const storage = await openStorage('older');
  expect(storage.durable).toBe(true);
  expect(await storage.drafts()).toStrictEqual(new Map([['general', { text: 'half a thought', place: '' }]]));
});

test.each([1, 2])(
  'what an older page of version %i wrote is there, though that page is still open',
  async (version) => {
    const name = `hearth:held-${version}`;
    const held = await openDB(name, version, {
      upgrade(fresh) {
        fresh.createObjectStore('outbox', { keyPath: 'position', autoIncrement: true });
        fresh.createObjectStore('channels', { keyPath: 'id' });
        fresh.createObjectStore('snapshots', { keyPath: 'channelId' });
        fresh.createObjectStore('drafts');
        fresh.createObjectStore('facts');
      },
      blocking: () => held.close(),
    });
    const text = 'half a thought';
    await held.put('drafts', version === 1 ? text : { text, place: '#general' }, 'general');
    await held.add('outbox', { ...row, state: 'queued' });
    const storage = await openStorage(`held-${version}`);
    expect(storage.durable).toBe(true);
    expect((await storage.drafts()).get('general')?.text).toBe(text);
    expect(await storage.outbox()).toMatchObject([{ clientId: 'a', state: 'queued', position: 1 }]);
    const next = await storage.addToOutbox({ ...row, clientId: 'b', state: 'queued' });
    expect(next.position).toBe(2);
    await storage.save([channel], [], [{ id: 'ann', username: 'ann', displayName: 'Ann' }]);
    expect(await storage.people()).toHaveLength(1);
    storage.close();
  },
);

test('that is deleted under it is made anew, and gives no position twice', async () => {
  const storage = await openStorage('wiped');
  const first = await storage.addToOutbox({ ...row, state: 'queued' });
  const renewed = new Promise<void>((resolve) => storage.onRenewed(resolve));
  await deleteDB('hearth:wiped');
  await renewed;
  expect(await storage.outbox()).toStrictEqual([]);
  const second = await storage.addToOutbox({ ...row, clientId: 'b', state: 'queued' });
  await storage.restoreOutbox([first]);
  expect(await storage.outbox()).toStrictEqual([first, second]);
  storage.close();
});

test('that a newer client takes over is left alone', async () => {
  const storage = await openStorage('newer');
  const newer = await openDB('hearth:newer', 99);
  await expect(storage.outbox()).rejects.toThrow();
  await expect(storage.outbox()).rejects.toThrow();
  newer.close();
});

describe('without room', () => {
  afterEach(() => void vi.restoreAllMocks());

  /** As a disk that is full: it takes again what is written once something was cleared. */
  function fill(): { cleared: () => boolean } {
    let cleared = false;
    const { clear } = IDBObjectStore.prototype;
    vi.spyOn(IDBObjectStore.prototype, 'clear').mockImplementation(function empty(this: IDBObjectStore) {
      cleared = true;
      return clear.call(this);
    });
    for (const way of ['add', 'put'] as const) {
      const write = IDBObjectStore.prototype[way];
      vi.spyOn(IDBObjectStore.prototype, way).mockImplementation(function refuse(this: IDBObjectStore, ...given) {
        if (!cleared) throw new DOMException('full', 'QuotaExceededError');
        return write.apply(this, given);
      });
    }
    return { cleared: () => cleared };
  }

  test('the cache makes it for what a person wrote, and stays away', async () => {
    const storage = await openStorage('full');
    await storage.save([channel], [], []);
    const added = await storage.addToOutbox({ ...row, state: 'queued' });
    const disk = fill();
    await storage.saveDraft('general', { text: 'half a', place: '' }, '');
    expect(disk.cleared()).toBe(true);
    expect((await storage.drafts()).get('general')?.text).toBe('half a');
    expect(await storage.outbox()).toStrictEqual([added]);
    await storage.save([channel], [], []);
    expect(await storage.channels()).toStrictEqual([]);
  });

  test('the cache makes none for itself', async () => {
    const storage = await openStorage('full of others');
    const disk = fill();
    await expect(storage.save([channel], [], [])).rejects.toThrow('full');
    expect(disk.cleared()).toBe(false);
  });
});
