import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type StoreNames } from 'idb';

import { backoff } from '../net/backoff';
import type { Channel, Profile } from '../protocol';
import type { Snapshot } from '../timeline/snapshot';
import type { Draft } from './draft';
import type { OutboxRow } from './row';

export interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxRow };
  channels: { key: string; value: Channel };
  snapshots: { key: string; value: Snapshot };
  people: { key: string; value: Profile };
  drafts: { key: string; value: Draft };
  facts: { key: string; value: string };
}

export type Database = IDBPDatabase<Schema>;

const VERSION = 3;
/** While a browser clears what a site keeps it opens nothing for it. */
const WAIT = { base: 100, cap: 30_000 };

/** A connection to a database, made again when the browser ends it: its data were cleared, or the database deleted. */
export class Connection {
  #database: Database | null = null;
  #closed = false;
  /** There is a database again, an empty one as a rule. Nothing was read from it yet. */
  renewed: () => void = () => undefined;

  private constructor(private readonly name: string) {}

  /** Opens or makes the database of that name. Rejects where there is none to be had. */
  static async open(name: string): Promise<Connection> {
    const connection = new Connection(name);
    connection.#database = await connection.#open();
    return connection;
  }

  /** The database. Throws while there is none. */
  get now(): Database {
    if (this.#database !== null) return this.#database;
    throw new DOMException('the database was closed', 'InvalidStateError');
  }

  close(): void {
    this.#closed = true;
    this.#database?.close();
  }

  #open(): Promise<Database> {
    return openDB<Schema>(this.name, VERSION, {
      upgrade: (fresh, version, _, change) => upgrade(fresh, version, change.objectStore.bind(change)),
      // It is to be deleted. Or a newer client changes it: then this page goes on without it until it is reloaded.
      blocking: () => {
        this.#database?.close();
        this.#lose();
      },
      terminated: () => this.#lose(),
    });
  }

  #lose(): void {
    if (this.#database === null) return;
    this.#database = null;
    void this.#renew(1);
  }

  async #renew(tries: number): Promise<void> {
    if (this.#closed) return;
    try {
      const database = await this.#open();
      // Somebody signed out meanwhile.
      if (this.#closed) return database.close();
      this.#database = database;
      this.renewed();
    } catch (error) {
      const isNewer = error instanceof DOMException && error.name === 'VersionError';
      if (!isNewer) setTimeout(() => void this.#renew(tries + 1), backoff(WAIT, tries));
    }
  }
}

type Drafts = IDBPObjectStore<Schema, StoreNames<Schema>[], 'drafts', 'versionchange'>;

async function upgrade(fresh: Database, version: number, store: (name: 'drafts') => Drafts): Promise<void> {
  fresh.createObjectStore('people', { keyPath: 'id' });
  if (version === 1) await namePlaces(store('drafts'));
  if (version > 0) return;
  const outbox = fresh.createObjectStore('outbox', { keyPath: 'position', autoIncrement: true });
  fresh.createObjectStore('channels', { keyPath: 'id' });
  fresh.createObjectStore('snapshots', { keyPath: 'channelId' });
  fresh.createObjectStore('drafts');
  fresh.createObjectStore('facts');
  // A page may still hold positions of a database that was here before: they are not given again.
  const first = Date.now();
  await outbox.put({ position: first } as OutboxRow);
  await outbox.delete(first);
}

/** Version 1 kept the texts alone. */
async function namePlaces(drafts: Drafts): Promise<void> {
  for (let at = await drafts.openCursor(); at !== null; at = await at.continue()) {
    await at.update({ text: String(at.value), place: '' });
  }
}
