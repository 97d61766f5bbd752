import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { done, failed, type Failure, type Outcome } from '../net/outcome';
import { memoryStorage } from './memory';
import { Outbox, type OutboxPorts, type Receipt } from './outbox';
import type { OutboxRow } from './row';
import { openStorage, type Storage } from './storage';

/** A server that stores each clientId once, and does what it is told. */
class FakeServer {
  readonly stored: OutboxRow[] = [];
  readonly asked: string[] = [];
  connected = true;
  /** What became of what is stored, by clientId; null: deleted. */
  readonly amended = new Map<string, string | null>();
  /** What it answers next, before it behaves. */
  readonly answers: ((row: OutboxRow) => Promise<Outcome<Receipt>>)[] = [];

  async send(row: OutboxRow): Promise<Outcome<Receipt>> {
    this.asked.push(row.content);
    return this.answers.shift()?.(row) ?? this.store(row);
  }

  store(row: OutboxRow): Outcome<Receipt> {
    const isTaken = this.stored.some((one) => one.clientId === row.clientId && one.content !== row.content);
    if (isTaken) return failed({ code: 'CONFLICT', message: '', fields: {}, retryAfterMs: null });
    if (!this.stored.some((one) => one.clientId === row.clientId)) this.stored.push(row);
    const at = this.stored.findIndex((one) => one.clientId === row.clientId) + 1;
    return done({ id: String(at), rev: at, createdAt: at });
  }

  async amend(row: OutboxRow): Promise<Outcome> {
    this.amended.set(row.clientId, row.withdrawn === true ? null : row.content);
    return done(undefined);
  }

  get contents(): string[] {
    return this.stored.map((row) => row.content);
  }
}

interface Tab {
  outbox: Outbox;
  rows: () => readonly OutboxRow[];
}

let server: FakeServer;
let storage: Storage;
let tabs: Tab[] = [];
let user = 0;

function openTab(on: Storage = storage, change: Partial<OutboxPorts> = {}): Tab {
  let rows: readonly OutboxRow[] = [];
  const outbox = new Outbox({
    storage: on,
    send: (row) => server.send(row),
    amend: (row) => server.amend(row),
    connected: () => server.connected,
    exclusively: (_name, act) => act(),
    changed: (next) => {
      rows = next;
    },
    saved: () => undefined,
    sent: () => undefined,
    ...change,
  });
  const tab = { outbox, rows: () => rows };
  tabs.push(tab);
  return tab;
}

function refuse(code: Failure['code'], retryAfterMs: number | null = null): () => Promise<Outcome<Receipt>> {
  return async () => failed({ code, message: `it is ${code}`, fields: {}, retryAfterMs });
}

beforeEach(async () => {
  server = new FakeServer();
  user += 1;
  storage = await openStorage(`user-${user}`);
});

afterEach(() => {
  for (const tab of tabs) tab.outbox.stop();
  tabs = [];
  vi.useRealTimers();
});

describe('sending', () => {
  test('a message is written down before it is sent', async () => {
    const writtenWhenSent: number[] = [];
    const { outbox } = openTab(storage, {
      send: async (row) => {
        writtenWhenSent.push((await storage.outbox()).length);
        return server.store(row);
      },
    });
    await outbox.add('general', 'hello');
    await vi.waitFor(() => expect(outbox.pendingCount()).toBe(0));
    expect(writtenWhenSent).toStrictEqual([1]);
    await vi.waitFor(async () => expect(await storage.outbox()).toStrictEqual([]));
  });

  test('a channel is sent in the order of writing, one at a time', async () => {
    let underway = 0;
    let most = 0;
    const { outbox } = openTab(storage, {
      send: async (row) => {
        most = Math.max(most, ++underway);
        await new Promise((resolve) => setTimeout(resolve));
        underway -= 1;
        return server.store(row);
      },
    });
    await Promise.all(['1', '2', '3', '4'].map((content) => outbox.add('general', content)));
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['1', '2', '3', '4']));
    expect(most).toBe(1);
  });

  test('one channel does not wait for another', async () => {
    const never = new Promise<Outcome<Receipt>>(() => undefined);
    server.answers.push(() => never);
    const { outbox } = openTab();
    await outbox.add('slow', 'stuck');
    await outbox.add('general', 'hello');
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['hello']));
  });

  test('written offline, it goes out in order on the next connection', async () => {
    server.connected = false;
    const { outbox } = openTab();
    for (const content of ['1', '2', '3']) await outbox.add('general', content);
    expect(server.asked).toStrictEqual([]);

    server.connected = true;
    outbox.kick(true);
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['1', '2', '3']));
  });

  test('written offline, it survives a reload with its clientId and order', async () => {
    server.connected = false;
    const before = openTab();
    const ids = [await before.outbox.add('general', '1'), await before.outbox.add('general', '2')];
    before.outbox.stop();

    server.connected = true;
    const after = openTab(await openStorage(`user-${user}`));
    await after.outbox.load();
    await vi.waitFor(() => expect(server.stored.map((row) => row.clientId)).toStrictEqual(ids));
  });

  test('what one person wrote is never sent by another', async () => {
    server.connected = false;
    await openTab().outbox.add('general', 'mine');
    server.connected = true;
    const other = openTab(await openStorage('somebody else'));
    await other.outbox.load();
    expect(other.outbox.pendingCount()).toBe(0);
    expect(server.asked).toStrictEqual([]);
  });
});

describe('answers', () => {
  test.each(['INVALID', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'] as const)(
    '%s fails it with the reason, and the next goes out',
    async (code) => {
      server.answers.push(refuse(code));
      const { outbox, rows } = openTab();
      await outbox.add('general', 'bad');
      await outbox.add('general', 'good');
      await vi.waitFor(() => expect(server.contents).toStrictEqual(['good']));
      await vi.waitFor(() => expect(rows()).toHaveLength(1));
      expect(rows()[0]).toMatchObject({ content: 'bad', state: 'failed', refusal: { code, message: `it is ${code}` } });
      expect(await storage.outbox()).toMatchObject([{ content: 'bad', state: 'failed' }]);
    },
  );

  test.each(['BUSY', 'UNAVAILABLE', 'INTERNAL', 'UNAUTHENTICATED', 'NETWORK'] as const)(
    '%s leaves it queued, and nothing overtakes it',
    async (code) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      server.answers.push(refuse(code));
      const { outbox, rows } = openTab(memoryStorage());
      await outbox.add('general', '1');
      await outbox.add('general', '2');
      await settled();
      expect(server.contents).toStrictEqual([]);
      expect(rows().map((row) => row.state)).toStrictEqual(['queued', 'queued']);

      await vi.advanceTimersByTimeAsync(1_000);
      expect(server.contents).toStrictEqual(['1', '2']);
    },
  );

  test('over a limit it waits as long as it is told', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    server.answers.push(refuse('RATE_LIMITED', 7_000));
    const { outbox } = openTab(memoryStorage());
    await outbox.add('general', '1');
    await vi.advanceTimersByTimeAsync(6_999);
    expect(server.contents).toStrictEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.contents).toStrictEqual(['1']);
  });

  test('an answer that is lost is asked for again with the same clientId', async () => {
    server.answers.push(async (row) => {
      server.store(row);
      return refuse('NETWORK')();
    });
    const { outbox } = openTab();
    await outbox.add('general', 'once');
    await vi.waitFor(() => expect(server.asked).toHaveLength(1));
    outbox.kick(true);
    await vi.waitFor(() => expect(outbox.pendingCount()).toBe(0), { timeout: 5_000 });
    expect(server.contents).toStrictEqual(['once']);
  });

  test('a new connection does not wait for an old back-off', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    server.answers.push(refuse('RATE_LIMITED', 60_000));
    const { outbox } = openTab(memoryStorage());
    await outbox.add('general', '1');
    await settled();
    outbox.kick(true);
    await settled();
    expect(server.contents).toStrictEqual(['1']);
  });
});

describe('a refused message', () => {
  test('is sent again on retry, behind what was written since', async () => {
    server.answers.push(refuse('FORBIDDEN'));
    const { outbox } = openTab();
    const clientId = await outbox.add('general', 'first');
    await outbox.add('general', 'second');
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['second']));
    await outbox.retry(clientId);
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['second', 'first']));
    expect(server.stored[1]?.clientId).toBe(clientId);
  });

  test('gets another clientId if its own stands for another text', async () => {
    server.answers.push(refuse('CONFLICT'));
    const { outbox, rows } = openTab();
    const clientId = await outbox.add('general', 'text');
    await vi.waitFor(() => expect(rows()[0]?.state).toBe('failed'));
    await outbox.retry(clientId);
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['text']));
    expect(server.stored[0]?.clientId).not.toBe(clientId);
  });

  test('is gone after a discard, also after a reload', async () => {
    server.answers.push(refuse('FORBIDDEN'));
    const { outbox, rows } = openTab();
    const clientId = await outbox.add('general', 'text');
    await vi.waitFor(() => expect(rows()[0]?.state).toBe('failed'));
    await outbox.discard(clientId);
    expect(outbox.pendingCount()).toBe(0);
    expect(await storage.outbox()).toStrictEqual([]);
  });

  test('is counted as unsent, so that signing out asks', async () => {
    server.answers.push(refuse('FORBIDDEN'));
    const { outbox, rows } = openTab();
    await outbox.add('general', 'text');
    await vi.waitFor(() => expect(rows()[0]?.state).toBe('failed'));
    expect(outbox.pendingCount()).toBe(1);
  });

  test('one discarded while it is being written down is not written down', async () => {
    server.connected = false;
    const { outbox, rows } = openTab();
    const adding = outbox.add('general', 'text');
    const clientId = rows()[0]?.clientId ?? expect.fail();
    await outbox.discard(clientId);
    await adding;
    expect(await storage.outbox()).toStrictEqual([]);
  });
});

describe('a message that is changed before it is known to be stored', () => {
  /** One whose answer waits until it is let go. */
  async function onItsWay(tab: Tab): Promise<{ clientId: string; answer: () => void }> {
    let answer = (): void => undefined;
    server.answers.push(async (row) => {
      const outcome = server.store(row);
      await new Promise<void>((resolve) => (answer = resolve));
      return outcome;
    });
    const clientId = await tab.outbox.add('general', 'first');
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['first']));
    return { clientId, answer: () => answer() };
  }

  test('is sent as it was changed where nobody was told, over a reload too', async () => {
    server.connected = false;
    const { outbox, rows } = openTab();
    const clientId = await outbox.add('general', 'first');
    expect(await outbox.change(clientId, 'second')).toBe(true);
    expect(await outbox.change(clientId, 'third')).toBe(true);
    expect(rows().map((row) => row.content)).toStrictEqual(['third']);
    outbox.stop();
    server.connected = true;
    await openTab(await openStorage(`user-${user}`)).outbox.load();
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['third']));
    expect(server.amended.size).toBe(0);
  });

  test('is gone where nobody was told and it is taken back', async () => {
    server.connected = false;
    const { outbox, rows } = openTab();
    expect(await outbox.withdraw(await outbox.add('general', 'first'))).toBe(true);
    expect(rows()).toStrictEqual([]);
    expect(await storage.outbox()).toStrictEqual([]);
  });

  test('is changed while it is being written down', async () => {
    server.connected = false;
    const { outbox, rows } = openTab();
    const adding = outbox.add('general', 'first');
    await outbox.change(rows()[0]?.clientId ?? expect.fail(), 'second');
    await adding;
    expect(await storage.outbox()).toMatchObject([{ content: 'second' }]);
  });

  test('waits for the answer that is on its way, then the change is told', async () => {
    const tab = openTab();
    const { clientId, answer } = await onItsWay(tab);
    await tab.outbox.change(clientId, 'second');
    expect(server.amended.size).toBe(0);
    answer();
    await vi.waitFor(() => expect(tab.outbox.pendingCount()).toBe(0));
    expect([...server.amended]).toStrictEqual([[clientId, 'second']]);
    expect(server.contents).toStrictEqual(['first']);
    await vi.waitFor(async () => expect(await storage.outbox()).toStrictEqual([]));
  });

  test('and taken back is deleted once it is known where it stands', async () => {
    const tab = openTab();
    const { clientId, answer } = await onItsWay(tab);
    await tab.outbox.withdraw(clientId);
    expect(tab.rows()).toMatchObject([{ withdrawn: true }]);
    answer();
    await vi.waitFor(() => expect([...server.amended]).toStrictEqual([[clientId, null]]));
    await vi.waitFor(() => expect(tab.outbox.pendingCount()).toBe(0));
  });

  test('in another tab, while it is on its way from this one, is told as well', async () => {
    const one = openTab();
    const { clientId, answer } = await onItsWay(one);
    const two = openTab(await openStorage(`user-${user}`), { connected: () => false });
    await two.outbox.load();
    await two.outbox.change(clientId, 'second');
    answer();
    await vi.waitFor(() => expect([...server.amended]).toStrictEqual([[clientId, 'second']]));
    await vi.waitFor(async () => expect(await storage.outbox()).toStrictEqual([]));
  });

  test('is stored once where its answer was lost, and the change is told', async () => {
    server.answers.push(async (row) => {
      server.store(row);
      server.connected = false;
      return refuse('NETWORK')();
    });
    const { outbox, rows } = openTab();
    const clientId = await outbox.add('general', 'first');
    await vi.waitFor(() => expect(rows()[0]?.tries).toBe(1));
    await outbox.change(clientId, 'second');
    server.connected = true;
    outbox.kick(true);
    await vi.waitFor(() => expect(outbox.pendingCount()).toBe(0));
    expect(server.contents).toStrictEqual(['first']);
    expect([...server.amended]).toStrictEqual([[clientId, 'second']]);
  });

  test('that is refused, since it was deleted elsewhere, is kept as a message of its own', async () => {
    const tab = openTab(storage, { amend: async () => refuse('NOT_FOUND')() as never });
    const { clientId, answer } = await onItsWay(tab);
    await tab.outbox.change(clientId, 'second');
    answer();
    await vi.waitFor(() => expect(tab.rows()).toMatchObject([{ content: 'second', state: 'failed' }]));
    expect(tab.rows()[0]?.clientId).not.toBe(clientId);
    await vi.waitFor(async () => expect(await storage.outbox()).toMatchObject([{ state: 'failed' }]));
  });

  test('cannot be changed any more when it is stored', async () => {
    const { outbox } = openTab();
    const clientId = await outbox.add('general', 'first');
    await vi.waitFor(() => expect(outbox.pendingCount()).toBe(0));
    expect(await outbox.change(clientId, 'second')).toBe(false);
    expect(await outbox.withdraw(clientId)).toBe(false);
  });
});

describe('two tabs', () => {
  test('send each message once to the server, without locks, in order', async () => {
    server.connected = false;
    const one = openTab();
    const two = openTab();
    for (const content of ['1', '2', '3']) await one.outbox.add('general', content);
    await two.outbox.load();
    expect(two.rows().map((row) => row.content)).toStrictEqual(['1', '2', '3']);

    server.connected = true;
    one.outbox.kick(true);
    two.outbox.kick(true);
    await vi.waitFor(() => expect(one.outbox.pendingCount() + two.outbox.pendingCount()).toBe(0));
    expect(server.contents).toStrictEqual(['1', '2', '3']);
  });

  test('that send a refused message again at once store it once', async () => {
    server.answers.push(refuse('CONFLICT'));
    const one = openTab();
    const two = openTab();
    const clientId = await one.outbox.add('general', 'hello');
    await vi.waitFor(() => expect(one.rows()[0]?.state).toBe('failed'));
    await two.outbox.load();
    await Promise.all([one.outbox.retry(clientId), two.outbox.retry(clientId)]);
    await vi.waitFor(() => expect(one.outbox.pendingCount() + two.outbox.pendingCount()).toBe(0));
    expect(server.contents).toStrictEqual(['hello']);
  });

  test('a tab that reads again loses what another tab sent, and keeps its own', async () => {
    server.connected = false;
    const one = openTab();
    const two = openTab();
    await one.outbox.add('general', 'sent by one');
    await two.outbox.load();
    const [row] = await storage.outbox();
    await storage.removeFromOutbox(row?.position ?? expect.fail());

    const adding = two.outbox.add('general', 'written in two');
    await two.outbox.load();
    await adding;
    expect(two.rows().map((one) => one.content)).toStrictEqual(['written in two']);
  });
});

describe('a browser without a database', () => {
  test('that breaks while it is used still sends', async () => {
    const broken: Storage = {
      ...memoryStorage(),
      addToOutbox: async () => Promise.reject(new Error('quota')),
      outbox: async () => Promise.reject(new Error('closed')),
    };
    const { outbox } = openTab(broken);
    await outbox.add('general', 'hello');
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['hello']));
    expect(outbox.pendingCount()).toBe(0);
  });

  test('that breaks shows a message that is sent again once', async () => {
    server.answers.push(refuse('FORBIDDEN'));
    const full: Storage = { ...storage, moveToEnd: async () => Promise.reject(new Error('quota')) };
    const { outbox, rows } = openTab(full);
    const clientId = await outbox.add('general', 'hello');
    await vi.waitFor(() => expect(rows()[0]?.state).toBe('failed'));
    server.connected = false;
    void outbox.retry(clientId);
    await outbox.load();
    await settled();
    expect(rows().map((row) => [row.clientId, row.state])).toStrictEqual([[clientId, 'queued']]);
  });

  test('that breaks has a message safe only when the server stored it', async () => {
    server.connected = false;
    const full: Storage = { ...memoryStorage(), addToOutbox: async () => Promise.reject(new Error('quota')) };
    const { outbox } = openTab(full);
    let isSafe = false;
    const added = outbox.add('general', 'hello').then(() => (isSafe = true));
    await outbox.load();
    await settled();
    expect(isSafe).toBe(false);
    server.connected = true;
    outbox.kick(true);
    await added;
    expect(server.contents).toStrictEqual(['hello']);
  });

  test('that is made anew gets everything that waits here, and has it safe', async () => {
    server.connected = false;
    let isBroken = false;
    const memory = memoryStorage();
    const breaking: Storage = {
      ...memory,
      addToOutbox: (row) => (isBroken ? Promise.reject(new Error('closed')) : memory.addToOutbox(row)),
    };
    const { outbox, rows } = openTab(breaking);
    await outbox.add('general', 'before');
    isBroken = true;
    let isSafe = false;
    void outbox.add('general', 'meanwhile').then(() => (isSafe = true));
    await settled();
    await memory.clear();
    isBroken = false;
    outbox.rewrite();
    await outbox.load();
    expect(rows().map((row) => row.content)).toStrictEqual(['before', 'meanwhile']);
    expect((await memory.outbox()).map((row) => row.content)).toStrictEqual(['before', 'meanwhile']);
    expect(isSafe).toBe(true);
  });

  test('that has none keeps things in memory', async () => {
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('denied', 'SecurityError');
      },
    });
    const opened = await openStorage('private window');
    vi.unstubAllGlobals();
    expect(opened.durable).toBe(false);
    await openTab(opened).outbox.add('general', 'hello');
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['hello']));
  });
});

/** Lets everything that waits for nothing outside run to its end. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
}
