import 'fake-indexeddb/auto';
import { describe, expect, test, vi } from 'vitest';

import type { Outcome } from '../net/outcome';
import { memoryStorage } from './memory';
import type { Receipt } from './outbox';
import { openStorage, type Storage } from './storage';
import { openAgain, openTab, refuse, serveEachTest, server, storage } from './tab.fixture';

serveEachTest();

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
    const after = openTab(await openAgain());
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

  test('that is made anew without room for what waits here does not take it away', async () => {
    server.connected = false;
    const memory = memoryStorage();
    const full = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
    const { outbox, rows } = openTab({ ...memory, restoreOutbox: full });
    await outbox.add('general', 'first');
    await outbox.add('general', 'second');
    await memory.clear();
    // Something else is being read just then.
    const busy = outbox.load();
    outbox.rewrite();
    await busy;
    await outbox.load();
    await settled();
    await outbox.load();
    expect(rows().map((row) => row.content)).toStrictEqual(['first', 'second']);
    server.connected = true;
    outbox.kick(true);
    await vi.waitFor(() => expect(server.contents).toStrictEqual(['first', 'second']));
  });

  test('that is made anew and lost once more does not write anything twice', async () => {
    server.connected = false;
    const memory = memoryStorage();
    let isLost = true;
    const restoreOutbox: Storage['restoreOutbox'] = (given) =>
      isLost ? Promise.reject(new DOMException('closed', 'InvalidStateError')) : memory.restoreOutbox(given);
    const lost: Storage = { ...memory, restoreOutbox };
    const tabs = [openTab(lost), openTab(lost)];
    await tabs[0]?.outbox.add('general', 'first');
    await tabs[1]?.outbox.load();
    await memory.clear();
    for (const { outbox } of tabs) outbox.rewrite();
    await settled();
    isLost = false;
    for (const { outbox } of tabs) outbox.rewrite();
    await settled();
    for (const { outbox, rows } of tabs) {
      await outbox.load();
      expect(rows().map((row) => row.content)).toStrictEqual(['first']);
    }
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
