import 'fake-indexeddb/auto';
import { describe, expect, test, vi } from 'vitest';

import { openAgain, openTab, refuse, serveEachTest, server, storage, type Tab } from './tab.fixture';

serveEachTest();

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
    await openTab(await openAgain()).outbox.load();
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
    const two = openTab(await openAgain(), { connected: () => false });
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

  test('and changed back is told so, since the server may have heard the change between', async () => {
    const heard: string[] = [];
    const tab = openTab(storage, {
      amend: async (row) => {
        heard.push(row.content);
        if (heard.length > 1) return server.amend(row);
        server.connected = false;
        return refuse('NETWORK')() as never;
      },
    });
    const { clientId, answer } = await onItsWay(tab);
    await tab.outbox.change(clientId, 'second');
    answer();
    await vi.waitFor(() => expect(tab.rows()[0]?.tries).toBe(1));
    await tab.outbox.change(clientId, 'first');
    server.connected = true;
    tab.outbox.kick(true);
    await vi.waitFor(() => expect(tab.outbox.pendingCount()).toBe(0));
    expect(heard).toStrictEqual(['second', 'first']);
  });

  test('shows what is stored where its change is refused', async () => {
    const shown: string[] = [];
    const tab = openTab(storage, {
      amend: async () => refuse('FORBIDDEN')() as never,
      sent: (row) => shown.push(row.content),
    });
    const { clientId, answer } = await onItsWay(tab);
    await tab.outbox.change(clientId, 'second');
    answer();
    await vi.waitFor(() => expect(tab.rows()).toMatchObject([{ content: 'second', state: 'failed' }]));
    await vi.waitFor(() => expect(shown).toStrictEqual(['first']));
  });

  test.each(['change', 'withdraw'] as const)('says so where it cannot be written down: %s', async (what) => {
    const { outbox, rows } = openTab({ ...storage, updateOutbox: () => Promise.reject(new Error('full')) });
    server.answers.push(() => new Promise(() => undefined));
    const clientId = await outbox.add('general', 'first');
    await vi.waitFor(() => expect(server.asked).toStrictEqual(['first']));
    expect(await (what === 'change' ? outbox.change(clientId, 'second') : outbox.withdraw(clientId))).toBe(false);
    expect(rows()).toMatchObject([{ content: 'first' }]);
    expect(rows()[0]?.withdrawn).toBeFalsy();
  });

  test('and taken back when it was refused is gone, in another tab as well', async () => {
    server.connected = false;
    const one = openTab();
    const clientId = await one.outbox.add('general', 'first');
    const [row] = await storage.outbox();
    await storage.updateOutbox(row?.position ?? 0, { tries: 1 });
    const two = openTab(await openAgain(), { saved: () => undefined });
    await two.outbox.load();
    // Refused here, which the other tab does not know yet.
    await storage.updateOutbox(row?.position ?? 0, { state: 'failed', refusal: { code: 'FORBIDDEN', message: '' } });
    expect(await two.outbox.withdraw(clientId)).toBe(true);
    await one.outbox.load();
    server.answers.push(refuse('FORBIDDEN'));
    server.connected = true;
    one.outbox.kick(true);
    await vi.waitFor(() => expect(one.outbox.pendingCount()).toBe(0));
    expect(await storage.outbox()).toStrictEqual([]);
  });

  test('cannot be changed any more when it is stored', async () => {
    const { outbox } = openTab();
    const clientId = await outbox.add('general', 'first');
    await vi.waitFor(() => expect(outbox.pendingCount()).toBe(0));
    expect(await outbox.change(clientId, 'second')).toBe(false);
    expect(await outbox.withdraw(clientId)).toBe(false);
  });
});
