import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type StoreNames } from 'idb';

import type { Channel, Profile } from '../protocol';
import type { Snapshot } from '../timeline/snapshot';
import { joined, unseen, type Draft } from './draft';
import type { OutboxRow, Storage } from './storage';

interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxRow };
  channels: { key: string; value: Channel };
  snapshots: { key: string; value: Snapshot };
  people: { key: string; value: Profile };
  drafts: { key: string; value: Draft };
  facts: { key: string; value: string };
}

const VERSION = 3;

/** What the server can tell again. */
const CACHE = ['channels', 'snapshots', 'people', 'facts'] as const;

type Database = IDBPDatabase<Schema>;

/** Opens or makes the database of that name. Rejects where there is none to be had. */
export async function openIndexed(name: string): Promise<Storage> {
  const database: Database = await openDB<Schema>(name, VERSION, {
    async upgrade(fresh, version, _, change) {
      fresh.createObjectStore('people', { keyPath: 'id' });
      if (version === 1) await namePlaces(change.objectStore('drafts'));
      if (version > 0) return;
      fresh.createObjectStore('outbox', { keyPath: 'position', autoIncrement: true });
      fresh.createObjectStore('channels', { keyPath: 'id' });
      fresh.createObjectStore('snapshots', { keyPath: 'channelId' });
      fresh.createObjectStore('drafts');
      fresh.createObjectStore('facts');
    },
    // A tab with a newer client wants to change the database: this one goes on without it until it is reloaded.
    blocking: () => database.close(),
  });
  return indexedStorage(database);
}

function indexedStorage(database: Database): Storage {
  return {
    durable: true,
    outbox: () => database.getAll('outbox'),
    addToOutbox: async (row) => add(database, row),
    async updateOutbox(row) {
      const change = database.transaction('outbox', 'readwrite');
      const isThere = (await change.store.getKey(row.position)) !== undefined;
      if (isThere) await change.store.put(row);
      await change.done;
      return isThere;
    },
    async moveToEnd({ position, ...row }) {
      const change = database.transaction('outbox', 'readwrite');
      if ((await change.store.getKey(position)) === undefined) return null;
      await change.store.delete(position);
      const moved = await change.store.add(row as OutboxRow);
      await change.done;
      return { ...row, position: moved };
    },
    removeFromOutbox: (position) => database.delete('outbox', position),
    channels: () => database.getAll('channels'),
    async save(channels, snapshots, people) {
      // All of it is begun before anything is waited for, so that it still happens while the page is being left.
      const change = database.transaction(['channels', 'snapshots', 'people'], 'readwrite');
      const puts = [
        ...channels.map((channel) => change.objectStore('channels').put(channel)),
        ...snapshots.map((snapshot) => change.objectStore('snapshots').put(snapshot)),
        ...people.map((person) => change.objectStore('people').put(person)),
      ];
      change.commit();
      await Promise.all([...puts, change.done]);
    },
    async removeChannel(channelId) {
      const change = database.transaction(['channels', 'snapshots'], 'readwrite');
      await Promise.all([
        change.objectStore('channels').delete(channelId),
        change.objectStore('snapshots').delete(channelId),
        change.done,
      ]);
    },
    snapshots: () => database.getAll('snapshots'),
    people: () => database.getAll('people'),
    async removePeople(userIds) {
      const change = database.transaction('people', 'readwrite');
      await Promise.all([...userIds.map((userId) => change.store.delete(userId)), change.done]);
    },
    async drafts() {
      const read = database.transaction('drafts');
      const [keys, drafts] = await Promise.all([read.store.getAllKeys(), read.store.getAll()]);
      return new Map(keys.flatMap((channelId, index) => (drafts[index] ? [[channelId, drafts[index]]] : [])));
    },
    async saveDraft(channelId, draft, known) {
      const change = database.transaction('drafts', 'readwrite');
      const other = known === null ? '' : unseen((await change.store.get(channelId))?.text ?? '', known, draft.text);
      const text = joined(other, draft.text);
      const written = text === '' ? change.store.delete(channelId) : change.store.put({ ...draft, text }, channelId);
      change.commit();
      await Promise.all([written, change.done]);
      return other;
    },
    epoch: async () => (await database.get('facts', 'epoch')) ?? null,
    async saveEpoch(epoch) {
      await database.put('facts', epoch, 'epoch');
    },
    clearCache: () => clear(database, CACHE),
    clear: () => clear(database, [...CACHE, 'outbox', 'drafts']),
    close: () => database.close(),
  };
}

/** Version 1 kept the texts alone. */
async function namePlaces(
  drafts: IDBPObjectStore<Schema, StoreNames<Schema>[], 'drafts', 'versionchange'>,
): Promise<void> {
  for (let at = await drafts.openCursor(); at !== null; at = await at.continue()) {
    await at.update({ text: String(at.value), place: '' });
  }
}

async function add(database: Database, row: Omit<OutboxRow, 'position'>): Promise<OutboxRow> {
  // The message must outlive a crash of the machine, not only of the tab.
  const change = database.transaction('outbox', 'readwrite', { durability: 'strict' });
  const position = await change.store.add(row as OutboxRow);
  await change.done;
  return { ...row, position };
}

async function clear(database: Database, stores: readonly StoreNames<Schema>[]): Promise<void> {
  const change = database.transaction(stores, 'readwrite');
  await Promise.all([...stores.map((store) => change.objectStore(store).clear()), change.done]);
}
