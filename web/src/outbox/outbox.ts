import { backoff } from '../net/backoff';
import type { Failure, Outcome } from '../net/outcome';
import { newId } from './id';
import { changed, saysTheSame, type OutboxRow } from './row';
import type { Storage } from './storage';

/** What the server says of a message that it stored. */
export interface Receipt {
  id: string;
  rev: number;
  createdAt: number;
}

export interface OutboxPorts {
  storage: Storage;
  /** Sends one message; never throws. */
  send(row: OutboxRow): Promise<Outcome<Receipt>>;
  /** The server stored a row as `said`; tells it what the row says since then, or that it was withdrawn. Never throws. */
  amend(row: OutboxRow, said: string, receipt: Receipt): Promise<Outcome>;
  /** Whether it makes sense to send now. */
  connected(): boolean;
  /** Runs `act` while no other tab runs one of that name. */
  exclusively(name: string, act: () => Promise<void>): Promise<void>;
  /** The rows are others than before, in the order of writing. */
  changed(rows: readonly OutboxRow[]): void;
  /** The storage is another than before: other tabs should read it. */
  saved(): void;
  /** The server stored a row, as it is. */
  sent(row: OutboxRow, receipt: Receipt): void;
}

/** Codes that will be the same however often one asks. Any other outcome leaves the message queued. */
const DEFINITE = new Set<Failure['code']>(['INVALID', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT']);
/** Codes that leave open whether the message was stored. */
const OPEN = new Set<Failure['code']>(['NETWORK', 'UNAVAILABLE', 'INTERNAL']);
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
  /** What the server is being told now. */
  readonly #sending = new Set<string>();
  readonly #draining = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #waits = new Map<string, ReturnType<typeof setTimeout>>();
  #storageQueue: Promise<void> = Promise.resolve();
  /** Done when a storage that is made anew has what was in the one before. */
  #restoring: Promise<void> = Promise.resolve();
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
    const isTaken = row.refusal?.code === 'CONFLICT';
    const fresh = isTaken ? { clientId: newId(), earlier: [] } : {};
    const again: OutboxRow = { ...row, ...fresh, position: UNWRITTEN, state: 'queued', tries: 0, refusal: null };
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

  /** Makes a message say something else. False if it does not wait here (any more): it is stored, or thrown away. */
  async change(clientId: string, content: string): Promise<boolean> {
    const row = this.#find(clientId);
    if (row === undefined || row.state !== 'queued') return false;
    return this.#replace(row, { content });
  }

  /** Takes a message back: it is gone, or is deleted where it stands once the server says where. False as in `change`. */
  async withdraw(clientId: string): Promise<boolean> {
    const row = this.#find(clientId);
    if (row === undefined) return false;
    const mayBeStored = row.state === 'queued' && (row.tries > 0 || this.#sending.has(clientId));
    return mayBeStored ? this.#replace(row, { withdrawn: true }) : this.#remove(row);
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
    this.#restoring = this.ports.storage.restoreOutbox(written).catch((error: unknown) => {
      // Lost once more, it is written again when there is the next one.
      if (error instanceof DOMException && error.name === 'QuotaExceededError') this.#loosen(written);
    });
    void this.#changesDone()
      .then(() => this.ports.saved())
      .then(() => this.kick());
    for (const row of this.#rows) if (this.#loose.has(row.clientId)) void this.#add(row);
  }

  /** There is no room for these: what is read next must not take them away. */
  #loosen(rows: readonly OutboxRow[]): void {
    const ids = new Set(rows.map((row) => row.clientId));
    this.#set(this.#rows.map((row) => (ids.has(row.clientId) ? { ...row, position: UNWRITTEN } : row)));
    for (const id of ids) if (this.#find(id) !== undefined) this.#loose.set(id, () => undefined);
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
  async #send(next: OutboxRow): Promise<boolean> {
    const row = await this.#written(next.clientId);
    if (row?.state !== 'queued') return true;
    this.#sending.add(row.clientId);
    const { outcome, said } = await this.#offer(row);
    const failure = outcome.ok ? await this.#settle(row, said, outcome.data) : outcome.failure;
    this.#sending.delete(row.clientId);
    if (this.#stopped) return false;
    if (failure === null) {
      this.#failures.delete(row.channelId);
      return true;
    }
    const { code, message } = failure;
    const refused = { state: 'failed', refusal: { code, message } } as const;
    if (DEFINITE.has(code)) {
      await this.#changesDone();
      // Nothing is left of it where it should be taken back.
      if (this.#find(row.clientId)?.withdrawn === true) await this.#remove(row);
      // Where it is the change that was refused, its clientId stands for what was stored before.
      else if (outcome.ok) await this.#replace(row, { ...refused, clientId: newId(), earlier: [] });
      else await this.#replace(row, refused);
      // There it stands as it was before, unless it is deleted.
      if (outcome.ok && code !== 'NOT_FOUND') this.ports.sent({ ...row, content: said }, outcome.data);
      return true;
    }
    if (OPEN.has(code)) await this.#replace(row, { tries: row.tries + 1 });
    this.#wait(row.channelId, failure);
    return false;
  }

  /** Offers a row as it is now. Where the server knows it with another text, it is one that it was sent with before. */
  async #offer(row: OutboxRow): Promise<{ outcome: Outcome<Receipt>; said: string }> {
    const earlier = [...(row.earlier ?? [])];
    for (let said = row.content; ;) {
      const outcome = await this.ports.send({ ...row, content: said });
      const before = earlier.shift();
      if (outcome.ok || outcome.failure.code !== 'CONFLICT' || before === undefined) return { outcome, said };
      said = before;
    }
  }

  /** The server has a row as `said`. What was made of it meanwhile is told as well; then it is done. Or why it is not. */
  async #settle(sent: OutboxRow, said: string, receipt: Receipt): Promise<Failure | null> {
    let isTold = false;
    for (let now = said; !this.#stopped;) {
      await this.#changesDone();
      // Thrown away: one sees that it was too late.
      const row = this.#find(sent.clientId) ?? sent;
      // Changed, and changed back: the server may have heard what it said between.
      const isBack = !isTold && row.earlier?.includes(row.content) === true;
      if (row.withdrawn === true || row.content !== now || isBack) {
        const outcome = await this.ports.amend(row, said, receipt);
        if (!outcome.ok) return outcome.failure;
        isTold = true;
        now = row.content;
      } else if (!isTold) {
        isTold = true;
        this.ports.sent(row, receipt);
      }
      if (await this.#remove(row, true)) return null;
    }
    return null;
  }

  /** A row once what it says is written down: only then may it be told. */
  async #written(clientId: string): Promise<OutboxRow | undefined> {
    for (;;) {
      const before = this.#find(clientId);
      await this.#changesDone();
      if (this.#find(clientId) === before) return before;
    }
  }

  /** Whoever is just changing a row is to hear that it was done, not that it is gone. */
  #changesDone(): Promise<void> {
    return this.#inStorage(async () => undefined);
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

  /**
   * Changes a row, here and where it is written down; false if it is gone from there, or if what it is to say cannot be
   * written down: the next page would tell the older text.
   */
  async #replace(row: OutboxRow, change: Partial<OutboxRow>): Promise<boolean> {
    const { clientId, position } = row;
    // Thrown away, or sent again since: then this comes too late to count.
    if (this.#find(clientId)?.position !== position) return false;
    const ids = new Set([clientId, change.clientId ?? clientId]);
    const apply = (): void => this.#set(this.#rows.map((one) => (ids.has(one.clientId) ? changed(one, change) : one)));
    apply();
    let isThere = true;
    await this.#inStorage(async () => {
      const now = this.#rows.find((one) => ids.has(one.clientId));
      const at = now?.position ?? UNWRITTEN;
      if (at === UNWRITTEN || (at !== position && position !== UNWRITTEN)) return void (isThere = now !== undefined);
      const isToSay = change.content !== undefined || change.withdrawn !== undefined;
      try {
        isThere = await this.ports.storage.updateOutbox(at, change);
      } catch {
        isThere = !isToSay;
        const { content, withdrawn, earlier } = row;
        if (isToSay) this.#set(this.#rows.map((one) => (one === now ? { ...one, content, withdrawn, earlier } : one)));
        return;
      }
      // What was read just before it brought back the row as it was.
      if (isThere) apply();
      // Another tab took it out meanwhile: it was stored after all, or thrown away.
      else this.#set(this.#rows.filter((one) => !ids.has(one.clientId)));
    });
    this.ports.saved();
    return isThere;
  }

  /** Takes a row out. With `unchanged` only if it is still that: false says that it was changed meanwhile. */
  async #remove(row: OutboxRow, unchanged = false): Promise<boolean> {
    const before = this.#find(row.clientId);
    if (unchanged && before !== undefined && !saysTheSame(before, row)) return false;
    this.#set(this.#rows.filter((one) => one !== before));
    // One that is just being written is removed when that is done.
    if (row.position === UNWRITTEN) {
      this.#letGo(row.clientId);
      return true;
    }
    this.#removing.add(row.clientId);
    let left: OutboxRow | null = null;
    await this.#inStorage(async () => {
      left = await this.ports.storage.removeFromOutbox(row.position, unchanged ? row : undefined);
    });
    this.#removing.delete(row.clientId);
    // In another tab.
    if (left !== null) this.#set([left, ...this.#rows]);
    else this.#letGo(row.clientId);
    this.ports.saved();
    return left === null;
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
    const turn = this.#storageQueue
      .then(() => this.#restoring)
      .then(act)
      .catch(() => undefined);
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
  return same && known.tries === row.tries && saysTheSame(known, row) ? known : row;
}
