import 'fake-indexeddb/auto';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import * as http from '../net/http';
import { done, failed, unreachable } from '../net/outcome';
import type { Meta } from '../protocol';
import { useChannelsStore } from './channels';
import { useConnectionStore } from './connection';
import { usePeopleStore } from './people';
import { rememberSelf } from './remembered';
import { ben, FakeLink, FakeServer } from './server.fixture';
import { useSessionStore } from './session';
import { useTimelinesStore } from './timelines';

vi.mock('../net/link', async () => ({ Link: (await import('./server.fixture')).FakeLink }));
vi.mock('../net/http', { spy: true });

const meta: Meta = {
  name: 'Hearth',
  version: '1',
  webBuild: 'a',
  signup: 'open',
  empty: false,
  setupCode: false,
  members: null,
  signedIn: true,
};
const nobody = failed({ code: 'UNAUTHENTICATED' as const, message: '', fields: {}, retryAfterMs: null });
let server: FakeServer;
let attentive = true;

/** What a tab has when its page is (re)loaded: new stores, the same browser. */
async function openTab(): Promise<void> {
  setActivePinia(createPinia());
  await useSessionStore().start();
}

async function closeTab(): Promise<void> {
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(new Event('pagehide'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  server.link?.stop();
}

function show(channelId: string) {
  useChannelsStore().open(channelId);
  return {
    rows: () => useTimelinesStore().view(channelId).rows,
    view: () => useTimelinesStore().view(channelId),
    seqs: () =>
      useTimelinesStore()
        .view(channelId)
        .rows.map((row) => row.seq),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

beforeEach(() => {
  server = new FakeServer();
  FakeLink.server = server;
  attentive = true;
  localStorage.clear();
  vi.mocked(http.fetchSelf).mockImplementation(async () => done(server.ada));
  vi.mocked(http.fetchMeta).mockImplementation(async () => done(meta));
  vi.mocked(http.logOut).mockImplementation(async () => done(null));
  vi.spyOn(document, 'hasFocus').mockImplementation(() => attentive);
});

afterEach(async () => {
  await useSessionStore().logOut({ discardUnsent: true });
});

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
    expect(usePeopleStore().byId('ben')?.isOnline).toBe(true);
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

describe('unread', () => {
  test('in one channel makes no other item anew', async () => {
    server.add('general');
    server.add('other');
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().channels).toHaveLength(2));
    const [general, other] = useChannelsStore().channels;
    server.says('general');
    expect(useChannelsStore().channels[0]).not.toBe(general);
    expect(useChannelsStore().channels[1]).toBe(other);
  });

  test('counts what others write, and reading the end clears it', async () => {
    server.add('general', 1);
    server.add('other');
    server.marks.set('general', 1);
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    server.says('general');
    server.says('general');
    expect(useChannelsStore().byId('general')).toMatchObject({ unread: 2, lamp: true });
    expect(useChannelsStore().totalUnread).toBe(2);

    show('general');
    useTimelinesStore().reading('general', true);
    await vi.waitFor(() => expect(useChannelsStore().byId('general')?.unread).toBe(0), { timeout: 3_000 });
    await vi.waitFor(() => expect(server.marks.get('general')).toBe(3));
  });

  test('is cleared by reading on another device', async () => {
    server.add('general', 4);
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().byId('general')?.unread).toBe(4));
    server.tell({ name: 'message:read', data: { channelId: 'general', marks: { [server.ada.id]: '4', ben: '2' } } });
    expect(useChannelsStore().byId('general')?.unread).toBe(0);
  });

  test('an own message makes no divider, one that nobody looked at does, and it stays', async () => {
    server.add('general', 2);
    server.marks.set('general', 2);
    await openTab();
    const { view } = show('general');
    await vi.waitFor(() => expect(view().ready).toBe(true));
    useTimelinesStore().reading('general', true);

    await useTimelinesStore().send('general', 'mine');
    await vi.waitFor(() => expect(view().headSeq).toBe(3));
    server.says('general');
    expect(view().dividerAfter).toBeNull();
    await vi.waitFor(() => expect(view().readUpTo).toBe(4), { timeout: 3_000 });

    attentive = false;
    server.says('general');
    expect(view().dividerAfter).toBe(4);
    attentive = true;
    window.dispatchEvent(new Event('focus'));
    await vi.waitFor(() => expect(view().readUpTo).toBe(5), { timeout: 3_000 });
    expect(view().dividerAfter).toBe(4);
  });
});

describe('a divider', () => {
  test('stands above what was missed, but not above what was read on another device or written by oneself', async () => {
    const general = server.add('general', 1);
    server.marks.set('general', 1);
    await openTab();
    const { view, seqs } = show('general');
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1]));

    server.cut();
    general.send('ben');
    general.send(server.ada.id, 'from another device');
    server.marks.set('general', 3);
    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1, 2, 3]));
    expect(view().dividerAfter).toBeNull();

    server.cut();
    general.send('ben');
    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1, 2, 3, 4]));
    expect(view().dividerAfter).toBe(3);
  });

  /** Leaves the newest messages of a channel in the browser, with more unread than is kept, and comes back offline. */
  async function backWithMoreUnreadThanKept(unread = 110) {
    server.add('general', 10);
    server.marks.set('general', 10);
    await openTab();
    await vi.waitFor(() => expect(show('general').seqs()).toStrictEqual(range(1, 10)));
    useChannelsStore().open(null);
    for (let missed = 0; missed < unread; missed++) server.says('general');
    await closeTab();
    server.up = false;
    await openTab();
    const shown = show('general');
    expect(shown.seqs()).toStrictEqual(range(unread - 39, unread + 10));
    useTimelinesStore().reading('general', true);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(shown.view()).toMatchObject({ readUpTo: 10, dividerAfter: 10 });
    return shown;
  }

  test('above what is kept is loaded once the server is there, and nothing counts as read before that', async () => {
    const { view, seqs } = await backWithMoreUnreadThanKept();
    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual(range(1, 120)));
    expect(view()).toMatchObject({ readUpTo: 10, dividerAfter: 10, ready: true });
    await vi.waitFor(() => expect(server.marks.get('general')).toBe(120), { timeout: 3_000 });
  });

  test('far above what is kept is gone to once the server is there', async () => {
    const { view, seqs } = await backWithMoreUnreadThanKept(250);
    server.mend();
    await vi.waitFor(() => expect(seqs()).toContain(11));
    expect(view()).toMatchObject({ readUpTo: 10, dividerAfter: 10, hasNewer: true });
  });

  test('above what is kept is not loaded if that was read on another device meanwhile', async () => {
    const { view, seqs } = await backWithMoreUnreadThanKept();
    server.marks.set('general', 120);
    server.mend();
    await vi.waitFor(() => expect(view()).toMatchObject({ readUpTo: 120, dividerAfter: null }));
    expect(seqs()).toStrictEqual(range(71, 120));
  });

  test('above what is kept does not hold up whoever goes to the end', async () => {
    const { view } = await backWithMoreUnreadThanKept();
    await useTimelinesStore().jumpToEnd('general');
    await vi.waitFor(() => expect(view().readUpTo).toBe(120), { timeout: 3_000 });
  });
});

describe('a lost connection', () => {
  test('is said after two seconds', async () => {
    await openTab();
    const connection = useConnectionStore();
    await vi.waitFor(() => expect(connection.status).toBe('online'));
    server.cut();
    expect(connection).toMatchObject({ status: 'offline', bannerVisible: false });
    await vi.waitFor(() => expect(connection.bannerVisible).toBe(true), { timeout: 4_000 });
    server.mend();
    expect(connection).toMatchObject({ status: 'online', bannerVisible: false });
  });

  test('loses nothing: what was missed comes in every channel, new ones too', async () => {
    const general = server.add('general', 1);
    await openTab();
    const { seqs } = show('general');
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1]));
    server.cut();
    general.send('ben');
    server.add('new', 3);
    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1, 2]));
    expect(useChannelsStore().byId('new')?.unread).toBe(3);
  });

  test('more than can be told: begins anew at the end', async () => {
    const general = server.add('general', 10);
    server.marks.set('general', 10);
    await openTab();
    const { view, seqs } = show('general');
    await vi.waitFor(() => expect(seqs()).toStrictEqual(range(1, 10)));
    server.cut();
    for (let missed = 0; missed < 400; missed++) general.send('ben');
    server.mend();
    await vi.waitFor(() => expect(view().headSeq).toBe(410));
    await vi.waitFor(() => expect(view().rows.length).toBeGreaterThan(0));
    expect(view().dividerAfter).toBe(10);
    expect(seqs()).toContain(11);
  });
});

describe('the session', () => {
  test('does not end without asking while something is unsent; then nothing is left', async () => {
    server.add('general');
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    server.cut();
    await useTimelinesStore().send('general', 'unsent');
    useChannelsStore().setDraft('general', 'half a');
    const session = useSessionStore();
    expect(await session.logOut()).toStrictEqual({ done: false, unsent: 1 });
    expect(session.state).toBe('signed-in');

    expect(await session.logOut({ discardUnsent: true })).toStrictEqual({ done: true });
    expect(session.state).toBe('signed-out');
    await openTab();
    expect(useTimelinesStore().view('general').rows).toStrictEqual([]);
    expect(useChannelsStore().draft('general')).toBe('');
  });

  test('that was ended elsewhere ends here when the connection is refused, and keeps what was written', async () => {
    server.add('general', 1);
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    server.cut();
    await useTimelinesStore().send('general', 'unsent');
    vi.mocked(http.fetchSelf).mockImplementation(async () => nobody);
    expect(await server.link?.ports.isOver()).toBe(true);
    expect(useSessionStore().state).toBe('signed-out');

    vi.mocked(http.fetchSelf).mockImplementation(async () => done(server.ada));
    server.up = true;
    await openTab();
    const { rows } = show('general');
    await vi.waitFor(() => expect(rows().map((row) => [row.content, row.state])).toContainEqual(['unsent', 'sent']));
  });

  test('goes on when the server cannot tell', async () => {
    await openTab();
    vi.mocked(http.fetchSelf).mockImplementation(async () => failed(unreachable('down')));
    expect(await server.link?.ports.isOver()).toBe(false);
    expect(useSessionStore().state).toBe('signed-in');
  });

  test('sends nothing over a connection that is somebody else’s', async () => {
    server.add('general');
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    server.cut();
    await useTimelinesStore().send('general', 'by ada');
    // In another tab ben signs in: this browser's cookie is his.
    const other = { ...server.ada, id: 'ben', username: 'ben' };
    rememberSelf(other);
    vi.mocked(http.fetchSelf).mockImplementation(async () => done(other));
    server.mend();
    await vi.waitFor(() => expect(useSessionStore().self?.id).toBe('ben'));
    expect(server.asked).not.toContain('message:send');
  });

  test('ended without a connection is ended when there is one, before anybody is let in', async () => {
    await openTab();
    vi.mocked(http.logOut).mockImplementation(async () => failed(unreachable('down')));
    await useSessionStore().logOut();
    let over = false;
    vi.mocked(http.logOut).mockImplementation(async () => {
      over = true;
      return done(null);
    });
    vi.mocked(http.fetchSelf).mockImplementation(async () => (over ? nobody : done(server.ada)));
    await openTab();
    expect(useSessionStore().state).toBe('signed-out');
  });
});
