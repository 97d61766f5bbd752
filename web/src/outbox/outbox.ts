import { backoff } from '../net/backoff';
import type { Failure } from '../net/outcome';
import { newId } from './id';
import type { OutboxRow, Storage } from './storage';

/** What the server says of a message that it stored. */
export interface Receipt {
  id: string;
  rev: number;
  createdAt: number;
}

export interface OutboxPorts {
  storage: Storage;
  /** Sends one message; never throws. */
  send(row: OutboxRow): Promise<{ ok: true; data: Receipt } | { ok: false; failure: Failure }>;
  /** Whether it makes sense to send now. */
  connected(): boolean;
  /** Runs `act` while no other tab runs one of that name. */
  exclusively(name: string, act: () => Promise<void>): Promise<void>;
  /** The rows are others than before, in the order of writing. */
  changed(rows: readonly OutboxRow[]): void;
  /** The storage is another than before: other tabs should read it. */
  saved(): void;
  /** The server stored a row. */
  sent(row: OutboxRow, receipt: Receipt): void;
}

/** Codes that will be the same however often one asks. Any other outcome leaves the message queued. */
const DEFINITE = new Set<Failure['code']>(['INVALID', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT']);
const WAIT = { base: 1_000, cap: 30_000 };
/** Not written down (yet, or at all: a browser that refuses). Sorts behind every position of a storage. */
const UNWRITTEN = Number.MAX_SAFE_INTEGER;

/**
 * What was written and is not stored by the server yet. A message is written down before it is sent, and sent in the
 * order of writing within its channel, again and again until there is an answer.
 */
export class Outbox {
  #rows: readonly OutboxRow[] = [];
  /** Rows being taken out of the storage, or replaced in it: a read meanwhile must not bring them back. */
  readonly #removing = new Set<string>();
  /** Rows that the storage would not take, and whom to tell when they are safe elsewhere, or gone. */
  readonly #loose = new Map<string, () => void>();
  readonly #draining = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #waits = new Map<string, ReturnType<typeof setTimeout>>();
  #storageQueue: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(private readonly ports: OutboxPorts) {}

  /** All messages that would be lost with this outbox, those that were refused too. */
  pendingCount(): number {
    return this.#rows.length;
  }

  /** Reads what is written down: at start, and when another tab changed it. */
  async load(): Promise<void> {
    await this.#reload();
    this.kick();
  }

  /**
   * Takes a message in for a channel called `place`. Resolves with its clientId when it is safe: written down, or, where
   * the storage does not take it, stored by the server or thrown away.
   */
  async add(channelId: string, content: string, place = ''): Promise<string> {
    const row: OutboxRow = {
      position: UNWRITTEN,
      clientId: newId(),
      channelId,
      place,
      content,
      state: 'queued',
      tries: 0,
      createdAt: Date.now(),
      refusal: null,
    };
    this.#set([...this.#rows, row]);
    await this.#add(row);
    return row.clientId;
  }

  /** Sends a refused message again, behind what was written since. */
  async retry(clientId: string): Promise<void> {
    const row = this.#find(clientId);
    if (row === undefined || row.state !== 'failed') return;
    // That clientId stands for another text on the server, and will for ever.
    const fresh = row.refusal?.code === 'CONFLICT' ? newId() : clientId;
    const again: OutboxRow = { ...row, clientId: fresh, position: UNWRITTEN, state: 'queued', tries: 0, refusal: null };
    this.#set([...this.#rows.filter((one) => one !== row), again]);
    this.#removing.add(clientId);
    const { storage } = this.ports;
    await this.#write(again, (next) =>
      (row.position === UNWRITTEN
        ? storage.addToOutbox(unplaced(next))
        : storage.moveToEnd({ ...next, position: row.position })
      ).finally(() => this.#removing.delete(clientId)),
    );
  }

  /** Throws a message away. One that is just being sent may be stored all the same. */
  async discard(clientId: string): Promise<void> {
    const row = this.#find(clientId);
    if (row !== undefined) await this.#remove(row);
  }

  /** Sends what can be sent. `fresh`: the connection is new, waiting for an older one makes no sense. */
  kick(fresh = false): void {
    if (fresh) {
      for (const timer of this.#waits.values()) clearTimeout(timer);
      this.#waits.clear();
      this.#failures.clear();
    }
    for (const channelId of new Set(this.#rows.map((row) => row.channelId))) void this.#drain(channelId);
  }

  /** The storage is a new one: writes down all that there is, before anything is read from it. */
  rewrite(): void {
    const written = this.#rows.filter((row) => row.position !== UNWRITTEN);
    const restored = this.ports.storage.restoreOutbox(written);
    void this.#inStorage(() => restored).then(() => this.ports.saved());
    for (const row of this.#rows) if (this.#loose.has(row.clientId)) void this.#add(row);
  }

  /** Ends all sending; what is written down stays. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#waits.values()) clearTimeout(timer);
  }

  async #drain(channelId: string): Promise<void> {
    const idle = !this.#draining.has(channelId) && !this.#waits.has(channelId);
    if (!idle || this.#next(channelId) === undefined) return;
    this.#draining.add(channelId);
    await this.ports.exclusively(channelId, async () => {
      await this.#reload();
      for (let row = this.#next(channelId); row !== undefined; row = this.#next(channelId)) {
        if (!(await this.#send(row))) break;
      }
    });
    this.#draining.delete(channelId);
    // What was written, or a connection that came, between the last look and now.
    void this.#drain(channelId);
  }

  /** The row to send now: the first that waits, if it is written down. */
  #next(channelId: string): OutboxRow | undefined {
    if (this.#stopped || !this.ports.connected()) return undefined;
    const first = this.#rows.find((row) => row.channelId === channelId && row.state === 'queued');
    return first !== undefined && (first.position !== UNWRITTEN || this.#loose.has(first.clientId)) ? first : undefined;
  }

  /** Sends one row; false if the channel has to wait. */
  async #send(row: OutboxRow): Promise<boolean> {
    const outcome = await this.ports.send(row);
    if (this.#stopped) return false;
    if (outcome.ok) {
      this.#failures.delete(row.channelId);
      this.ports.sent(row, outcome.data);
      await this.#remove(row);
      return true;
    }
    const { code, message } = outcome.failure;
    if (DEFINITE.has(code)) {
      await this.#replace({ ...row, state: 'failed', tries: row.tries + 1, refusal: { code, message } });
      return true;
    }
    await this.#replace({ ...row, tries: row.tries + 1 });
    this.#wait(row.channelId, outcome.failure);
    return false;
  }

  #wait(channelId: string, failure: Failure): void {
    if (this.#stopped || !this.ports.connected()) return;
    const failures = (this.#failures.get(channelId) ?? 0) + 1;
    this.#failures.set(channelId, failures);
    const pause = Math.max(failure.retryAfterMs ?? 0, backoff(WAIT, failures));
    const again = (): void => {
      this.#waits.delete(channelId);
      void this.#drain(channelId);
    };
    this.#waits.set(channelId, setTimeout(again, pause));
  }

  #add(row: OutboxRow): Promise<void> {
    return this.#write(row, (next) => this.ports.storage.addToOutbox(unplaced(next)));
  }

  /** Writes a row that is shown already, then sends it. */
  async #write(row: OutboxRow, save: (row: OutboxRow) => Promise<OutboxRow | null>): Promise<void> {
    let safe: Promise<void> | undefined;
    await this.#inStorage(async () => {
      try {
        const saved = await save(row);
        this.#letGo(row.clientId);
        // Another tab was quicker: it sends the message again, or threw it away.
        if (saved === null) this.#set(this.#rows.filter((one) => one.clientId !== row.clientId));
        else if (this.#find(row.clientId) === undefined) await this.ports.storage.removeFromOutbox(saved.position);
        else
          this.#set(
            this.#rows.map((one) => (one.clientId === row.clientId ? { ...one, position: saved.position } : one)),
          );
      } catch {
        const before = this.#loose.get(row.clientId);
        safe = new Promise((resolve) => {
          this.#loose.set(row.clientId, () => {
            before?.();
            resolve();
          });
        });
      }
    });
    if (this.#find(row.clientId) === undefined) await this.#reload();
    this.ports.saved();
    void this.#drain(row.channelId);
    await safe;
  }

  async #replace(row: OutboxRow): Promise<void> {
    // Thrown away, or sent again since: then this answer comes too late to count.
    if (this.#find(row.clientId)?.position !== row.position) return;
    this.#set(this.#rows.map((one) => (one.clientId === row.clientId ? row : one)));
    await this.#inStorage(async () => {
      // Another tab took it out meanwhile: it was stored after all, or thrown away.
      const isThere = row.position === UNWRITTEN || (await this.ports.storage.updateOutbox(row));
      if (!isThere) this.#set(this.#rows.filter((one) => one.clientId !== row.clientId));
    });
    this.ports.saved();
  }

  async #remove(row: OutboxRow): Promise<void> {
    this.#set(this.#rows.filter((one) => one.clientId !== row.clientId));
    this.#letGo(row.clientId);
    // One that is just being written is removed when that is done.
    if (row.position === UNWRITTEN) return;
    this.#removing.add(row.clientId);
    await this.#inStorage(() => this.ports.storage.removeFromOutbox(row.position));
    this.#removing.delete(row.clientId);
    this.ports.saved();
  }

  async #reload(): Promise<void> {
    await this.#inStorage(async () => {
      const stored = await this.ports.storage.outbox();
      const known = new Map(this.#rows.map((row) => [row.clientId, row]));
      const unwritten = this.#rows.filter((row) => row.position === UNWRITTEN);
      // What is to be written takes the place of what is there.
      const newer = new Set(unwritten.map((row) => row.clientId));
      const written = stored.filter((row) => !this.#removing.has(row.clientId) && !newer.has(row.clientId));
      // Rows that did not change stay the same objects, and with them what is shown of them.
      this.#set([...written.map((row) => sameOr(known.get(row.clientId), row)), ...unwritten]);
    });
  }

  /** One after the other, so that what is read is never older than what was written. */
  #inStorage(act: () => Promise<void>): Promise<void> {
    const turn = this.#storageQueue.then(act).catch(() => undefined);
    this.#storageQueue = turn;
    return turn;
  }

  #letGo(clientId: string): void {
    this.#loose.get(clientId)?.();
    this.#loose.delete(clientId);
  }

  #find(clientId: string): OutboxRow | undefined {
    return this.#rows.find((row) => row.clientId === clientId);
  }

  #set(rows: readonly OutboxRow[]): void {
    if (rows.length === this.#rows.length && rows.every((row, index) => row === this.#rows[index])) return;
    this.#rows = rows;
    this.ports.changed(rows);
  }
}

function unplaced({ position: _, ...row }: OutboxRow): Omit<OutboxRow, 'position'> {
  return row;
}

function sameOr(known: OutboxRow | undefined, row: OutboxRow): OutboxRow {
  const same = known !== undefined && known.position === row.position && known.state === row.state;
  return same && known.tries === row.tries ? known : row;
}
