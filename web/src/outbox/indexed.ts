import type { StoreNames } from 'idb';

import { Connection, type Database, type Schema } from './connection';
import { joined, unseen } from './draft';
import { changed, saysTheSame, type OutboxRow } from './row';
import type { Storage } from './storage';

/** What the server can tell again. */
const CACHE = ['channels', 'snapshots', 'people', 'facts'] as const;

/** Opens or makes the database of that name. Rejects where there is none to be had. */
export async function openIndexed(name: string): Promise<Storage> {
  return indexedStorage(await Connection.open(name));
}

function indexedStorage(connection: Connection): Storage {
  /** There was no room for what a person wrote: the cache had to go, and does not come back before the next page. */
  let full = false;

  /** Writes what nobody can tell again. */
  async function precious<Result>(write: () => Promise<Result>): Promise<Result> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'QuotaExceededError') throw error;
      full = true;
      await clear(connection.now, CACHE);
      return write();
    }
  }

  return {
    durable: true,
    onRenewed(act) {
      connection.renewed = act;
    },
    outbox: async () => connection.now.getAll('outbox'),
    addToOutbox: (row) => precious(() => add(connection.now, row)),
    restoreOutbox: (rows) =>
      precious(async () => {
        const change = connection.now.transaction('outbox', 'readwrite', { durability: 'strict' });
        await all(change.done, ...rows.map((row) => change.store.put(row)));
      }),
    updateOutbox: (position, wanted) =>
      precious(async () => {
        const change = connection.now.transaction('outbox', 'readwrite');
        const row = await change.store.get(position);
        await all(change.done, row !== undefined && change.store.put(changed(row, wanted)));
        return row !== undefined;
      }),
    moveToEnd: ({ position, ...row }) =>
      precious(async () => {
        const change = connection.now.transaction('outbox', 'readwrite');
        if ((await change.store.getKey(position)) === undefined) return null;
        const moved = change.store.add(row as OutboxRow);
        await all(change.done, moved, change.store.delete(position));
        return { ...row, position: await moved };
      }),
    async removeFromOutbox(position, said) {
      const change = connection.now.transaction('outbox', 'readwrite');
      const row = said && (await change.store.get(position));
      const isOther = row !== undefined && said !== undefined && !saysTheSame(row, said);
      await all(change.done, !isOther && change.store.delete(position));
      return isOther ? row : null;
    },
    channels: async () => connection.now.getAll('channels'),
    async save(channels, snapshots, people) {
      if (full) return;
      // All of it is begun before anything is waited for, so that it still happens while the page is being left.
      const change = connection.now.transaction(['channels', 'snapshots', 'people'], 'readwrite');
      const puts = [
        ...channels.map((channel) => change.objectStore('channels').put(channel)),
        ...snapshots.map((snapshot) => change.objectStore('snapshots').put(snapshot)),
        ...people.map((person) => change.objectStore('people').put(person)),
      ];
      change.commit();
      await all(change.done, ...puts);
    },
    async removeChannel(channelId) {
      const change = connection.now.transaction(['channels', 'snapshots'], 'readwrite');
      const [channels, snapshots] = [change.objectStore('channels'), change.objectStore('snapshots')];
      await all(change.done, channels.delete(channelId), snapshots.delete(channelId));
    },
    snapshots: async () => connection.now.getAll('snapshots'),
    people: async () => connection.now.getAll('people'),
    async removePeople(userIds) {
      const change = connection.now.transaction('people', 'readwrite');
      await all(change.done, ...userIds.map((userId) => change.store.delete(userId)));
    },
    async drafts() {
      const read = connection.now.transaction('drafts');
      const [keys, drafts] = await Promise.all([read.store.getAllKeys(), read.store.getAll()]);
      return new Map(keys.flatMap((channelId, index) => (drafts[index] ? [[channelId, drafts[index]]] : [])));
    },
    saveDraft: (channelId, draft, known) =>
      precious(async () => {
        const change = connection.now.transaction('drafts', 'readwrite');
        const other = known === null ? '' : unseen((await change.store.get(channelId))?.text ?? '', known, draft.text);
        const text = joined(other, draft.text);
        const written = text === '' ? change.store.delete(channelId) : change.store.put({ ...draft, text }, channelId);
        change.commit();
        await all(change.done, written);
        return other;
      }),
    epoch: async () => (await connection.now.get('facts', 'epoch')) ?? null,
    async saveEpoch(epoch) {
      await connection.now.put('facts', epoch, 'epoch');
    },
    clearCache: async () => clear(connection.now, CACHE),
    clear: async () => clear(connection.now, [...CACHE, 'outbox', 'drafts']),
    close: () => connection.close(),
  };
}

async function add(database: Database, row: Omit<OutboxRow, 'position'>): Promise<OutboxRow> {
  // The message must outlive a crash of the machine, not only of the tab.
  const change = database.transaction('outbox', 'readwrite', { durability: 'strict' });
  const position = change.store.add(row as OutboxRow);
  await all(change.done, position);
  return { ...row, position: await position };
}

async function clear(database: Database, stores: readonly StoreNames<Schema>[]): Promise<void> {
  const change = database.transaction(stores, 'readwrite');
  await all(change.done, ...stores.map((store) => change.objectStore(store).clear()));
}

/** Waits for a transaction. Only its own end says why it failed; of each request in it, only that it did. */
async function all(done: Promise<void>, ...requests: readonly (Promise<unknown> | false)[]): Promise<void> {
  await Promise.allSettled([done, ...requests]);
  await done;
}
