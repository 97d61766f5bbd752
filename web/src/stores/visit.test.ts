import 'fake-indexeddb/auto';
import { describe, expect, test, vi } from 'vitest';

import { openStorage } from '../outbox/storage';
import { useChannelsStore } from './channels';
import { usePeopleStore } from './people';
import { ben } from './server.fixture';
import { useSessionStore } from './session';
import { closeTab, openTab, range, serveEachTest, server, show } from './tab.fixture';
import { useTimelinesStore } from './timelines';

vi.mock('../net/link', async () => ({ Link: (await import('./server.fixture')).FakeLink }));
vi.mock('../net/http', { spy: true });

serveEachTest();

describe('a visit', () => {
  test('lists channels by name and directs by their people', async () => {
    server.add('zoo');
    server.add('General');
    server.add('d', 0, { name: null, direct: true, type: 'private', users: ['ben'] });
    await openTab();
    const channels = useChannelsStore();
    await vi.waitFor(() => expect(channels.loaded).toBe(true));
    expect(channels.channels.map((item) => item.title)).toStrictEqual(['General', 'zoo']);
    await vi.waitFor(() => expect(channels.directs.map((item) => item.title)).toStrictEqual([ben.displayName]));
    expect(usePeopleStore().presence('ben')).toBe(true);
  });

  test('opens at the end when everything is read, and loads the rest by pages', async () => {
    server.add('general', 120);
    server.marks.set('general', 120);
    await openTab();
    const { view, seqs } = show('general');
    await vi.waitFor(() => expect(seqs()).toStrictEqual(range(71, 120)));
    expect(view()).toMatchObject({ ready: true, atStart: false, hasNewer: false, dividerAfter: null });

    await useTimelinesStore().loadOlder('general');
    await useTimelinesStore().loadOlder('general');
    expect(seqs()).toStrictEqual(range(1, 120));
    expect(view().atStart).toBe(true);
  });

  test('opens at the divider, with what stands above it', async () => {
    server.add('general', 150);
    server.marks.set('general', 60);
    await openTab();
    const { view, seqs } = show('general');
    await vi.waitFor(() => expect(view().ready).toBe(true));
    expect(view().dividerAfter).toBe(60);
    expect(seqs()[0]).toBeLessThanOrEqual(50);
    expect(seqs().at(-1)).toBe(150);
  });

  test('opens at a message that a link leads to, however far, and says of none that is not there', async () => {
    server.add('general', 1_000);
    await openTab();
    const channels = useChannelsStore();
    const { view, seqs } = show('general');
    channels.open('general', 300);
    await vi.waitFor(() => expect(view().visit).toStrictEqual({ seq: 300, found: true }));
    expect(seqs()).toStrictEqual(range(251, 350));
    expect(view()).toMatchObject({ ready: true, hasOlder: true, hasNewer: true });

    channels.open('general', 1_001);
    await vi.waitFor(() => expect(view().visit).toStrictEqual({ seq: 1_001, found: false }));
    expect(seqs().at(-1)).toBe(1_000);
    channels.open('general', 0);
    await vi.waitFor(() => expect(view().visit).toStrictEqual({ seq: 0, found: false }));
    channels.open('general');
    expect(view().visit).toBeNull();
  });

  test('a link to a message that is not known yet waits for it', async () => {
    server.add('general', 30);
    await openTab();
    const { view, seqs } = show('general');
    await vi.waitFor(() => expect(view().ready).toBe(true));
    server.cut();
    for (let said = 0; said < 100; said++) server.channels.get('general')?.send('ben');
    useChannelsStore().open('general', 90);
    expect(view()).toMatchObject({ ready: true, visit: null });
    server.mend();
    await vi.waitFor(() => expect(view().visit).toStrictEqual({ seq: 90, found: true }));
    expect(seqs()).toContain(90);
  });

  test('far behind, opens around the divider and goes on from there', async () => {
    server.add('general', 1_000);
    server.marks.set('general', 400);
    await openTab();
    const { view, seqs } = show('general');
    await vi.waitFor(() => expect(view().ready).toBe(true));
    expect(seqs()).toStrictEqual(range(351, 450));
    expect(view()).toMatchObject({ hasOlder: true, hasNewer: true });

    for (let pages = 0; pages < 6; pages++) await useTimelinesStore().loadNewer('general');
    expect(seqs()).toStrictEqual(range(451, 750));
    await useTimelinesStore().jumpToEnd('general');
    expect(seqs()).toStrictEqual(range(951, 1_000));
  });

  test('again shows at once what was there, without the server', async () => {
    const general = server.add('general', 3);
    server.marks.set('general', 3);
    await openTab();
    await vi.waitFor(() => expect(show('general').seqs()).toStrictEqual([1, 2, 3]));
    await closeTab();

    server.up = false;
    general.send('ben');
    await openTab();
    expect(useChannelsStore().byId('general')?.title).toBe('general');
    const { seqs } = show('general');
    expect(seqs()).toStrictEqual([1, 2, 3]);

    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1, 2, 3, 4]));
  });

  test('again names whoever is seen there, without the server, by the last name that was told', async () => {
    server.add('general', 3);
    server.add('d', 0, { name: null, direct: true, type: 'private', users: ['ben'] });
    await openTab();
    await vi.waitFor(() => expect(usePeopleStore().byId('ben')?.displayName).toBe('Ben'));
    server.tell({ name: 'user:updated', data: { id: 'ben', username: 'ben', displayName: 'Benedict' } });
    await closeTab();

    server.up = false;
    await openTab();
    const people = usePeopleStore();
    expect(useChannelsStore().directs.map((item) => item.title)).toStrictEqual(['Benedict']);
    expect(people.byId(server.ada.id)?.displayName).toBe('Ada');
    expect(people.presence('ben')).toBeNull();

    server.mend();
    await vi.waitFor(() => expect(people.byId('ben')?.displayName).toBe('Ben'));
    expect(people.presence('ben')).toBe(true);
  });

  test('again remembers nobody who is seen there no more, and nothing after signing out', async () => {
    const general = server.add('general', 1);
    await openTab();
    await vi.waitFor(() => expect(show('general').seqs()).toStrictEqual([1]));
    await vi.waitFor(() => expect(usePeopleStore().byId('ben')?.displayName).toBe('Ben'));
    await closeTab();
    const names = async () => (await openStorage(server.ada.id)).people();
    expect(await names()).toMatchObject([{ id: 'ben' }]);

    await openTab();
    await vi.waitFor(() => expect(show('general').seqs()).toStrictEqual([1]));
    for (let said = 0; said < 60; said++) server.says('general', server.ada.id);
    expect(general.head.seq).toBe(61);
    await closeTab();
    await openTab();
    await vi.waitFor(async () => expect(await names()).not.toContainEqual(expect.objectContaining({ id: 'ben' })));

    await useSessionStore().logOut({ discardUnsent: true });
    expect(await names()).toStrictEqual([]);
  });
});

describe('writing', () => {
  test('is shown at once, and stays the same row when it is stored', async () => {
    server.add('general', 1);
    await openTab();
    const { rows } = show('general');
    await vi.waitFor(() => expect(rows()).toHaveLength(1));

    const sending = useTimelinesStore().send('general', 'hello');
    await vi.waitFor(() => expect(rows()[1]).toMatchObject({ content: 'hello' }));
    const key = rows()[1]?.key;
    await sending;
    await vi.waitFor(() => expect(rows()[1]).toMatchObject({ state: 'sent', seq: 2, key }));
    expect(rows()).toHaveLength(2);
  });

  test('without a connection stays pending, over a reload too, and is sent once', async () => {
    server.add('general', 1);
    await openTab();
    await vi.waitFor(() => expect(show('general').rows()).toHaveLength(1));
    server.cut();
    await useTimelinesStore().send('general', 'one');
    await useTimelinesStore().send('general', 'two');
    await closeTab();

    await openTab();
    const { rows } = show('general');
    expect(rows().map((row) => [row.content, row.state])).toStrictEqual([
      ['message 1', 'sent'],
      ['one', 'pending'],
      ['two', 'pending'],
    ]);
    server.mend();
    await vi.waitFor(() => expect(rows().map((row) => row.state)).toStrictEqual(['sent', 'sent', 'sent']));
    expect(
      server.channels
        .get('general')
        ?.current()
        .map((row) => row.content),
    ).toStrictEqual(['message 1', 'one', 'two']);
  });

  test('that is refused says why, and can be sent again', async () => {
    server.add('general', 1);
    await openTab();
    const { rows } = show('general');
    await vi.waitFor(() => expect(rows()).toHaveLength(1));
    server.refusals.set('message:send', { code: 'FORBIDDEN', message: 'read only', fields: {}, retryAfterMs: null });
    const clientId = await useTimelinesStore().send('general', 'hello');
    await vi.waitFor(() =>
      expect(rows()[1]).toMatchObject({ state: 'failed', refusal: { code: 'FORBIDDEN', message: 'read only' } }),
    );

    server.refusals.clear();
    await useTimelinesStore().retry(clientId);
    await vi.waitFor(() => expect(rows()[1]).toMatchObject({ state: 'sent', seq: 2 }));
  });
});
